//! Canaries: what is personal or secret is sent through every function and its
//! error paths, and no log, metric, error answer or history shows it.

mod cage;
mod hostile;
mod runtime;

use jiff::Timestamp;
use reqwest::Method;
use serde_json::json;
use shared::aws::clients::AwsClients;

use self::cage::Cage;
use crate::bad_input::with;
use crate::expiry::soon;
use crate::inventory::{exported, saved};
use crate::operating::hubctl;
use crate::setup::{self, Options};
use crate::webhooks::{SAMPLE, delivery, quarantined, sample_with};
use crate::world::{SPEAKING, Vendor, reference};

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_seen_where_tests_are_bought_refused_doubted_and_given_up() {
    let mut cage = Cage::with(Options::default()).await;
    for vendor in Vendor::ALL {
        let order = cage.order(vendor);
        let bought = cage.reserve(vendor.as_str(), &order).await;
        assert_eq!(bought.status, 201, "{bought:?}");
        let mut other = order.clone();
        other["candidate"]["given_name"] = json!("Canarybirdie");
        assert_eq!(cage.reserve(vendor.as_str(), &other).await.status, 422);
        cage.world.fault(vendor, json!({ "match": "purchase", "fault": "refuse", "times": 1 })).await;
        let refused = cage.reserve(&format!("{}-refused", vendor.as_str()), &order).await;
        assert_eq!(refused.status, 422, "{refused:?}");
        cage.spoil(vendor, "purchase", 500, "<h1>canarybird@example.com</h1>").await;
        let doubted = cage.reserve(&format!("{}-doubted", vendor.as_str()), &order).await;
        assert_eq!(doubted.body["status"], "in_doubt", "{doubted:?}");
        assert_eq!(cage.post(&doubted, "cancel").await.status, 409);
        let request = cage.world.reserving(&format!("canarybird-{}-later", vendor.as_str()), &order);
        let later = cage.ask(request.header("prefer", "respond-async")).await;
        cage.world.until_status(&later.id(), "ready").await;
        cage.heard("fulfil", &later.id()).await;
        cage.post(&later, "launch").await;
        assert_eq!(cage.post(&bought, "cancel").await.status, 200);
        assert_eq!(cage.post(&bought, "launch").await.status, 409);
        let listed = cage.world.request(Method::GET, "/v1/reservations?external_id=canarybird-7");
        assert_eq!(cage.ask(listed).await.status, 200);
        for answer in [&bought, &refused, &doubted, &later] {
            cage.read_history(answer).await;
        }
    }
    cage.heard("provision", &cage.client()).await;
    cage.is_quiet().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_seen_where_tests_expire() {
    let mut cage = Cage::with(Options::default()).await;
    for vendor in Vendor::ALL {
        let mut order = cage.order(vendor);
        order["expires_at"] = soon();
        let bought = cage.reserve(vendor.as_str(), &order).await;
        cage.world.until_swept(&bought.id(), "expired").await;
        cage.read_history(&bought).await;
    }
    cage.heard("expire-reservations", "sweep finished").await;
    cage.is_quiet().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_seen_where_itep_reports() {
    let itep_auth = json!([{ "bearer": "canarybird-credential" }]);
    let mut cage = Cage::with(Options { itep_auth, ..Options::default() }).await;
    let order = cage.order(Vendor::Itep);
    let bought = cage.reserve("itep", &order).await;
    let report = sample_with(json!({
        "OID": bought.id(), "TestID": reference(&bought.body), "First_Name": "Canarybird",
        "score_report_url": "https://www.iteptest.com/canarybird", "Writing_Answer_1": "I am canarybird",
    }));
    let url = cage.world.webhook(Vendor::Itep);
    for (url, credential, data, status) in [
        (url.replace(&cage.world.token, "canarybird-token"), "canarybird-credential", report.as_str(), 404),
        (url.clone(), "canarybird-guess", &report, 401),
        (url.clone(), "canarybird-credential", "{\"OID\": \"canarybird", 200),
        (url.clone(), "canarybird-credential", &sample_with(json!({ "TestID": "CANARYBIRD" })), 200),
        (url.clone(), "canarybird-credential", &report.replace("\"4.5\"", "\"99\""), 200),
        (url.clone(), "canarybird-credential", &report, 200),
    ] {
        let request = delivery(&cage.world, &url, data).bearer_auth(credential);
        assert_eq!(cage.ask(request).await.status.as_u16(), status, "{data}");
    }
    let unreadable = cage.world.http.post(&url).bearer_auth("canarybird-credential").body(SAMPLE);
    cage.ask(unreadable.header("content-type", "text/plain")).await;
    let completed = cage.world.until_status(&bought.id(), "completed").await;
    assert_eq!(completed["result"]["report_url"], "https://www.iteptest.com/canarybird");
    quarantined(&cage.world).await;
    cage.read_history(&bought).await;
    cage.heard("itep-webhook", "report queued").await;
    cage.heard("record-result", &bought.id()).await;
    cage.heard("record-result", "quarantined").await;
    cage.is_quiet().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_seen_where_truenorth_is_asked() {
    let mut cage = Cage::with(Options::default()).await;
    let mut order = cage.order(Vendor::Truenorth);
    order["product"] = json!(SPEAKING);
    let bought = cage.reserve("truenorth", &order).await;
    let url = cage.world.webhook(Vendor::Truenorth);
    let event = |id: &str| {
        let user = json!({ "userId": "canarybird", "givenName": "Canarybird", "email": "canarybird@example.com",
            "uniqueIdentifier": id, "scoreReports": [{ "status": "Completed", "answer": "canarybird" }] });
        json!({ "event": "user-assessment-scored", "data": user }).to_string()
    };
    let body = "{\"userId\": 7, \"givenName\": \"Canarybird\", \"scoreReports\": \"canarybird\"}";
    cage.spoil(Vendor::Truenorth, "score", 200, body).await;
    cage.spoil(Vendor::Truenorth, "scores", 200, &format!("[{body}, canarybird]")).await;
    for (url, body) in [
        (url.replace(&cage.world.token, "canarybird-token"), event(&bought.id())),
        (url.clone(), event("canarybird")),
        (url.clone(), "{\"event\": [\"canarybird\"]}".to_owned()),
        (url.clone(), "canarybird".to_owned()),
        (url.clone(), event(&bought.id())),
    ] {
        let request = cage.world.http.post(url).header("content-type", "application/json").body(body);
        cage.ask(request).await;
    }
    cage.heard("truenorth-webhook", &bought.id()).await;
    cage.heard("score-poller", "handed back").await;
    for _ in 0..2 {
        // Another test's account may fail it.
        cage.world.invoke("score-poller").await;
    }
    let fields = json!({ "surveyItems": [{ "question": "canarybird", "answer": "canarybird" }] });
    cage.world.happens_with(Vendor::Truenorth, &reference(&bought.body), "grade", fields).await;
    cage.world.until_status(&bought.id(), "completed").await;
    cage.read_history(&bought).await;
    cage.heard("score-poller", &bought.id()).await;
    cage.heard("score-poller", &cage.world.account).await;
    cage.is_quiet().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_seen_where_a_request_is_refused() {
    let mut cage = Cage::with(Options::default()).await;
    let order = cage.order(Vendor::Itep);
    for (pointer, value) in [
        ("/candidate", json!("Canarybird")),
        ("/candidate/given_name", json!(["canarybird"])),
        ("/candidate/email", json!("canarybird")),
        ("/candidate/birth_date", json!("2/3/1961")),
        ("/candidate/external_id", json!("canarybird".repeat(20))),
        ("/registration", json!("canarybird")),
        ("/registration", json!({ "Address": "1 Canarybird Lane", "Gender": "Unsaid" })),
        ("/registration", json!({ "First_Name": "Canarybirdie", "Email": "canarybird@example.org" })),
        ("/metadata", json!("canarybird")),
        ("/metadata", json!({ "note": "canarybird".repeat(60) })),
        ("/return_url", json!("canarybird")),
        ("/groups", json!("canarybird")),
        ("/expires_at", json!("canarybird")),
    ] {
        let answer = cage.reserve("refused", &with(&order, pointer, value)).await;
        assert!(matches!(answer.status.as_u16(), 400 | 422), "{pointer}: {answer:?}");
    }
    for body in ["canarybird", "{\"candidate\": {\"given_name\": \"canarybird", "\"canarybird\""] {
        let request = cage.world.reserving("refused", &order).body(body);
        assert_eq!(cage.ask(request).await.status, 400, "{body}");
    }
    for query in ["cursor=canarybird", "status=canarybird", "canarybird=1", "limit=canarybird"] {
        let request = cage.world.request(Method::GET, &format!("/v1/reservations?{query}"));
        assert_eq!(cage.ask(request).await.status, 400, "{query}");
    }
    for key in ["canarybird", "thk_live_0000000000000000_canarybird"] {
        let request = cage.world.http.get(format!("{}/v1/reservations", cage.world.env.hub));
        assert_eq!(cage.ask(request.bearer_auth(key)).await.status, 401, "{key}");
    }
    cage.heard("provision", &cage.client()).await;
    cage.is_quiet().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_seen_where_a_profile_cannot_be_used() {
    let inbound = json!({ "tokens": "canarybird-token" });
    let itep_profile = json!({ "get": "canarybird", "api_key": ["canarybird"], "bcc": 7, "inbound": inbound });
    let world = Options {
        itep_profile: json!({ "send": "canarybird", "bcc": "canarybird@example.com" }),
        ..Options::default()
    };
    let mut cage = Cage::with(world).await;
    let name = format!("hub/itep/{}", cage.world.account);
    setup::secret(&name, &itep_profile).await;
    let order = cage.order(Vendor::Itep);
    assert_eq!(cage.reserve("order", &order).await.status, 503);
    let request = cage.world.request(Method::GET, "/v1/products");
    cage.ask(request).await;
    let request = delivery(&cage.world, &cage.world.webhook(Vendor::Itep), SAMPLE);
    cage.ask(request).await;
    cage.heard("provision", &cage.world.account).await;
    cage.is_quiet().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_seen_where_the_operator_looks_and_settles() {
    let mut cage = Cage::with(Options::default()).await;
    let order = cage.order(Vendor::Itep);
    let mut doubted = Vec::new();
    for n in 0..3 {
        cage.spoil(Vendor::Itep, "purchase", 500, "canarybird").await;
        doubted.push(cage.reserve(&format!("doubted-{n}"), &order).await);
    }
    let waiting = cage.reserve("waiting", &order).await;
    assert_eq!(waiting.body["status_reason"], "account_paused", "{waiting:?}");
    let request = delivery(&cage.world, &cage.world.webhook(Vendor::Itep), "canarybird");
    assert_eq!(cage.ask(request).await.status, 200);
    let receipt = quarantined(&cage.world).await.receipt.id;
    let reservation = doubted[0].id();
    for arguments in [
        &["doubt", "list"][..],
        &["doubt", "settle", &reservation, "--give-up", "--by", "ann", "--yes"],
        &["account", "list"],
        &["quarantine", "list"],
        &["quarantine", "replay", receipt.as_str()],
        &["dlq", "list"],
    ] {
        cage.told(hubctl(arguments).await);
    }
    cage.world.until_swept(&waiting.id(), "ready").await;
    for answer in [&doubted[0], &waiting] {
        cage.read_history(answer).await;
    }
    cage.heard("record-result", receipt.as_str()).await;
    cage.heard("provision", "AccountPaused").await;
    cage.is_quiet().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_seen_where_the_stock_is_imported_and_an_unused_test_reclaimed() {
    let mut cage = Cage::with(Options::default()).await;
    let mut order = cage.order(Vendor::Itep);
    order["expires_at"] = soon();
    let bought = cage.reserve("unused", &order).await;
    cage.world.until_swept(&bought.id(), "expired").await;
    let (file, exported_at) = saved(&cage.world, &exported(&cage.world).await);
    let account = cage.world.account.clone();
    let of = |verb| ["inventory", verb, &file, "--account", &account, "--exported-at", &exported_at, "--by", "ann"];
    cage.told(hubctl(&of("import")).await);
    // The operator's terminal rings no alarm, so a function does.
    cage.heard("record-result", &format!("itep#{}", cage.world.account)).await;
    cage.heard("record-result", "LowStock").await;
    cage.told(
        hubctl(&[of("reclaim").as_slice(), &["--grace-days", "0", "--why", "nobody came", "--yes"]].concat()).await,
    );
    cage.read_history(&bought).await;
    cage.is_quiet().await;
    let _ = std::fs::remove_file(file);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_seen_where_a_message_cannot_be_used() {
    let cage = Cage::with(Options::default()).await;
    let sqs = AwsClients::from_env().expect("the stack's environment").sqs().clone();
    let receipt = json!({ "v": 1, "kind": "receipt", "id": "r-1", "account": cage.world.account, "content_type": "",
        "received_at": Timestamp::now(), "body": "canarybird!", "unchecked": null });
    for (function, queue) in [
        ("fulfil", "FULFILMENT_QUEUE_URL"),
        ("record-result", "RESULTS_QUEUE_URL"),
        ("score-poller", "SCORE_CHECKS_QUEUE_URL"),
    ] {
        let url = std::env::var(queue).expect("a queue's address");
        let shape = json!({ "v": 1, "reservation_id": "canarybird", "account": "canarybird", "reason": "canarybird" });
        for body in ["canarybird".to_owned(), shape.to_string(), receipt.to_string()] {
            let sent = sqs.send_message().queue_url(&url).message_body(body).send().await.expect("a message");
            cage.heard(function, sent.message_id().expect("its id")).await;
        }
    }
    cage.is_quiet().await;
}
