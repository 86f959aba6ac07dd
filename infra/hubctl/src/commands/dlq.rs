//! `hubctl dlq`.

use serde_json::{Value, json};
use shared::aws::{DeadLetterQueue, DeadLetters};

use crate::cli::{DlqCommand, QueueName};
use crate::output::Output;
use crate::{asking, context, missing};

pub(crate) async fn run(out: Output, command: &DlqCommand) -> anyhow::Result<()> {
    match command {
        DlqCommand::List => list(out).await,
        DlqCommand::Redrive { queue, limit } => redrive(out, *queue, usize::from(*limit)).await,
    }
}

async fn list(out: Output) -> anyhow::Result<()> {
    let (mut data, mut rows): (Vec<Value>, _) = (Vec::new(), Vec::new());
    for queue in DeadLetterQueue::ALL {
        let count = asking(dead_letters(queue)?.count().await)?;
        data.push(json!({ "queue": queue.name(), "messages": count.visible, "in_flight": count.in_flight }));
        rows.push(vec![queue.name().to_owned(), count.visible.to_string(), count.in_flight.to_string()]);
    }
    Ok(out.say(&json!({ "data": data }), &out.table(&["QUEUE", "MESSAGES", "IN FLIGHT"], &rows))?)
}

async fn redrive(out: Output, queue: QueueName, limit: usize) -> anyhow::Result<()> {
    let queue = match queue {
        QueueName::Fulfilment => DeadLetterQueue::Fulfilment,
        QueueName::Results => DeadLetterQueue::Results,
        QueueName::ScoreChecks => DeadLetterQueue::ScoreChecks,
    };
    let sent = asking(dead_letters(queue)?.redrive(limit).await)?;
    let lines = match sent {
        0 => format!("No messages to send back to {}.", queue.name()),
        1 => format!("Sent 1 message back to {}.", queue.name()),
        sent => format!("Sent {sent} messages back to {}.", queue.name()),
    };
    Ok(out.say(&json!({ "queue": queue.name(), "sent": sent }), &lines)?)
}

fn dead_letters(queue: DeadLetterQueue) -> anyhow::Result<DeadLetters> {
    DeadLetters::new(queue, context::clients()?).map_err(|unset| missing(&unset))
}
