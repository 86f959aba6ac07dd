//! Messages that their consumer failed on again and again, for the operator.

use aws_sdk_sqs::types::{Message, QueueAttributeName};
use shared_core::ports::BackendError;

use super::clients::{AwsClients, MissingVariable, variable};
use super::sdk_error;

/// How many messages SQS hands out at once.
const BATCH: i32 = 10;
/// How long SQS looks for messages, in seconds.
const WAIT: i32 = 1;
/// How long a message is ours while it is sent back, in seconds.
const VISIBILITY: i32 = 60;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeadLetterQueue {
    /// `fulfilment-dlq`.
    Fulfilment,
    /// `results-dlq`.
    Results,
    /// `score-checks-dlq`.
    ScoreChecks,
}

impl DeadLetterQueue {
    pub const ALL: [Self; 3] = [Self::Fulfilment, Self::Results, Self::ScoreChecks];

    /// The name of the queue that its messages come from.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fulfilment => "fulfilment",
            Self::Results => "results",
            Self::ScoreChecks => "score-checks",
        }
    }

    fn variable(self) -> &'static str {
        match self {
            Self::Fulfilment => "FULFILMENT_QUEUE_URL",
            Self::Results => "RESULTS_QUEUE_URL",
            Self::ScoreChecks => "SCORE_CHECKS_QUEUE_URL",
        }
    }
}

/// One dead-letter queue and where its messages belong.
#[derive(Debug, Clone)]
pub struct DeadLetters {
    clients: AwsClients,
    queue: String,
    dead_letters: String,
}

/// How many messages a queue has, as SQS estimates it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    pub visible: u64,
    /// Handed out to somebody.
    pub in_flight: u64,
}

impl DeadLetters {
    /// The dead letters of a queue: beside it, with `-dlq` after its name, as the
    /// template names it.
    ///
    /// # Errors
    /// The variable with the queue's address is not set.
    pub fn new(queue: DeadLetterQueue, clients: AwsClients) -> Result<Self, MissingVariable> {
        let queue = variable(queue.variable())?;
        Ok(Self { clients, dead_letters: format!("{queue}-dlq"), queue })
    }

    /// How many there are.
    ///
    /// # Errors
    /// SQS could not be asked.
    pub async fn count(&self) -> Result<Count, BackendError> {
        use QueueAttributeName::{
            ApproximateNumberOfMessages as Visible, ApproximateNumberOfMessagesNotVisible as InFlight,
        };
        let operation = "count dead letters";
        let asked = self.clients.sqs().get_queue_attributes().queue_url(&self.dead_letters);
        let answer =
            asked.attribute_names(Visible).attribute_names(InFlight).send().await.map_err(sdk_error(operation))?;
        let number = |name| answer.attributes().and_then(|all| all.get(&name)?.parse().ok()).unwrap_or_default();
        Ok(Count { visible: number(Visible), in_flight: number(InFlight) })
    }

    /// Sends up to so many messages back to their queue and returns how many.
    /// Each is sent before it is taken away: stopped in between it is there twice,
    /// which its consumer bears.
    ///
    /// # Errors
    /// SQS failed; what was sent until then stays sent.
    pub async fn redrive(&self, limit: usize) -> Result<usize, BackendError> {
        let mut sent = 0;
        while sent < limit {
            let batch = self.receive(limit - sent).await?;
            if batch.is_empty() {
                break;
            }
            for message in &batch {
                self.send_back(message).await?;
                sent += 1;
            }
        }
        Ok(sent)
    }

    async fn receive(&self, limit: usize) -> Result<Vec<Message>, BackendError> {
        let limit = i32::try_from(limit).unwrap_or(BATCH).min(BATCH);
        let asked = self.clients.sqs().receive_message().queue_url(&self.dead_letters);
        let asked = asked.max_number_of_messages(limit).wait_time_seconds(WAIT).visibility_timeout(VISIBILITY);
        let answer = asked.send().await.map_err(sdk_error("receive dead letters"))?;
        Ok(answer.messages.unwrap_or_default())
    }

    async fn send_back(&self, message: &Message) -> Result<(), BackendError> {
        let sqs = self.clients.sqs();
        let body = message.body().unwrap_or_default();
        let sending = sqs.send_message().queue_url(&self.queue).message_body(body);
        sending.send().await.map_err(sdk_error("send a dead letter back"))?;
        let deleting = sqs.delete_message().queue_url(&self.dead_letters);
        let deleting = deleting.set_receipt_handle(message.receipt_handle.clone());
        deleting.send().await.map(drop).map_err(sdk_error("take a dead letter away"))
    }
}
