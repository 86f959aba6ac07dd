//! AWS calls, counted per operation: the floor, and no call above it.

use lambda_runtime::LambdaEvent;
use serde_json::{Value, json};
use shared::aws::CallCounter;
use shared::aws::message::Message;
use shared_core::domain::ids::Digest;
use shared_core::domain::reservation::Reservation;
use shared_core::ports::{
    AuthOutcome, CheckReason, InboundWebhook, ResultMessage, ScoreCheck, SenderCredentials, Store,
};

use crate::batches::post::{order as message, report};
use crate::in_process::{self, Hub, batch, context, counted, provision, request, told};
use crate::webhooks::{FORM, SAMPLE, form, grade, receipt, sample_with};
use crate::world::{GRAMMAR, Vendor, World, reference};

/// A world whose key, profiles and products are in the hub's caches, as in a warm
/// instance.
async fn warm() -> (World, Hub, CallCounter) {
    let world = World::new().await;
    let (hub, counter) = counted();
    for (key, order) in [("warm-itep", world.itep_order()), ("warm-truenorth", world.truenorth_order(GRAMMAR))] {
        let bought = provision(&hub, &world, "POST", "/v1/reservations", Some((key, &order))).await;
        assert_eq!(bought.status.as_u16() / 100, 2, "{bought:?}");
    }
    counter.take();
    (world, hub, counter)
}

