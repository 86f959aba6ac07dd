//! Waiting until nothing moves any more.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::json;

use super::books::{self, Books};
use super::operator::{self, Done};
use super::stack::{Stack, Vendor};

/// The shortest pause between two looks.
const PAUSE: Duration = Duration::from_millis(1500);
/// With more messages than these under way, the table need not be looked at to know that something moves.
const BUSY: u64 = 25;

/// What there is to wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Until {
    /// Every purchase is settled, but for iTEP's that only a report, a file or the operator can settle.
    Settled,
    /// The same, and every result is there but for iTEP's in doubt.
    Graded,
}

/// Waits, running the schedules' functions a little more often than the schedules do, and sending dead letters back.
/// True if it came about in time.
pub(crate) async fn wait(
    stack: &Stack,
    until: Until,
    deadline: Instant,
    done: &mut Done,
    progress: impl Fn(&str),
) -> Result<bool> {
    for round in 1.. {
        stack.run("expire-reservations").await?;
        if round % 8 == 0 {
            stack.run("score-poller").await?;
            operator::redrive(stack, done).await?;
        }
        let asked = Instant::now();
        let waiting = waiting(stack).await?;
        if waiting.all > BUSY {
            progress(&format!("{} messages wait", waiting.all));
        } else {
            let open = open(&books::read(stack, false).await?, until);
            progress(&format!("{}{} messages wait", told(&open), waiting.all));
            // A message on another queue whose reservation is settled does nothing any more.
            let matter = if until == Until::Graded { waiting.all } else { waiting.results };
            if open.is_empty() && matter == 0 {
                return Ok(true);
            }
        }
        if Instant::now() >= deadline {
            break;
        }
        // A look at the whole table takes its time; the hub gets as much.
        tokio::time::sleep(asked.elapsed().max(PAUSE)).await;
    }
    Ok(false)
}

fn told(open: &BTreeMap<String, u64>) -> String {
    open.iter().map(|(state, count)| format!("{count} {state}, ")).collect()
}

/// What is still to come, by state.
fn open(books: &Books, until: Until) -> BTreeMap<String, u64> {
    let mut open = BTreeMap::new();
    for reservation in books.values() {
        let state = reservation.state.as_str();
        let is_open = match (state, until) {
            ("completed" | "rejected", _) => false,
            ("in_doubt", _) => reservation.vendor == Vendor::Truenorth,
            ("queued" | "calling", _) => true,
            (_, until) => until == Until::Graded,
        };
        if is_open {
            *open.entry(state.to_owned()).or_default() += 1;
        }
    }
    open
}

/// Messages on the queues or being handled.
struct Waiting {
    all: u64,
    /// On the queue that settles doubt, and on its dead letters.
    results: u64,
}

async fn waiting(stack: &Stack) -> Result<Waiting> {
    let mut waiting = Waiting { all: 0, results: 0 };
    for url in &stack.queues {
        let count = depth(stack, url).await? + depth(stack, &format!("{url}-dlq")).await?;
        waiting.all += count;
        waiting.results += if url.ends_with("results") { count } else { 0 };
    }
    Ok(waiting)
}

async fn depth(stack: &Stack, url: &str) -> Result<u64> {
    let names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"];
    let body = json!({ "QueueUrl": url, "AttributeNames": names });
    let answer = stack.aws("sqs", "AmazonSQS.GetQueueAttributes", &body).await?;
    let count = |name: &&str| answer["Attributes"][*name].as_str().and_then(|text| text.parse::<u64>().ok());
    Ok(names.iter().filter_map(count).sum())
}
