//! What the queues' functions hand back, seen from their handlers.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use lambda_runtime::LambdaEvent;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use shared::runtime::purchase_needs;
use shared_core::ports::Store;

use super::NOBODYS;
use super::post::{check, order, report, waiting};
use crate::in_process::{batch, context, context_ending_in, event, failures, hub};
use crate::webhooks::grade;
use crate::world::{GRAMMAR, Vendor, World, reference};

fn failures_in(answer: &Value) -> Vec<&str> {
    let failures = answer["batchItemFailures"].as_array().expect("failures");
    failures.iter().map(|it| it["itemIdentifier"].as_str().expect("a name")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn fulfil_begins_no_purchase_that_may_not_end_in_time() {
    let (world, hub) = (World::new().await, hub());
    let ids = waiting(&hub, &world, 3).await;
    let messages: Vec<_> = ids.iter().map(order).collect();
    let (needs, calls) = (purchase_needs(&hub.settings.timeouts), world.calls(Vendor::Itep, "").await);
    let late = LambdaEvent::new(batch(&messages), context_ending_in(needs - Duration::from_secs(1)));
    assert_eq!(failures(&fulfil::handle(&hub, late).await), ["m0", "m1", "m2"]);
    assert_eq!(world.calls(Vendor::Itep, "").await, calls, "the vendor heard nothing");
    // Time for the first, which takes it all.
    world.fault(Vendor::Itep, json!({ "match": "purchase", "fault": "delay", "ms": 4_000, "times": 1 })).await;
    let before = hub.store.reservations(&ids[1..]).await.expect("storage");
    let short = LambdaEvent::new(batch(&messages), context_ending_in(needs + Duration::from_secs(3)));
    assert_eq!(failures(&fulfil::handle(&hub, short).await), ["m1", "m2"]);
    assert_eq!(world.calls(Vendor::Itep, "").await, calls + 1);
    assert_eq!(hub.store.reservations(&ids[1..]).await.expect("storage"), before, "the rest is as it was");
    let again = LambdaEvent::new(batch(&messages), context());
    assert_eq!(failures(&fulfil::handle(&hub, again).await), Vec::<&str>::new());
    for id in &ids {
        assert_eq!(world.sold_to(Vendor::Itep, id).await, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn score_poller_begins_no_look_up_that_may_not_end_in_time() {
    let (world, hub) = (World::new().await, hub());
    world.hold_polls().await;
    let mut messages = Vec::new();
    for key in ["first", "second"] {
        let bought = world.reserve(key, &world.truenorth_order(GRAMMAR)).await;
        messages.push(check(&world, &bought.id(), "webhook"));
    }
    let invoked = async |time| {
        let payload = serde_json::to_value(batch(&messages)).expect("JSON");
        score_poller::handle(&hub, LambdaEvent::new(payload, context_ending_in(time))).await.expect("an answer")
    };
    let (needs, calls) = (purchase_needs(&hub.settings.timeouts), world.look_ups().await);
    assert_eq!(failures_in(&invoked(needs - Duration::from_secs(1)).await), ["m0", "m1"]);
    assert_eq!(world.look_ups().await, calls);
    world.fault(Vendor::Truenorth, json!({ "match": "score", "fault": "delay", "ms": 4_000, "times": 1 })).await;
    assert_eq!(failures_in(&invoked(needs + Duration::from_secs(3)).await), ["m1"]);
    assert_eq!(world.look_ups().await, calls + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn record_result_leaves_untouched_what_it_has_no_time_for() {
    let (world, hub) = (World::new().await, hub());
    let bought = world.buy(Vendor::Itep).await;
    let data = grade(&bought);
    let messages = [report(&world, "one", &data), report(&world, "two", &data)];
    let late = LambdaEvent::new(batch(&messages), context_ending_in(Duration::from_secs(19)));
    assert_eq!(failures(&record_result::handle(&hub, late).await), ["m0", "m1"]);
    assert_eq!(world.reservation(&bought.id()).await, bought_now(&bought.body));
    let again = LambdaEvent::new(batch(&messages), context());
    assert_eq!(failures(&record_result::handle(&hub, again).await), Vec::<&str>::new());
    assert_eq!(world.reservation(&bought.id()).await["status"], "completed");
}

/// A reservation as a GET shows it that was bought in this answer.
fn bought_now(answer: &Value) -> Value {
    let mut body = answer.clone();
    body.as_object_mut().expect("an object").remove("launch");
    body
}

#[tokio::test(flavor = "multi_thread")]
async fn each_consumer_names_the_records_that_failed_and_no_others() {
    let (world, hub) = (World::new().await, hub());
    let bought = world.buy(Vendor::Itep).await;
    let data = grade(&bought);
    let id = waiting(&hub, &world, 1).await.remove(0);
    let broken = "{\"v\":1".to_owned();
    let mixed = |healthy: String| [broken.clone(), healthy.clone(), healthy.replace("\"v\":1", "\"v\":99"), healthy];
    let orders = LambdaEvent::new(batch(&mixed(order(&id))), context());
    assert_eq!(failures(&fulfil::handle(&hub, orders).await), ["m0", "m2"]);
    let reports = LambdaEvent::new(batch(&mixed(report(&world, "one", &data))), context());
    assert_eq!(failures(&record_result::handle(&hub, reports).await), ["m0", "m2"]);
    let tested = world.reserve("tested", &world.truenorth_order(GRAMMAR)).await;
    world.fault(Vendor::Truenorth, json!({ "match": "webhook", "fault": "withhold" })).await;
    world.happens(Vendor::Truenorth, &reference(&tested.body), "grade").await;
    let checks = batch(&mixed(check(&world, &tested.id(), "webhook")));
    let checks = LambdaEvent::new(serde_json::to_value(checks).expect("JSON"), context());
    assert_eq!(failures_in(&score_poller::handle(&hub, checks).await.expect("an answer")), ["m0", "m2"]);
    assert_eq!(world.sold_to(Vendor::Itep, &id).await, 1);
    for answer in [bought, tested] {
        assert_eq!(world.reservation(&answer.id()).await["status"], "completed");
    }
}

/// A record's id, as SQS gives it or never would, and what becomes of its body.
fn record() -> impl Strategy<Value = (Option<String>, String, bool)> {
    let id = prop_oneof![Just(None), Just(Some(String::new())), "[ab]".prop_map(Some), "m-[0-9]{4}".prop_map(Some)];
    let unreadable = prop_oneof![Just(String::new()), Just("{".to_owned()), Just("{\"v\":99}".to_owned())];
    let body = prop_oneof![Just((order(&NOBODYS), true)), unreadable.prop_map(|body| (body, false))];
    (id, body).prop_map(|(id, (body, well))| (id, body, well))
}

#[tokio::test(flavor = "multi_thread")]
async fn no_function_answers_with_an_empty_or_missing_identifier() {
    let hub = hub();
    let runtime = tokio::runtime::Handle::current();
    let mut runner = TestRunner::new(Config { cases: 64, failure_persistence: None, ..Config::default() });
    let holds = |records: Vec<(Option<String>, String, bool)>| {
        let batch = records.iter().map(|(id, body, _)| json!({ "messageId": id, "body": body })).collect();
        let invoked = AssertUnwindSafe(fulfil::handle(&hub, LambdaEvent::new(event(batch), context()))).catch_unwind();
        let failed: Vec<_> = records.iter().filter(|(_, _, well)| !well).map(|(id, ..)| id.as_deref()).collect();
        let nameless = failed.iter().any(|id| id.unwrap_or_default().is_empty());
        match runtime.block_on(invoked) {
            Ok(answer) => prop_assert_eq!(failures(&answer), failed.into_iter().flatten().collect::<Vec<_>>()),
            // The runtime reports it, and Lambda hands the whole batch back.
            Err(_) => prop_assert!(nameless, "an invocation fails for what it cannot name only"),
        }
        Ok(())
    };
    let batches = prop::collection::vec(record(), 0..8);
    tokio::task::block_in_place(|| runner.run(&batches, holds)).expect("it holds");
}
