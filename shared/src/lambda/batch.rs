//! Working through a batch of queue messages: each record fails alone, and what
//! there is no time for is handed back.

use std::error::Error;
use std::time::Duration;

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use futures_util::FutureExt;
use serde::de::DeserializeOwned;

use super::telemetry::Causes;

/// Works through a batch one by one. A record that fails, panics, cannot be read
/// or finds no time left (`needs` is what one record may take) is reported, and
/// the queue delivers it again; the others are done.
pub async fn each<M, E, F>(
    event: SqsEvent,
    time_left: impl Fn() -> Duration,
    needs: Duration,
    handle: impl Fn(M) -> F,
) -> SqsBatchResponse
where
    M: DeserializeOwned,
    E: Error,
    F: Future<Output = Result<(), E>>,
{
    let mut response = SqsBatchResponse::default();
    for record in event.records {
        let done = if time_left() < needs { Err("no time left".to_owned()) } else { one(&record, &handle).await };
        if let Err(failure) = done {
            let message_id = record.message_id.unwrap_or_default();
            tracing::error!(message_id, failure, "a record failed and is handed back");
            response.batch_item_failures.push(failed(message_id));
        }
    }
    response
}

async fn one<M: DeserializeOwned, E: Error, F: Future<Output = Result<(), E>>>(
    record: &SqsMessage,
    handle: &impl Fn(M) -> F,
) -> Result<(), String> {
    let body = record.body.as_deref().unwrap_or_default();
    // The error's text may quote the message, which may hold a candidate's data.
    let message = serde_json::from_str(body).map_err(|e| format!("not a message of ours, at column {}", e.column()))?;
    match std::panic::AssertUnwindSafe(handle(message)).catch_unwind().await {
        Ok(done) => done.map_err(|e| Causes(&e).to_string()),
        Err(_) => Err("a panic, see the log line before".to_owned()),
    }
}

fn failed(item_identifier: String) -> BatchItemFailure {
    let mut failure = BatchItemFailure::default();
    failure.item_identifier = item_identifier;
    failure
}
