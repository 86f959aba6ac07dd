//! Each kind of item and message through the port that reads it, in the words of `expected.json`.

use std::cell::RefCell;
use std::future::ready;
use std::time::Duration;

use aws_lambda_events::sqs::SqsEvent;
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use shared::aws::DynamoStore;
use shared::aws::dynamodb::DynamoBreakers;
use shared::aws::message::Message;
use shared::aws::sqs::Fulfilment;
use shared::clock::SystemClock;
use shared::runtime::batch::process_batch;
use shared_core::domain::deadline::Deadline;
use shared_core::domain::ids::{Account, AccountName, Mode, ReservationId, Vendor, VendorReference};
use shared_core::domain::launch::LINK_WINDOW;
use shared_core::domain::limiter::{Caller, Levels, Plan, Priority, plan};
use shared_core::domain::reservation::Status;
use shared_core::domain::test_result::TestResult;
use shared_core::ports::{
    BackendError, BookingOutcome, Breakers, InboundWebhook, LinkCountOutcome, LinkCounts, ListQuery, Polls, Quarantine,
    RateLimits, ResultMessage, ScoreCheck, Store, Worklist,
};

/// Reads an item; null where today's code finds nothing there.
pub(super) async fn read_item(store: &DynamoStore, expected: &Value) -> Result<Value, BackendError> {
    let text = |field: &str| expected[field].as_str().unwrap_or_default();
    let (sk, keys) = (text("sk"), text("pk").split('#').collect::<Vec<_>>());
    let id = || keys[1].parse::<ReservationId>().unwrap();
    let account = || Account { vendor: keys[1].parse().unwrap(), name: keys[2].parse().unwrap() };
    let registered = |is_there: bool| json!({ "registered": is_there });
    Ok(match text("kind") {
        "reservation" => read_reservation(store, &id()).await?,
        "history" => document(&store.filed_entries(&id(), expected["seq"].as_u64().unwrap() - 1, 1).await?.0.first()),
        "raw_document" => {
            let kept = store.kept_documents(&id()).await?;
            let kept = kept.into_iter().find(|kept| kept.document.digest.as_str() == text("digest"));
            let Some(kept) = kept else { return Ok(Value::Null) };
            let (at, attempt) = kept.origin.map(|origin| (origin.observed_at, origin.attempt)).unzip();
            let bytes = kept.document.bytes.len();
            json!({ "digest": text("digest"), "bytes": bytes, "observed_at": at, "attempt": attempt })
        }
        "look_up_mark" => read_look_up(store, &id(), expected).await?,
        "launch_link_counter" => read_links(store, &id(), expected).await?,
        "reference_claim" => json!({ "owner": store.owner(&account(), keys[3]).await? }),
        "quarantined" => {
            let kept = store.quarantined(Mode::Live, None, 100).await?.items;
            let kept = kept.iter().find(|kept| kept.receipt.id.as_str() == text("id"));
            kept.map_or(Value::Null, |kept| describe_webhook(document(kept), &kept.receipt, expected))
        }
        "breaker" => document(&DynamoBreakers::new(store.clone(), Duration::ZERO).breaker(&account()).await?),
        "rate_limiter" => read_levels(store, &account().name).await?,
        "poll_mark" => read_poll(store, &account().name).await?,
        "poll_registry" => registered(store.accounts().await?.iter().any(|name| name.as_str() == sk)),
        "client" => document(&store.client(&text("id").parse().unwrap()).await?),
        "client_registry" => registered(store.clients().await?.iter().any(|client| client.id.as_str() == sk)),
        "api_key" => document(&store.key(text("key_id")).await?),
        "client_key_registry" => {
            let of_client = store.keys(&keys[1].parse().unwrap()).await?;
            registered(of_client.iter().any(|key| format!("KEY#{}", key.key_id) == sk))
        }
        kind => panic!("nothing reads a {kind}"),
    })
}

/// A document's fields, and the whole of it as it would be stored now.
fn document(document: &impl Serialize) -> Value {
    let value: AttributeValue = serde_dynamo::to_attribute_value(document).unwrap();
    let mut read = normalize(serde_dynamo::from_attribute_value(value).unwrap());
    if read.is_object() {
        read["whole"] = read.clone();
    }
    read
}

async fn read_reservation(store: &DynamoStore, id: &ReservationId) -> Result<Value, BackendError> {
    let Some(reservation) = store.reservation(id).await? else { return Ok(Value::Null) };
    assert_eq!(store.reservations(std::slice::from_ref(id)).await?, std::slice::from_ref(&reservation));
    let order = &reservation.order;
    let worklist = match (reservation.status(), reservation.vendor()) {
        (Status::InDoubt, _) => Worklist::InDoubt(Mode::Live),
        (_, Vendor::Itep) => Worklist::Unused(order.account.name.clone()),
        (_, Vendor::Truenorth) => Worklist::Open(order.account.name.clone()),
    };
    let client = |external_id| ListQuery { client: order.client.clone(), external_id, cursor: None, limit: 100 };
    let of_candidate = client(Some(order.candidate.as_ref().unwrap().external_id.expose().clone()));
    assert!(store.list(&client(None)).await?.items.contains(id), "{id} is not listed");
    assert!(store.list(&of_candidate).await?.items.contains(id), "{id} is not listed with its candidate");
    let overall = |result: Option<&TestResult>| result.and_then(|result| result.overall.as_ref()?.value);
    let overalls: Vec<_> = reservation.attempts.iter().map(|attempt| overall(attempt.result.as_ref())).collect();
    Ok(json!({
        "id": reservation.id(),
        "vendor": reservation.vendor(),
        "status": reservation.status(),
        "reason": reservation.reason,
        "version": reservation.version,
        "seq": reservation.seq,
        "calls": reservation.calls,
        "reference": reservation.reference.as_ref().map(VendorReference::test),
        "attempts": reservation.attempts.len(),
        "attempt_overalls": overalls,
        "overall": overall(reservation.result()),
        "unreadable": reservation.attempt().unreadable,
        "overdue": reservation.is_overdue(),
        "surplus": reservation.surplus.len(),
        "released": reservation.released.len(),
        "evidence": reservation.evidence.len(),
        "sealed": reservation.request_digest.is_some(),
        "due": store.due(Timestamp::MAX, 100).await?.contains(id),
        "worklist": store.worklist(&worklist, None, 100).await?.items.contains(id),
        "whole": document(&reservation)["whole"],
    }))
}

