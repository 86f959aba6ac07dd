//! The queues.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use shared_core::domain::ids::ReservationId;
use shared_core::ports::{BackendError, BackendErrorKind, Queue, ResultMessage, ScoreCheck};

use super::clients::{AwsClients, MissingVariable, variable};
use super::message::Message;
use super::{corrupt, sdk_error};

/// The longest that SQS delays a message.
const LONGEST_DELAY: Duration = Duration::from_secs(900);
/// The largest message in bytes: 256 KiB, whatever newer queues may take.
const LARGEST: usize = 256 * 1024;

/// The queues' addresses. Each function has those that it uses.
#[derive(Debug, Clone, Default)]
pub struct QueueUrls {
    /// `FULFILMENT_QUEUE_URL`.
    pub fulfilment: Option<String>,
    /// `RESULTS_QUEUE_URL`.
    pub results: Option<String>,
    /// `SCORE_CHECKS_QUEUE_URL`.
    pub score_checks: Option<String>,
}

impl QueueUrls {
    /// Reads those that are set.
    pub fn from_env() -> Self {
        Self {
            fulfilment: variable("FULFILMENT_QUEUE_URL").ok(),
            results: variable("RESULTS_QUEUE_URL").ok(),
            score_checks: variable("SCORE_CHECKS_QUEUE_URL").ok(),
        }
    }
}

/// What travels on the `fulfilment` queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fulfilment {
    pub reservation_id: ReservationId,
}

/// [`Queue`] over SQS.
#[derive(Debug, Clone)]
pub struct SqsQueue {
    clients: AwsClients,
    urls: QueueUrls,
}

impl SqsQueue {
    /// The queues at these addresses.
    pub fn new(clients: AwsClients, urls: QueueUrls) -> Self {
        Self { clients, urls }
    }

    /// The queues that the environment names; see [`QueueUrls::from_env`].
    pub fn from_env(clients: AwsClients) -> Self {
        Self::new(clients, QueueUrls::from_env())
    }

    async fn send(
        &self,
        operation: &'static str,
        url: Result<&String, MissingVariable>,
        body: impl Serialize,
        delay: Duration,
    ) -> Result<(), BackendError> {
        let url = url.map_err(|error| BackendError::unavailable(operation, error))?;
        let body = serde_json::to_string(&Message::new(body)).map_err(corrupt(operation))?;
        if body.len() > LARGEST {
            return Err(BackendError::new(
                BackendErrorKind::TooLarge,
                operation,
                format!("a message of {} bytes", body.len()),
            ));
        }
        let delay = delay.min(LONGEST_DELAY).as_secs_f64().ceil() as i32;
        let message = self.clients.sqs().send_message().queue_url(url).message_body(body);
        let message = message.set_delay_seconds((delay > 0).then_some(delay));
        message.send().await.map(drop).map_err(sdk_error(operation))
    }
}

impl Queue for SqsQueue {
    async fn fulfil(&self, id: &ReservationId) -> Result<(), BackendError> {
        let url = self.urls.fulfilment.as_ref().ok_or(MissingVariable("FULFILMENT_QUEUE_URL"));
        let message = Fulfilment { reservation_id: id.clone() };
        self.send("queue a fulfilment", url, message, Duration::ZERO).await
    }

    async fn record(&self, message: &ResultMessage, delay: Duration) -> Result<(), BackendError> {
        let url = self.urls.results.as_ref().ok_or(MissingVariable("RESULTS_QUEUE_URL"));
        self.send("queue a result", url, message, delay).await
    }

    async fn check_score(&self, check: &ScoreCheck, delay: Duration) -> Result<(), BackendError> {
        let url = self.urls.score_checks.as_ref().ok_or(MissingVariable("SCORE_CHECKS_QUEUE_URL"));
        self.send("queue a score check", url, check, delay).await
    }
}

#[cfg(test)]
mod tests;
