//! Each function against its `events/`: the event in, its answer out.

use aws_lambda_events::sqs::SqsEvent;
use lambda_runtime::LambdaEvent;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use shared::runtime::gateway::{self, HttpEvent};

use crate::in_process::{context, failures, hub};
use crate::world::World;

fn event<T: DeserializeOwned>(name: &str) -> T {
    let path = format!("{}/../../events/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// An event with the stack's own values in place of the names that the events
/// have for them.
fn http_event(name: &str, world: &World) -> LambdaEvent<HttpEvent> {
    let text = event::<Value>(name).to_string();
    let text = text.replace("HUB_API_KEY", &world.key).replace("local-token", &world.token);
    let text = text.replace("/itep/default/", &format!("/itep/{}/", world.account));
    let text = text.replace("/truenorth/default/", &format!("/truenorth/{}/", world.account));
    let event = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{name}: {e}"));
    LambdaEvent::new(event, context())
}

#[tokio::test(flavor = "multi_thread")]
async fn http_functions_answer_their_events() {
    let (hub, world) = (&hub(), World::new().await);
    for (name, expected) in [
        ("itep-webhook-complete", 200),
        ("itep-webhook-wrong-token", 404),
        ("itep-webhook-wrong-method", 405),
        ("itep-webhook-bad-base64", 400),
        ("truenorth-webhook-scored", 200),
        ("truenorth-webhook-scored-ours", 200),
        ("truenorth-webhook-example", 200),
        ("truenorth-webhook-broken", 400),
        ("provision-health", 200),
        ("provision-missing-key", 401),
        ("provision-malformed", 400),
        ("provision-missing-idempotency-key", 400),
        ("provision-unknown-field", 400),
        ("provision-unknown-parameter", 400),
        ("provision-broken-rules", 422),
        ("provision-unknown-account", 422),
        ("provision-unknown-product", 422),
        ("provision-reserve-itep", 201),
        ("provision-reserve-truenorth", 201),
        ("provision-reserve-async", 202),
        ("provision-list", 200),
        ("provision-products", 200),
        ("provision-get", 404),
        ("provision-history", 404),
        ("provision-cancel", 404),
        ("provision-launch", 404),
    ] {
        let handle = async |request| match name.split_once('-') {
            Some(("itep", _)) => itep_webhook::handle(hub, request).await,
            Some(("truenorth", _)) => truenorth_webhook::handle(hub, request).await,
            _ => provision::handle(hub, request).await,
        };
        let answered = gateway::serve(http_event(name, &world), handle).await.expect("an answer");
        assert_eq!(answered.status_code, expected, "{name}");
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
