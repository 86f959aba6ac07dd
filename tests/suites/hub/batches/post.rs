//! Posting messages to the stack's queues, and seeing what becomes of them.

use std::time::{Duration, Instant};

use aws_sdk_sqs::types::{Message, MessageSystemAttributeName, QueueAttributeName, SendMessageBatchRequestEntry};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use shared::aws::message;
use shared::aws::{AwsClients, DeadLetterQueue};
use shared_core::domain::ids::{ReservationId, VendorReference};
use shared_core::domain::order::Order;
use shared_core::domain::reservation::{CallOutcome, Reservation};
use shared_core::ports::{ResultMessage, Store};
use tokio::sync::Mutex;

use crate::in_process::{self, Hub};
use crate::webhooks::{self, form};
use crate::world::World;

/// Held by the one test at a time that puts dead letters somewhere or takes them away.
pub(crate) static DEAD_LETTERS: Mutex<()> = Mutex::const_new(());

/// How long a test waits: for five deliveries, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(180);

/// How long a message that was handed back stays away in a hurry, in seconds: longer than any
/// function of the stack takes, so that nobody's message is delivered while it is being handled.
const VISIBILITY: &str = "10";

/// One queue of the stack, and its dead letters.
pub(crate) struct Post {
    /// Who works through the queue.
    consumer: &'static str,
    aws: AwsClients,
    url: String,
}

impl Post {
    pub(crate) fn of(queue: DeadLetterQueue) -> Self {
        let (variable, consumer) = match queue {
            DeadLetterQueue::Fulfilment => ("FULFILMENT_QUEUE_URL", "fulfil"),
            DeadLetterQueue::Results => ("RESULTS_QUEUE_URL", "record-result"),
            DeadLetterQueue::ScoreChecks => ("SCORE_CHECKS_QUEUE_URL", "score-poller"),
        };
        let aws = AwsClients::from_env().expect("the stack's environment");
        Self { consumer, aws, url: std::env::var(variable).expect("the stack's environment") }
    }

    fn dead_letters(&self) -> String {
        format!("{}-dlq", self.url)
    }

    /// Posts messages in one call, and returns their ids.
    pub(crate) async fn post(&self, bodies: &[String]) -> Vec<String> {
        self.post_to(&self.url, bodies).await
    }

    pub(crate) async fn bury(&self, bodies: &[String]) {
        self.post_to(&self.dead_letters(), bodies).await;
    }

    async fn post_to(&self, url: &str, bodies: &[String]) -> Vec<String> {
        let entry = |(n, body): (usize, &String)| {
            SendMessageBatchRequestEntry::builder().id(n.to_string()).message_body(body).build().expect("an entry")
        };
        let entries = bodies.iter().enumerate().map(entry).collect();
        let sending = self.aws.sqs().send_message_batch().queue_url(url).set_entries(Some(entries));
        let mut sent = sending.send().await.expect("a sent batch").successful;
        assert_eq!(sent.len(), bodies.len());
        sent.sort_by_key(|it| it.id.parse::<usize>().expect("our number"));
        sent.into_iter().map(|it| it.message_id).collect()
    }

    /// Has the queue deliver again soon what was handed back: a machine that is busy
    /// with other tests may fail a delivery. Returns what to call [`Self::slow_down`] with.
    pub(crate) async fn hurry(&self) -> String {
        let usual = self.attribute(QueueAttributeName::VisibilityTimeout).await;
        self.set_visibility(VISIBILITY).await;
        usual
    }

    pub(crate) async fn slow_down(&self, usual: &str) {
        self.set_visibility(usual).await;
    }

    async fn attribute(&self, name: QueueAttributeName) -> String {
        let asked = self.aws.sqs().get_queue_attributes().queue_url(&self.url).attribute_names(name.clone());
        let answer = asked.send().await.expect("the queue");
        answer.attributes().and_then(|all| all.get(&name)).expect("the attribute").clone()
    }

    async fn set_visibility(&self, seconds: &str) {
        let set = self.aws.sqs().set_queue_attributes().queue_url(&self.url);
        set.attributes(QueueAttributeName::VisibilityTimeout, seconds).send().await.expect("the queue");
    }

