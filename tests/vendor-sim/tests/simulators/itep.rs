//! iTEP's side.

use serde_json::{Value, json};

use crate::world::{World, call, gtx, read};

const GET: &str = "X-Sim-Get";
const SEND: &str = "X-Sim-Send";

#[tokio::test]
async fn a_signed_request_buys_the_next_test_in_stock() {
    let world = World::stocked("GTX-Academic-Plus", &["3279B035APR", "3280B036APR"]).await;
    let first = read(&world.buy(GET, &gtx("res_1")).await.unwrap());
    let second = read(&world.buy(GET, &gtx("res_2")).await.unwrap());
    assert_eq!((&first["status"], &first["test-id"]), (&json!("ok"), &json!("3279B035APR")));
    assert_eq!(second["test-id"], "3280B036APR");
    let ledger = world.itep_ledger().await;
    let sale = &ledger["sales"][0];
    assert_eq!(sale["reservation_id"], "res_1");
    assert_eq!(sale["reference"], "3279B035APR");
    assert_eq!(sale["password"], first["password"]);
    assert_eq!((&sale["status"], &sale["answered"]), (&json!("Ready"), &json!("200")));
}

#[tokio::test]
async fn a_replayed_request_is_refused() {
    let world = World::stocked("GTX-Academic-Plus", &["A", "B"]).await;
    assert_eq!(world.buy(GET, &gtx("res_1")).await.unwrap().status, 200);
    let again = world.buy(GET, &gtx("res_1")).await.unwrap();
    assert_eq!((again.status.as_u16(), &read(&again)["code"]), (409, &json!("REPLAY")));
    let ledger = world.itep_ledger().await;
    assert_eq!(ledger["sales"].as_array().unwrap().len(), 1);
    assert_eq!(ledger["calls"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_missing_or_wrong_signature_is_refused() {
    let world = World::stocked("GTX-Academic-Plus", &["A"]).await;
    let url = format!("{}/requests/ecommerce_webhook.php", world.sim.itep_url());
    for headers in [vec![], vec![(GET, "00ff")], vec![("X-Other", "00ff")]] {
        let got = call("POST", &url, &headers, gtx("res_1")).await.unwrap();
        assert_eq!((got.status.as_u16(), &read(&got)["code"]), (401, &json!("BAD_SIGNATURE")));
    }
    let all = read(&world.itep("GET", "/_sim/ledger", json!({})).await);
    assert_eq!(all["calls"][0]["account"], Value::Null);
    assert_eq!(all["sales"], json!([]));
}

#[tokio::test]
async fn pretty_json_and_what_is_no_json_are_refused() {
    let world = World::stocked("GTX-Academic-Plus", &["A"]).await;
    let pretty = gtx("res_1").replace("\",", "\",\n");
    let nested = r#"{"product-code":"GTX-Academic-Plus","registration":"{"}"#;
    for body in [pretty.as_str(), "{", "[]", "{}", nested] {
        let got = world.buy(GET, body).await.unwrap();
        assert_eq!((got.status.as_u16(), &read(&got)["code"]), (400, &json!("MALFORMED")), "{body}");
    }
}

#[tokio::test]
async fn unknown_products_and_an_empty_stock_are_refused() {
    let world = World::start().await;
    let unknown = world.buy(GET, &gtx("res_1")).await.unwrap();
    assert_eq!((unknown.status.as_u16(), &read(&unknown)["code"]), (422, &json!("UNKNOWN_PRODUCT")));
    world.stock("GTX-Academic-Plus", &[]).await;
    let out = world.buy(GET, &gtx("res_1")).await.unwrap();
    assert_eq!((out.status.as_u16(), &read(&out)["code"]), (200, &json!("OUT_OF_TESTS")));
    let more = json!({"product": "GTX-Academic-Plus", "count": 2});
    world.itep("PUT", "/_sim/accounts/default/stock", more).await;
    assert_eq!(read(&world.buy(GET, &gtx("res_1")).await.unwrap())["status"], "ok");
}

#[tokio::test]
async fn an_stx_product_needs_an_email_and_its_own_header_and_reaches_the_mailbox() {
    let world = World::stocked("STX-Academic-Plus", &["A"]).await;
    let bare = json!({"product-code": "STX-Academic-Plus", "track": "RC"}).to_string();
    let code = |received| read(&received)["code"].clone();
    assert_eq!(code(world.buy(SEND, &bare).await.unwrap()), "EMAIL_REQUIRED");
    let body = json!({"product-code": "STX-Academic-Plus", "email": "ann@example.com"}).to_string();
    assert_eq!(code(world.buy(GET, &body).await.unwrap()), "WRONG_HEADER");
    assert_eq!(world.buy(SEND, &body).await.unwrap().status, 200);
    let mails = read(&world.itep("GET", "/_sim/mailbox?account=default", json!({})).await);
    assert_eq!((&mails["mails"][0]["to"], &mails["mails"][0]["test_id"]), (&json!("ann@example.com"), &json!("A")));
}

#[tokio::test]
async fn the_documents_own_example_breaks_the_rules_and_a_corrected_one_is_sold() {
    let world = World::stocked("STX-Academic-Plus", &["A"]).await;
    let example = |birthday: &str, field: &str| {
        let registration = json!({"Last_Name": "Poppins", "Birthday": birthday, "Field_Of_Study": field});
        json!({"product-code": "STX-Academic-Plus", "email": "candidate@example.com", "track": "RC",
            "assigned-to": json!({"reservation_id": "res_9"}).to_string(),
            "registration": registration.to_string()})
        .to_string()
    };
    let message = |received| read(&received)["message"].clone();
    let refused = world.buy(SEND, &example("1955-07-08", "Biology")).await.unwrap();
    assert_eq!(message(refused), "Out of range Birth Day [1955].");
    let refused = world.buy(SEND, &example("8-7-1955", "Biology")).await.unwrap();
    assert_eq!((refused.status.as_u16(), message(refused)), (422, json!("Invalid Study Field [Biology].")));
    let sold = world.buy(SEND, &example("7/8/1955", "Science")).await.unwrap();
    assert_eq!(read(&sold)["status"], "ok");
    assert_eq!(world.itep_ledger().await["sales"][0]["reservation_id"], "res_9");
}

#[tokio::test]
async fn a_graded_test_is_told_as_in_the_documents_sample() {
    let world = World::stocked("GTX-Academic-Plus", &["3279B035APR"]).await;
    let body = json!({"product-code": "GTX-Academic-Plus", "track": "RC"}).to_string();
    world.buy(GET, &body).await.unwrap();
    let told = world.itep_test("3279B035APR", "grade", json!({})).await;
    assert_eq!(told["status"], "Complete");
    assert_eq!((&told["webhook"]["sent"], &told["webhook"]["status"]), (&json!(true), &json!(204)));
    let request = world.inbox.all().remove(0);
    let (_, rest) = request.split_once("boundary=").unwrap();
    let (boundary, _) = rest.split_once("\r\n").unwrap();
    let digits = boundary.strip_prefix(&"-".repeat(24)).unwrap();
    assert!(digits.len() == 16 && digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
    assert_eq!(request.replace(boundary, "<boundary>"), snapshot(&world, boundary));
}

fn snapshot(world: &World, boundary: &str) -> String {
    let host = world.inbox.url("").replace("http://", "");
    let sample = concat!(
        r#"{ "OID": "", "TestID": "3279B035APR", "Duration": "67.5", "TestDate": "6/10/2024", "#,
        r#""TestMonth": "6", "TestDay": "10", "TestYear": "2024", "score_report_url": "#,
        r#""https://www.iteptest.com/reports/ScoreReport.php?p=8bee14e7f73fc44d9db69ff8bccfe36aAfcvq", "#,
        r#""Overall_Level": "4.5", "Overall_cefr": "C1", "Grammar_Level": "3.5", "#,
        r#""Grammar_Score": "68", "Grammar_Percent": "72", "Grammar_cefr": "B2", "#,
        r#""Listening_Level": "5.0", "Listening_Score": "87", "Listening_Percent": "86", "#,
        r#""Listening_cefr": "C1", "Reading_Level": "6.0", "Reading_Score": "100", "#,
        r#""Reading_Percent": "100", "Reading_cefr": "C2", "Writing_Level": "4.0", "#,
        r#""Writing_Score": "77", "Writing_Percent": "67", "Writing_cefr": "B2", "#,
        r#""Writing_Question_Count": 2, "Writing_Question_1": "", "Writing_Answer_1": "", "#,
        r#""Writing_Question_2": "", "Writing_Answer_2": "", "Speaking_Level": "4.0", "#,
        r#""Speaking_Score": "77", "Speaking_Percent": "67", "Speaking_cefr": "B2", "#,
        r#""Status": "Complete" }"#,
    );
    let body =
        format!("--<boundary>\r\nContent-Disposition: form-data; name=\"data\"\r\n\r\n{sample}\r\n--<boundary>--\r\n");
    let length = body.len() + 2 * (boundary.len() - "<boundary>".len());
    let head = format!(
        "POST /itep HTTP/1.1\r\nHost: {host}\r\nAccept: */*\r\nAuthorization: Bearer hub\r\n\
         Content-Type: multipart/form-data; boundary=<boundary>\r\nContent-Length: {length}\r\n\r\n"
    );
    head + &body
}

#[tokio::test]
async fn each_state_is_told_as_the_document_says_with_scores_only_when_complete() {
    let world = World::stocked("GTX-Academic-Plus", &["A"]).await;
    world.buy(GET, &gtx("res_1")).await.unwrap();
    let started = world.itep_test("A", "start", json!({})).await;
    assert_eq!((&started["status"], &started["webhook"]["sent"]), (&json!("Incomplete"), &json!(false)));
    for (verb, status) in [
        ("finish", "Finished"),
        ("review", "Review"),
        ("problem", "Problem"),
        ("grade", "Complete"),
        ("invalidate", "Invalidated"),
        ("reset", "Ready"),
    ] {
        assert_eq!(world.itep_test("A", verb, json!({})).await["status"], status);
        let body = world.inbox.bodies().pop().unwrap();
        let data: Value = serde_json::from_str(body.lines().nth(3).unwrap()).unwrap();
        assert_eq!((&data["Status"], &data["OID"]), (&json!(status), &json!("res_1")));
        assert_eq!(data.get("Grammar_Level").is_some(), status == "Complete");
        assert_eq!(data["Overall_Level"] == "", status != "Complete");
        assert_eq!(data["TestDate"] == "", status == "Ready");
    }
    assert_eq!(world.itep_test("A", "disable", json!({})).await["status"], "Disabled");
    assert_eq!(world.itep_ledger().await["sales"][0]["status"], "Disabled");
    assert_eq!(world.inbox.all().len(), 6);
}

#[tokio::test]
async fn a_tests_fields_can_be_replaced_and_its_last_webhook_sent_again() {
    let world = World::stocked("GTX-Academic-Plus", &["A"]).await;
    world.buy(GET, &gtx("res_1")).await.unwrap();
    let fields = json!({"OID": "", "Overall_Level": "5.5", "Status": "Odd"});
    world.itep_test("A", "grade", fields).await;
    world.itep_test("A", "resend", json!({})).await;
    let bodies = world.inbox.bodies();
    assert_eq!(bodies[0], bodies[1]);
    assert!(bodies[0].contains(r#"{ "OID": "", "#) && bodies[0].contains(r#""Status": "Odd" }"#));
    assert!(bodies[0].contains(r#""Overall_Level": "5.5""#));
}

#[tokio::test]
async fn a_test_without_a_tracking_code_is_not_told_of() {
    let world = World::stocked("GTX-Academic-Plus", &["A"]).await;
    let body = json!({"product-code": "GTX-Academic-Plus"}).to_string();
    world.buy(GET, &body).await.unwrap();
    assert_eq!(world.itep_test("A", "grade", json!({})).await["webhook"]["sent"], false);
}
