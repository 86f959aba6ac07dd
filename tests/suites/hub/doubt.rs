//! What the vendor leaves open is in doubt, kept with its evidence, never retried
//! blindly.

use std::time::Duration;

use serde_json::{Value, json};
use shared::aws::clients::AwsClients;

use crate::in_process::{self, Hub};
use crate::setup::Options;
use crate::world::{Vendor, World};

/// Buys under a fault and expects doubt: one call, and as many sales as the
/// vendor's ledger is expected to have.
async fn doubt_after(vendor: Vendor, fault: Value, sales: usize) -> Value {
    let world = World::new().await;
    world.fault(vendor, fault.clone()).await;
    let answer = world.reserve("order", &world.order(vendor)).await;
    assert_eq!((answer.status.as_u16(), &answer.body["status"]), (202, &json!("in_doubt")), "{fault}: {answer:?}");
    world.clear_faults(vendor).await;
    let again = world.reserve("order", &world.order(vendor)).await;
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    world.run("expire-reservations").await;
    match vendor {
        Vendor::Itep => {
            assert_eq!(world.reservation(&answer.id()).await["status"], "in_doubt", "{fault}");
            assert_eq!(world.purchase_calls(vendor).await, 1, "{fault}: no second call");
            assert_eq!(world.sales(vendor).await.len(), sales, "{fault}");
        }
        Vendor::Truenorth => bought_again_by_a_look_up_only(&world, &answer.id(), sales).await,
    }
    answer.body
}

/// TrueNorth's doubts settle by themselves, in these tests after seconds.
async fn bought_again_by_a_look_up_only(world: &World, id: &str, sales: usize) {
    let calls = world.purchase_calls(Vendor::Truenorth).await;
    let history = world.history(id).await;
    let looked_up = history.iter().any(|entry| entry["event"] == "nothing_sold");
    assert!(calls == 1 || (looked_up && sales == 0), "a second call without a look-up: {history:#?}");
    let sold = world.sales(Vendor::Truenorth).await.len();
    assert!(sold == sales || (sold == 1 && sales == 0), "{sold} sales: {history:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_lost_after_the_sale_leaves_one_sale_in_doubt() {
    for vendor in Vendor::ALL {
        for fault in ["5xx-after", "reset-after", "hang"] {
            let kept = doubt_after(vendor, json!({ "match": "purchase", "fault": fault, "times": 1 }), 1).await;
            assert_eq!(kept["status_reason"], "answer_lost", "{fault}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_says_neither_yes_nor_no_is_in_doubt_also_when_nothing_was_sold() {
    for vendor in Vendor::ALL {
        for (fault, sales) in [
            (json!({ "match": "purchase", "fault": "5xx-before", "times": 1 }), 0),
            (json!({ "match": "purchase", "fault": "reset-before", "times": 1 }), 0),
            (json!({ "match": "purchase", "fault": "status", "status": 302, "times": 1 }), 0),
            (json!({ "match": "purchase", "fault": "status", "status": 503, "times": 1 }), 0),
            (json!({ "match": "purchase", "fault": "garbage", "times": 1 }), 0),
            (json!({ "match": "purchase", "fault": "no-reference", "times": 1 }), 1),
        ] {
            doubt_after(vendor, fault, sales).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_that_the_vendor_hands_out_twice_stays_its_first_owners() {
    for vendor in Vendor::ALL {
        let world = World::new().await;
        let first = world.reserve("first", &world.order(vendor)).await;
        world.fault(vendor, json!({ "match": "purchase", "fault": "same-reference", "times": 1 })).await;
        let second = world.reserve("second", &world.order(vendor)).await;
        assert_eq!(first.body["status"], "ready");
        assert_eq!((second.status.as_u16(), &second.body["status"]), (202, &json!("in_doubt")), "{second:?}");
        assert_eq!(second.body["status_reason"], "reference_taken");
        assert_eq!(second.body["vendor_reference"], Value::Null);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vendor_that_refuses_connections_for_a_while_sells_once_it_is_back() {
    for vendor in Vendor::ALL {
        let (control, port) = private_listener(vendor).await;
        let url = Some(format!("http://127.0.0.1:{port}"));
        let options = match vendor {
            Vendor::Itep => Options { itep_url: url, ..Options::default() },
            Vendor::Truenorth => Options { truenorth_url: url, ..Options::default() },
        };
        let world = World::with(options).await;
        accept(&control, port, false).await;
        let answer = world.reserve("order", &world.order(vendor)).await;
        assert_eq!((answer.status.as_u16(), &answer.body["status"]), (202, &json!("pending")), "{answer:?}");
        assert_eq!(answer.body["status_reason"], "vendor_unreachable");
        assert_eq!(world.sales(vendor).await.len(), 0);
        accept(&control, port, true).await;
        world.until_swept(&answer.id(), "ready").await;
        assert_eq!(world.sales(vendor).await.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_comes_after_the_lease_was_taken_away_is_still_kept() {
    for vendor in Vendor::ALL {
        let world = World::new().await;
        world.fault(vendor, json!({ "match": "purchase", "fault": "delay", "ms": 1500, "times": 1 })).await;
        let mut settings = in_process::settings();
        settings.timeouts.lease = Duration::ZERO;
        let hub = Hub::new(settings, AwsClients::from_env().expect("the stack's environment"));
        let order = world.order(vendor);
        let buying = in_process::provision(&hub, &world, "POST", "/v1/reservations", Some(("order", &order)));
        let taking_the_lease = async {
            let id = world.first_reservation().await;
            world.until_swept(&id, "in_doubt").await;
        };
        let (bought, ()) = tokio::join!(buying, taking_the_lease);
        let kept = world.reservation(&bought.id()).await;
        assert_eq!(kept["status"], "ready", "{kept:#}");
        let history = world.history(&bought.id()).await;
        let events: Vec<_> = history.iter().map(|entry| entry["event"].as_str().unwrap_or_default()).collect();
        assert_eq!(events, ["reserved", "lease_lapsed", "call_confirmed"]);
        assert_eq!(world.sales(vendor).await.len(), 1);
    }
}

async fn private_listener(vendor: Vendor) -> (String, u64) {
    let control = std::env::var("SIM_CONTROL_URL").expect("run `cargo dev test`");
    let answer = post(&control, "ports", json!({ "vendor": vendor.as_str() })).await;
    (control, answer["port"].as_u64().expect("a port"))
}

async fn accept(control: &str, port: u64, accept: bool) {
    post(control, "listener", json!({ "port": port, "accept": accept })).await;
}

async fn post(control: &str, path: &str, body: Value) -> Value {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let answer = reqwest::Client::new().post(format!("{control}/_sim/{path}")).json(&body).send().await;
    let answer = answer.expect("the simulators' control port answers");
    assert!(answer.status().is_success(), "{path}: {}", answer.status());
    serde_json::from_slice(&answer.bytes().await.expect("a whole answer")).unwrap_or(Value::Null)
}
