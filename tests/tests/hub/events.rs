//! Each function against its `events/`: the event in, its answer out.

use aws_lambda_events::sqs::SqsEvent;
use lambda_http::{Request, RequestExt};
use lambda_runtime::LambdaEvent;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use shared::lambda::wiring::Hub;

use crate::in_process::{answer, context, hub};
use crate::world::{Answer, World};

fn event<T: DeserializeOwned>(name: &str) -> T {
    let path = format!("{}/../events/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// The HTTP request of an event, with the stack's own values in place of the
/// names that the events have for them.
fn request(name: &str, world: &World) -> Request {
    let text = event::<Value>(name).to_string();
    let text = text.replace("HUB_API_KEY", &world.key).replace("local-token", &world.token);
    let text = text.replace("/itep/default/", &format!("/itep/{}/", world.account));
    let text = text.replace("/truenorth/default/", &format!("/truenorth/{}/", world.account));
    let request = lambda_http::request::from_str(&text).unwrap_or_else(|e| panic!("{name}: {e}"));
    request.with_lambda_context(context())
}

async fn provision(hub: &Hub, world: &World, name: &str) -> Answer {
    answer(provision::handle(hub, request(name, world)).await)
}

/// The identifiers of the records that a queue function hands back.
fn failures(response: &aws_lambda_events::sqs::SqsBatchResponse) -> Vec<&str> {
    response.batch_item_failures.iter().map(|failure| failure.item_identifier.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn itep_webhook_answers_its_events() {
    let (hub, world) = (hub(), World::new().await);
    for (name, status) in
        [("itep-webhook-complete", 200), ("itep-webhook-wrong-token", 404), ("itep-webhook-wrong-method", 405)]
    {
        let response = itep_webhook::handle(&hub, request(name, &world)).await;
        assert_eq!(response.status(), status, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn truenorth_webhook_answers_its_events() {
    let (hub, world) = (hub(), World::new().await);
    for (name, status) in [
        ("truenorth-webhook-scored", 200),
        ("truenorth-webhook-scored-ours", 200),
        ("truenorth-webhook-example", 200),
        ("truenorth-webhook-broken", 400),
    ] {
        let response = truenorth_webhook::handle(&hub, request(name, &world)).await;
        assert_eq!(response.status(), status, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn queue_functions_hand_back_what_cannot_be_read_and_no_more() {
    let hub = hub();
    let batch = |name: &str| LambdaEvent::new(event::<SqsEvent>(name), context());
    assert_eq!(failures(&fulfil::handle(&hub, batch("fulfil-unknown-reservation")).await), Vec::<&str>::new());
    let poison = fulfil::handle(&hub, batch("fulfil-poison")).await;
    assert_eq!(failures(&poison), ["00000000-0000-0000-0000-000000000001"]);
    let unmatched = record_result::handle(&hub, batch("record-result-unmatched")).await;
    assert_eq!(failures(&unmatched), Vec::<&str>::new(), "an old report that nobody owns is quarantined");
    let broken = record_result::handle(&hub, batch("record-result-bad-base64")).await;
    assert_eq!(failures(&broken).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn scheduled_functions_answer_their_events() {
    let hub = hub();
    let hint = score_poller::handle(&hub, LambdaEvent::new(event::<Value>("score-poller-hint"), context())).await;
    assert_eq!(hint.expect("an answer"), json!({ "batchItemFailures": [] }));
    let swept = expire_reservations::handle(&hub, &context()).await.expect("a sweep");
    assert!(swept["due"].is_u64(), "{swept}");
}

#[tokio::test(flavor = "multi_thread")]
async fn provision_answers_its_events() {
    let (hub, world) = (hub(), World::new().await);
    assert_eq!(provision(&hub, &world, "provision-health").await.status, 200);
    assert_eq!(provision(&hub, &world, "provision-missing-key").await.status, 401);
}
