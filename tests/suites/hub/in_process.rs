//! The functions within the test's own process, over the stack's real storage and
//! queues: to count their calls, and to let them meet in chosen moments.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use lambda_http::{Body, Request, RequestExt};
use lambda_runtime::Context;
use serde_json::{Value, json};
use shared::aws::CallCounter;
use shared::aws::clients::{AwsClients, AwsClientsBuilder};
use shared::hub::Vendors;
use shared::settings::Settings;
use shared_core::domain::ids::ReservationId;
use shared_core::domain::order::Order;
use shared_core::domain::reservation::Reservation;
use shared_core::ports::Store;

use crate::world::{Answer, World};

/// The hub, with all that any function may need of it.
pub(crate) type Hub = shared::hub::Hub<Vendors>;

pub(crate) fn hub() -> Hub {
    Hub::new(settings(), AwsClients::from_env().expect("the stack's environment"))
}

/// A hub of the test's own whose calls to AWS are counted.
pub(crate) fn counted() -> (Hub, CallCounter) {
    let counter = CallCounter::default();
    let clients = AwsClientsBuilder::from_env().expect("the stack's environment").interceptor(counter.clone()).build();
    // A slow machine must not make a breaker stale between two calls that are counted.
    let settings = Settings { breaker_ttl: Duration::from_secs(600), ..settings() };
    (Hub::new(settings, clients), counter)
}

pub(crate) fn settings() -> Settings {
    Settings::from_env().expect("the stack's environment")
}

/// The context of a fresh invocation with a minute to live.
pub(crate) fn context() -> Context {
    context_ending_in(Duration::from_secs(60))
}

/// The context of a fresh invocation that is ended after so long.
pub(crate) fn context_ending_in(time: Duration) -> Context {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a time after 1970");
    let mut context = Context::default();
    context.request_id = format!("test-{}", now.as_nanos());
    context.deadline = (now + time).as_millis() as u64;
    context
}

/// What was counted, in one line.
pub(crate) fn told(counts: &BTreeMap<String, u64>) -> String {
    counts.iter().map(|(name, count)| format!("{count} {name}")).collect::<Vec<_>>().join(" + ")
}

pub(crate) async fn provision(
    hub: &Hub,
    world: &World,
    method: &str,
    path: &str,
    order: Option<(&str, &Value)>,
) -> Answer {
    let mut request = lambda_http::http::Request::builder()
        .method(method)
        .uri(format!("https://hub.example{path}"))
        .header("authorization", format!("Bearer {}", world.key));
    if let Some((key, _)) = order {
        request = request.header("idempotency-key", key).header("content-type", "application/json");
    }
    let body = order.map_or(Body::Empty, |(_, order)| Body::Text(order.to_string()));
    let request = request.body(body).expect("a request").with_raw_http_path(path);
    answer(provision::handle(hub, request.with_lambda_context(context())).await)
}

/// A response as the tests read it.
pub(crate) fn answer(response: lambda_http::Response<Body>) -> Answer {
    let (parts, body) = response.into_parts();
    let body = serde_json::from_slice(body.as_ref()).unwrap_or(Value::Null);
    let status = reqwest::StatusCode::from_u16(parts.status.as_u16()).expect("a status");
    Answer { status, headers: parts.headers, body }
}

/// A batch of messages for a function, the first of them `m0`.
pub(crate) fn batch(bodies: &[String]) -> SqsEvent {
    let record = |(n, body)| json!({ "messageId": format!("m{n}"), "body": body });
    event(bodies.iter().enumerate().map(record).collect())
}

pub(crate) fn event(records: Vec<Value>) -> SqsEvent {
    serde_json::from_value(json!({ "Records": records })).expect("a batch")
}

/// The records that a function hands back.
pub(crate) fn failures(response: &SqsBatchResponse) -> Vec<&str> {
    response.batch_item_failures.iter().map(|failure| failure.item_identifier.as_str()).collect()
}

/// An iTEP webhook request, as `itep-webhook` gets it.
pub(crate) fn request(path: &str, content_type: &str, body: &[u8]) -> Request {
    lambda_http::http::Request::builder()
        .method("POST")
        .uri(format!("https://hub.example{path}"))
        .header("content-type", content_type)
        .body(Body::Binary(body.to_vec()))
        .expect("a request")
        .with_raw_http_path(path)
        .with_lambda_context(context())
}

/// A reservation as the hub keeps it.
pub(crate) async fn stored(hub: &Hub, id: &str) -> Reservation {
    let id = id.parse().expect("an id");
    hub.store.reservation(&id).await.expect("storage").expect("the reservation")
}

/// An order as `provision` would make it: that of a reservation which it made.
pub(crate) async fn order(hub: &Hub, world: &World) -> Order {
    let bought = provision(hub, world, "POST", "/v1/reservations", Some(("pattern", &world.itep_order()))).await;
    let pattern = stored(hub, &bought.id()).await.order;
    Order { id: ReservationId::derive(&pattern.client, "made-by-the-test"), ..pattern }
}
