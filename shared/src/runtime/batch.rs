//! Processing a batch of queue messages: each record fails alone, and what there is no
//! time for is handed back.

use std::error::Error;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use futures_util::FutureExt;
use serde::de::DeserializeOwned;
use shared_core::domain::deadline::Deadline;
use shared_core::ports::{Clock, ErrorChain};

use crate::aws::message;

/// Processes a batch record by record. A record that fails, panics, cannot be read
/// or finds no time left (`needs` is what one record may take) is reported, and
/// the queue delivers it again; the others are done.
///
/// # Panics
/// After the batch, if a record failed that has no message id. SQS gives every
/// message one, and Lambda takes an empty one in an answer for a failure of the whole
/// batch: this says so itself. The runtime reports it, and nothing is taken off the queue.
pub async fn process_batch<M, E, F>(
    event: SqsEvent,
    clock: &impl Clock,
    deadline: Deadline,
    needs: Duration,
    handle: impl Fn(M) -> F,
) -> SqsBatchResponse
where
    M: DeserializeOwned,
    E: Error,
    F: Future<Output = Result<(), E>>,
{
    let (mut response, mut nameless) = (SqsBatchResponse::default(), false);
    for record in event.records {
        let done = if deadline.remaining(clock.now()) < needs {
            Err("no time left".to_owned())
        } else {
            process(&record, &handle).await
        };
        let Err(failure) = done else { continue };
        let message_id = record.message_id.unwrap_or_default();
        tracing::error!(message_id, failure, "record failed, handed back");
        match batch_item_failure(message_id) {
            Some(failure) => response.batch_item_failures.push(failure),
            None => nameless = true,
        }
    }
    assert!(!nameless, "a record failed that has no message id: the whole batch is handed back");
    response
}

async fn process<M: DeserializeOwned, E: Error, F: Future<Output = Result<(), E>>>(
    record: &SqsMessage,
    handle: &impl Fn(M) -> F,
) -> Result<(), String> {
    let message = message::parse(record.body.as_deref().unwrap_or_default()).map_err(|e| e.to_string())?;
    match AssertUnwindSafe(async { handle(message).await }).catch_unwind().await {
        Ok(done) => done.map_err(|e| ErrorChain(&e).to_string()),
        Err(_) => Err("a panic, see the log line before".to_owned()),
    }
}

fn batch_item_failure(item_identifier: String) -> Option<BatchItemFailure> {
    let mut failure = BatchItemFailure::default();
    failure.item_identifier = item_identifier;
    (!failure.item_identifier.is_empty()).then_some(failure)
}

#[cfg(test)]
mod tests;