async fn read_look_up(store: &DynamoStore, id: &ReservationId, expected: &Value) -> Result<Value, BackendError> {
    let (mark, interval) = (expected["looked_up_at"].as_i64().unwrap(), Duration::from_secs(30));
    let early = store.may_look_up(id, at(mark - 1) + interval, interval).await?;
    let in_time = store.may_look_up(id, at(mark) + interval, interval).await?;
    Ok(json!({ "looked_up_at": (!early && in_time).then_some(mark) }))
}

/// Each refusal tells when the third last link was given.
async fn read_links(store: &DynamoStore, id: &ReservationId, expected: &Value) -> Result<Value, BackendError> {
    let (first, window) = (expected["first_ms"].as_i64().unwrap(), LINK_WINDOW.as_millis() as i64);
    let mut third_last = Vec::new();
    for now in [first, expected["second_ms"].as_i64().unwrap() + window] {
        store.count_link(id, at(now)).await?;
        let LinkCountOutcome::TooMany { retry_after } = store.count_link(id, at(now)).await? else {
            return Ok(Value::Null);
        };
        third_last.push(now + retry_after.as_millis() as i64 - window);
    }
    Ok(json!({ "second_ms": third_last[0], "first_ms": third_last[1] }))
}

/// Its token is named if what is kept of it still proves it.
fn describe_webhook(mut read: Value, webhook: &InboundWebhook, expected: &Value) -> Value {
    let (token, credentials) = (expected["token"].as_str().unwrap_or_default(), &webhook.credentials);
    let is_token = credentials.has_token(&webhook.id, token);
    read["id"] = json!(webhook.id);
    read["account"] = json!(webhook.account);
    read["authenticated"] = json!(webhook.authenticated);
    read["body_bytes"] = json!(webhook.body.len());
    read["headers"] = json!(credentials.headers.len());
    read["token"] = json!(if is_token { Some(token) } else { credentials.token.as_deref() });
    read
}

/// A booking that cannot fit is answered with the levels.
async fn read_levels(store: &DynamoStore, account: &AccountName) -> Result<Value, BackendError> {
    let nobody = Caller { priority: Priority::Purchase, client: None };
    let Plan::Book(booking) = plan(&Levels::default(), nobody, 0) else { return Ok(Value::Null) };
    Ok(match store.book(account, &booking).await? {
        BookingOutcome::Stale(Levels { slot, bucket, shares }) => {
            json!({ "slot_ms": slot, "bucket_ms": bucket, "shares": shares })
        }
        BookingOutcome::Done(_) => Value::Null,
    })
}

/// Whoever holds a lease holds it in 1970 too, and no longer at the end of time.
async fn read_poll(store: &DynamoStore, account: &AccountName) -> Result<Value, BackendError> {
    let long_ago = store.begin(account, Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH).await?;
    let mark = store.begin(account, Timestamp::MAX, Timestamp::MAX).await?;
    let Some(mark) = mark else { return Ok(Value::Null) };
    Ok(json!({ "leased": long_ago.is_none(), "seen_to": mark.seen_to, "cursor": mark.cursor }))
}

/// Has a message processed as the functions do; null if they hand it back.
pub(super) async fn read_message(queue: &str, body: &str, expected: &Value) -> Value {
    match queue {
        "fulfilment" => process(body, |message: Fulfilment| document(&Message::new(message))).await,
        "score-checks" => process(body, |message: ScoreCheck| document(&Message::new(message))).await,
        _ => {
            let describe = |message: ResultMessage| {
                let document = document(&Message::new(&message));
                match &message {
                    ResultMessage::InboundWebhook(webhook) => describe_webhook(document, webhook, expected),
                    _ => document,
                }
            };
            process(body, describe).await
        }
    }
}

async fn process<M: DeserializeOwned>(body: &str, describe: impl Fn(M) -> Value) -> Value {
    let event: SqsEvent = serde_json::from_value(json!({ "Records": [{ "messageId": "1", "body": body }] })).unwrap();
    let read = RefCell::new(Value::Null);
    let handle = |message| {
        read.replace(describe(message));
        ready(Ok::<(), BackendError>(()))
    };
    process_batch(event, &SystemClock, Deadline::at(Timestamp::MAX), Duration::ZERO, handle).await;
    read.into_inner()
}

/// Without what is written in two ways and means the same: nothing, and a digest's scheme.
pub(super) fn normalize(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let fields = fields.into_iter().filter(|(_, value)| !value.is_null());
            fields.map(|(name, value)| (name, normalize(value))).collect()
        }
        Value::Array(values) => values.into_iter().map(normalize).collect(),
        Value::String(text) => json!(text.strip_prefix("sha256:").unwrap_or(&text)),
        other => other,
    }
}

fn at(milliseconds: i64) -> Timestamp {
    Timestamp::from_millisecond(milliseconds).unwrap()
}