#[tokio::test(flavor = "multi_thread")]
async fn buying_is_three_conditional_puts() {
    let (world, hub, counter) = warm().await;
    let order = world.itep_order();
    let bought = provision(&hub, &world, "POST", "/v1/reservations", Some(("order", &order))).await;
    assert_eq!(bought.status, 201, "{bought:?}");
    assert_eq!(told(&counter.take()), "3 PutItem");
    let again = provision(&hub, &world, "POST", "/v1/reservations", Some(("order", &order))).await;
    assert_eq!(again.id(), bought.id());
    assert_eq!(told(&counter.take()), "1 PutItem");
    let order = world.truenorth_order(GRAMMAR);
    let bought = provision(&hub, &world, "POST", "/v1/reservations", Some(("another", &order))).await;
    assert_eq!(bought.status, 201, "{bought:?}");
    assert_eq!(told(&counter.take()), "3 PutItem + 1 UpdateItem");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_is_the_read_a_count_and_a_place_in_the_rate_limit() {
    let (world, hub, counter) = warm().await;
    let order = world.truenorth_order(GRAMMAR);
    let bought = provision(&hub, &world, "POST", "/v1/reservations", Some(("order", &order))).await;
    counter.take();
    let path = format!("/v1/reservations/{}/launch", bought.id());
    for (status, calls) in [(200, 2), (200, 2), (200, 2), (429, 1)] {
        assert_eq!(provision(&hub, &world, "POST", &path, None).await.status, status);
        assert_eq!(told(&counter.take()), format!("1 GetItem + {calls} UpdateItem"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn reading_is_one_read() {
    let (world, hub, counter) = warm().await;
    let bought = provision(&hub, &world, "POST", "/v1/reservations", Some(("order", &world.itep_order()))).await;
    counter.take();
    let path = format!("/v1/reservations/{}", bought.id());
    assert_eq!(provision(&hub, &world, "GET", &path, None).await.status, 200);
    assert_eq!(told(&counter.take()), "1 GetItem");
    assert_eq!(provision(&hub, &world, "GET", "/v1/reservations", None).await.status, 200);
    assert_eq!(told(&counter.take()), "1 BatchGetItem + 1 Query");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_is_one_read_and_two_puts_and_a_duplicate_the_read_alone() {
    let (world, hub, counter) = warm().await;
    let bought = provision(&hub, &world, "POST", "/v1/reservations", Some(("order", &world.itep_order()))).await;
    counter.take();
    let by_oid = grade(&bought);
    record(&hub, &world, "1", &by_oid).await;
    assert_eq!(told(&counter.take()), "1 GetItem + 2 PutItem");
    record(&hub, &world, "2", &by_oid).await;
    assert_eq!(told(&counter.take()), "1 GetItem");
    let by_test = sample_with(json!({ "TestID": reference(&bought.body), "Overall_Level": "5.0" }));
    record(&hub, &world, "3", &by_test).await;
    assert_eq!(told(&counter.take()), "2 GetItem + 2 PutItem");
}

async fn record(hub: &Hub, world: &World, receipt: &str, data: &str) {
    let event = LambdaEvent::new(batch(&[report(world, receipt, data)]), context());
    let response = record_result::handle(hub, event).await;
    assert!(response.batch_item_failures.is_empty(), "{response:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn taking_a_webhook_is_one_message() {
    let (world, hub, counter) = warm().await;
    let path = format!("/webhooks/itep/{}/{}", world.account, world.token);
    assert_eq!(itep_webhook::handle(&hub, request(&path, FORM, form(SAMPLE).as_bytes())).await.status(), 200);
    assert_eq!(told(&counter.take()), "1 SendMessage");
    let bought =
        provision(&hub, &world, "POST", "/v1/reservations", Some(("o", &world.truenorth_order(GRAMMAR)))).await;
    counter.take();
    let mut event: Value = serde_json::from_str(include_str!("samples/truenorth-scored-event.json")).expect("JSON");
    event["data"]["uniqueIdentifier"] = json!(bought.id());
    let path = format!("/webhooks/truenorth/{}/{}", world.account, world.token);
    let taken = truenorth_webhook::handle(&hub, request(&path, "application/json", event.to_string().as_bytes())).await;
    assert_eq!(taken.status(), 200);
    assert_eq!(told(&counter.take()), "1 SendMessage");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_is_one_read_a_stamp_a_place_in_the_rate_limit_and_two_puts() {
    let (world, hub, counter) = warm().await;
    world.hold_polls().await;
    let order = world.truenorth_order(GRAMMAR);
    let bought = provision(&hub, &world, "POST", "/v1/reservations", Some(("order", &order))).await;
    world.happens(Vendor::Truenorth, &reference(&bought.body), "finish").await;
    counter.take();
    let (account, reservation_id) = (world.account.parse().expect("a name"), bought.id().parse().expect("an id"));
    let check = Message::new(ScoreCheck::new(account, reservation_id, CheckReason::Webhook));
    let event = batch(&[serde_json::to_string(&check).expect("a message")]);
    let event = serde_json::to_value(event).expect("a batch");
    let checked = score_poller::handle(&hub, LambdaEvent::new(event, context())).await.expect("a batch's answer");
    assert_eq!(checked["batchItemFailures"], json!([]));
    assert_eq!(told(&counter.take()), "1 GetItem + 2 PutItem + 2 UpdateItem");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_reads_once_and_writes_the_lease_and_the_outcome() {
    let (world, hub, counter) = warm().await;
    // Written, but handed to no queue: the deployed worker must not be faster.
    let order = in_process::order(&hub, &world).await;
    let (id, now) = (order.id.clone(), jiff::Timestamp::now());
    hub.store.insert(&Reservation::queued(order, now, now)).await.expect("a reservation");
    counter.take();
    fulfil::handle(&hub, LambdaEvent::new(batch(&[message(&id)]), context())).await;
    assert_eq!(told(&counter.take()), "1 GetItem + 3 PutItem");
    fulfil::handle(&hub, LambdaEvent::new(batch(&[message(&id)]), context())).await;
    assert_eq!(told(&counter.take()), "1 GetItem", "a message that comes twice");
    assert_eq!(world.sold_to(Vendor::Itep, &id).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_with_nothing_due_asks_each_shard_once() {
    let (_, hub, counter) = warm().await;
    expire_reservations::handle(&hub, &context()).await.expect("a sweep");
    let counts = counter.take();
    assert_eq!(counts.get("Query"), Some(&5), "four shards, and whether anything is in doubt: {counts:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_that_could_not_be_checked_is_checked_by_the_one_who_reads_it() {
    let (world, hub, _) = warm().await;
    let bought = provision(&hub, &world, "POST", "/v1/reservations", Some(("order", &world.itep_order()))).await;
    let data = grade(&bought);
    for (token, status) in [("a-guess", "ready"), (world.token.as_str(), "completed")] {
        let id = format!("unchecked-{}", Digest::sha256(token.as_bytes()));
        let verified = receipt(&world, &id, form(&data));
        let credentials = SenderCredentials::new(&verified.id, token, []);
        let receipt = InboundWebhook { authenticated: AuthOutcome::Unchecked, credentials, ..verified };
        let message = serde_json::to_string(&Message::new(ResultMessage::InboundWebhook(receipt))).expect("a message");
        record_result::handle(&hub, LambdaEvent::new(batch(&[message]), context())).await;
        assert_eq!(world.reservation(&bought.id()).await["status"], status);
    }
}
