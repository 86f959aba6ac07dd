//! What the queues' consumers do with a message that is not what it should be.

use std::cell::Cell;
use std::panic;
use std::sync::Once;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lambda_runtime::{Context, LambdaEvent};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use shared::aws::message;
use shared::aws::sqs::Fulfilment;
use shared_core::ports::{ResultMessage, ScoreCheck};

use crate::bounds;
use crate::hub::World;
use crate::targets::items;

thread_local! {
    static WORLD: World = World::open();
    /// A batch catches the panic of a record; it is one all the same.
    static PANICS: Cell<usize> = const { Cell::new(0) };
}

/// A message that every queue takes, about nothing that there is.
const HEALTHY: &str = r#"{ "v": 1, "kind": "inbound_webhook", "id": "r", "account": "default", "reason": "webhook",
    "authenticated": "verified",
    "reservation_id": "res_00000000000000000000000000", "received_at": "2026-01-01T00:00:00Z",
    "content_type": "text/plain", "body": "" }"#;

/// A message: the name of its queue in the first line, then its body. A healthy one
/// follows it, and is not held up.
pub(crate) fn messages(input: &[u8]) {
    watch_panics();
    let text = String::from_utf8_lossy(input);
    let (queue, body) = text.split_once('\n').unwrap_or(("results", &text));
    let batch =
        json!({ "Records": [{ "messageId": "hostile", "body": body }, { "messageId": "healthy", "body": HEALTHY }] });
    let failed = WORLD.with(|world| {
        world.reset();
        items::stock(world);
        let failed = world.run(consume(world, queue, &batch));
        world.nothing_refused();
        failed
    });
    assert_eq!(PANICS.take(), 0, "a record panicked");
    assert!(failed.is_empty() || failed == ["hostile"], "{failed:?} failed");
    let is_message = match queue {
        "fulfilment" => read::<Fulfilment>(body),
        "score-checks" => read::<ScoreCheck>(body),
        _ => read::<ResultMessage>(body),
    };
    assert!(is_message || failed == ["hostile"], "what is no message counts as done");
}

async fn consume(world: &World, queue: &str, batch: &Value) -> Vec<String> {
    let hub = &world.hub;
    let answer = match queue {
        "fulfilment" => json!(fulfil::handle(hub, event(batch)).await),
        "score-checks" => score_poller::handle(hub, event(batch)).await.expect("an answer to a batch"),
        _ => json!(record_result::handle(hub, event(batch)).await),
    };
    let failures = answer["batchItemFailures"].as_array().expect("a list of failures");
    failures.iter().map(|failure| failure["itemIdentifier"].as_str().expect("an id").to_owned()).collect()
}

fn event<T: DeserializeOwned>(batch: &Value) -> LambdaEvent<T> {
    let deadline = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default() + Duration::from_secs(60);
    let mut context = Context::default();
    context.request_id = "fuzz".to_owned();
    context.deadline = u64::try_from(deadline.as_millis()).unwrap_or(u64::MAX);
    LambdaEvent::new(serde_json::from_value(batch.clone()).expect("a batch"), context)
}

/// Whether a body is a message; one that is reads back.
fn read<T: DeserializeOwned + Serialize + PartialEq>(body: &str) -> bool {
    message::parse::<T>(body).is_ok_and(|message| {
        bounds::reads_back(&message);
        true
    })
}

fn watch_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            PANICS.set(PANICS.get() + 1);
            before(panic);
        }));
    });
}