    /// Waits for so many dead letters, and takes away whatever there is by then.
    pub(crate) async fn exhume(&self, count: usize) -> Vec<Message> {
        let (deadline, url, sqs) = (Instant::now() + PATIENCE, self.dead_letters(), self.aws.sqs());
        let mut found: Vec<Message> = Vec::new();
        loop {
            let asked = sqs.receive_message().queue_url(&url).max_number_of_messages(10).wait_time_seconds(1);
            let asked = asked.message_system_attribute_names(MessageSystemAttributeName::All);
            // What is not received or taken away by a busy machine comes again.
            let batch = asked.send().await.map(|answer| answer.messages.unwrap_or_default());
            if found.len() >= count && batch.as_ref().is_ok_and(Vec::is_empty) {
                return found;
            }
            assert!(Instant::now() < deadline, "{count} dead letters are not there: {found:#?}, {batch:?}");
            for message in batch.unwrap_or_default() {
                let handle = message.receipt_handle.clone();
                let _ = sqs.delete_message().queue_url(&url).set_receipt_handle(handle).send().await;
                if found.iter().all(|known| known.message_id != message.message_id) {
                    found.push(message);
                }
            }
        }
    }

    /// Every line of the consumer's log since a moment that holds all these words.
    pub(crate) async fn logged(&self, world: &World, since: Timestamp, words: &[&str]) -> Vec<String> {
        let mut lines = world.log_lines(&world.log_group(self.consumer), since).await;
        lines.retain(|line| words.iter().all(|word| line.contains(word)));
        lines
    }

    /// Waits until the consumer's log holds so many lines with all these words.
    pub(crate) async fn until_logged(&self, world: &World, since: Timestamp, words: &[&str], times: usize) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let lines = self.logged(world, since, words).await;
            if lines.len() >= times {
                return;
            }
            assert!(Instant::now() < deadline, "{words:?} not {times} times in the log: {lines:#?}");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}

/// Reservations that wait to be bought, and are due so late that only a message of the
/// test's can bring it about.
pub(crate) async fn waiting(hub: &Hub, world: &World, count: usize) -> Vec<ReservationId> {
    let pattern = in_process::order(hub, world).await;
    let (now, mut ids) = (Timestamp::now(), Vec::new());
    for n in 0..count {
        let id = ReservationId::derive(&pattern.client, &format!("waiting-{n}"));
        let reservation = Reservation::queued(Order { id: id.clone(), ..pattern.clone() }, now, now);
        hub.store.insert(&reservation).await.expect("storage");
        hub.store.postpone(&reservation, now + SignedDuration::from_secs(900)).await.expect("storage");
        ids.push(id);
    }
    ids
}

/// A message for `fulfil`.
pub(crate) fn order(id: &impl ToString) -> String {
    json!({ "v": 1, "reservation_id": id.to_string() }).to_string()
}

/// A message for `record-result`: this document of iTEP's, under a receipt's id.
pub(crate) fn report(world: &World, receipt: &str, data: &str) -> String {
    report_of(world, receipt, data, 0)
}

/// The same with a body of so many bytes, if the document is shorter: it ends in spaces then.
pub(crate) fn report_of(world: &World, receipt: &str, data: &str, bytes: usize) -> String {
    let form = form(data);
    let padding = "+".repeat(bytes.saturating_sub(form.len()));
    let receipt = webhooks::receipt(world, &format!("{}-{receipt}", world.account), form + &padding);
    serde_json::to_string(&message::Message::new(ResultMessage::InboundWebhook(receipt))).expect("a message")
}

/// A message for `record-result`: a purchase's first call brought this test of iTEP's.
pub(crate) fn outcome(id: &str, test: &str) -> String {
    let outcome = CallOutcome::Confirmed { reference: VendorReference::itep(test), launch: None };
    let reservation_id = id.parse().expect("a reservation's id");
    let message = ResultMessage::Outcome { reservation_id, call_no: 1, outcome };
    serde_json::to_string(&message::Message::new(message)).expect("a message")
}

/// A message for `score-poller`.
pub(crate) fn check(world: &World, id: &impl ToString, reason: &str) -> String {
    json!({ "v": 1, "account": world.account, "reservation_id": id.to_string(), "reason": reason }).to_string()
}
