use std::time::Duration;

use shared_core::domain::deadline::Deadline;
use shared_core::domain::ids::Vendor;
use shared_core::domain::reservation::Evidence;

use super::*;
use crate::vendors::call::CallTimeouts;
use crate::vendors::testing::{Server, TestClock, answers, nobody, order, start};

fn profile() -> Profile {
    Profile::parse(include_str!("../samples/profile.json")).unwrap()
}

fn of(status: u16, body: &str) -> CallOutcome {
    outcome(&profile(), &VendorResponse { status, retry_after: None, body: body.into() }, 2, start())
}

fn unknown(outcome: CallOutcome) -> (Unknown, Option<u16>, Option<String>) {
    let CallOutcome::Unknown(Evidence { unknown, http_status, body, .. }) = outcome else { panic!("{outcome:?}") };
    (unknown, http_status, body.map(Sensitive::into_inner))
}

#[test]
fn a_success_that_names_a_test_confirms_whatever_else_it_says() {
    let CallOutcome::Confirmed { reference, launch } =
        of(200, r#"{"test":{"id":"3279B035APR","password":64778},"error":"Invalid mood"}"#)
    else {
        panic!()
    };
    assert_eq!(reference, VendorReference::itep("3279B035APR"));
    let Some(Launch::Credentials { url, test_id, password }) = launch else { panic!() };
    assert_eq!((url.as_deref(), test_id.as_str()), (Some("https://exam.example.com"), "3279B035APR"));
    assert_eq!(password, Some("64778".into()));
}

#[test]
fn the_profiles_matchers_tell_refusals_from_hand_backs() {
    let refusal = |outcome| match outcome {
        CallOutcome::Refused(Refusal { out_of_tests, vendor_reason }) => (out_of_tests, vendor_reason),
        other => panic!("{other:?}"),
    };
    assert_eq!(refusal(of(200, r#"{"error":{"message":"x"},"code":17}"#)), (true, "x".to_owned()));
    assert_eq!(refusal(of(422, "Unable to parse")), (false, "Unable to parse".to_owned()));
    assert_eq!(refusal(of(422, "<html>")), (false, "iTEP gave no reason.".to_owned()));
    assert_eq!(refusal(of(400, r#"{"error":"Invalid Gender [F]."}"#)), (false, "Invalid Gender [F].".to_owned()));
    let handed_back = of(503, r#"{"retry":true,"error":"busy"}"#);
    let CallOutcome::NotProcessed { why, detail, .. } = handed_back else { panic!("{handed_back:?}") };
    assert_eq!((why, detail.as_deref()), (NotProcessed::SaidSo, Some("busy")));
    let refused = of(403, "");
    assert!(matches!(refused, CallOutcome::NotProcessed { why: NotProcessed::CredentialsRefused, .. }));
}

#[test]
fn what_no_matcher_knows_is_unknown_and_kept() {
    let page = "<html>ok</html>";
    assert_eq!(unknown(of(200, page)), (Unknown::Unreadable, Some(200), Some(page.to_owned())));
    assert_eq!(unknown(of(200, r#"{"test":{"id":""}}"#)).0, Unknown::NoReference);
    assert_eq!(unknown(of(200, r#"{"test":{"id":"a b"}}"#)).0, Unknown::NoReference);
    for status in [302, 404, 408, 429, 500, 503] {
        assert_eq!(unknown(of(status, r#"{"TestID":"T1"}"#)).0, Unknown::UnclearStatus, "{status}");
    }
}

#[tokio::test]
async fn the_signature_is_over_the_bytes_that_are_sent() {
    let server = Server::start(vec![answers("200 OK", r#"{"TestID":"T1"}"#)]);
    let profile = Profile { url: format!("{}/requests/x.php", server.url), ..profile() };
    let http = Http::new(CallTimeouts { connect: Duration::from_secs(3), whole: Duration::from_secs(5) });
    let order = order(Vendor::Itep, "GTX-Academic-Plus");
    let call = PurchaseCall { order: &order, call_no: 1, deadline: Deadline::after(start(), Duration::from_secs(5)) };
    let outcome = purchase(&http, &profile, &TestClock::default(), &call).await.unwrap();
    assert!(matches!(outcome, CallOutcome::Confirmed { .. }), "{outcome:?}");
    let (line, body) = server.request();
    assert_eq!(line, "POST /requests/x.php HTTP/1.1");
    let signature = sign::sign("sim-key", profile.get.as_ref().unwrap(), body.as_bytes());
    assert!(server.requests()[0].contains(&format!("x-sim-get: {signature}\r\n")));
}

#[tokio::test]
async fn a_sign_of_life_is_any_answer_to_a_request_that_cannot_buy() {
    let server = Server::start(vec![answers("405 Method Not Allowed", ""), answers("503 Busy", "")]);
    let profile = Profile { url: format!("{}/requests/x.php", server.url), ..profile() };
    let http = Http::new(CallTimeouts { connect: Duration::from_secs(3), whole: Duration::from_secs(5) });
    assert!(super::probe_reachable(&http, &profile).await);
    assert!(!super::probe_reachable(&http, &profile).await);
    let asked = server.requests();
    assert!(asked[0].starts_with("GET /requests/x.php HTTP/1.1\r\n") && asked[0].ends_with("\r\n\r\n"), "no body");
    assert!(!asked[0].to_ascii_lowercase().contains("x-sim-get"), "no signature");
    let unreachable = Profile { url: nobody(), ..profile };
    assert!(!super::probe_reachable(&http, &unreachable).await);
}

#[test]
fn only_products_that_the_account_lists_are_sold() {
    for product in ["GTX-Business-Core", "QSG-Academic-Plus", "GTX", ""] {
        assert_eq!(validate(&profile(), &order(Vendor::Itep, product)), Err(OrderProblem::UnknownProduct));
    }
    assert_eq!(validate(&profile(), &order(Vendor::Itep, "STX-Academic-Plus")), Ok(()));
}

/// A profile of an account that may repeat its requests.
fn repeating(edit: impl FnOnce(&mut Value)) -> Profile {
    let mut value: Value = serde_json::from_str(include_str!("../samples/profile.json")).unwrap();
    value["resend_identical"] = true.into();
    edit(&mut value);
    Profile::parse(&value.to_string()).unwrap()
}

#[test]
fn a_request_digest_stands_for_the_bytes_the_key_and_the_address() {
    let order = order(Vendor::Itep, "GTX-Academic-Plus");
    let digest_of = |profile: &Profile, call_no| request_digest(profile, &order, call_no);
    assert_eq!(digest_of(&profile(), 1), None, "most accounts repeat nothing");
    let digest = digest_of(&repeating(|_| {}), 1);
    assert!(digest.is_some());
    let read_back: Order = serde_json::from_str(&serde_json::to_string(&order).unwrap()).unwrap();
    assert_eq!(request_digest(&repeating(|_| {}), &read_back, 1), digest, "as it is stored");
    assert_ne!(digest_of(&repeating(|_| {}), 2), digest);
    for (name, value) in
        [("api_key", "another"), ("url", "http://127.0.0.1:8"), ("track", "XY"), ("nested_json", "string")]
    {
        assert_ne!(digest_of(&repeating(|p| p[name] = value.into()), 1), digest, "{name}");
    }
}

#[test]
fn a_refused_repetition_means_sold_whatever_else_the_matchers_say() {
    let evidence = unknown(of(409, "This request was processed already."));
    assert_eq!((evidence.0, evidence.1), (Unknown::Replayed, Some(409)));
}
