//! `hubctl quarantine replay`.

use std::time::Duration;

use anyhow::{Context, bail};
use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use serde_json::json;
use shared::aws::{DynamoStore, SqsQueue};
use shared::vendors::itep::webhook::{self, Unreadable};
use shared_core::ports::{AuthOutcome, InboundWebhook, Quarantined, Queue, ResultMessage};

use super::{find, read, sender};
use crate::asking;
use crate::cli::{Replay, Reprocess};
use crate::context::{self, confirm};
use crate::output::Output;

pub(super) async fn run(store: &DynamoStore, out: Output, wanted: &Replay) -> anyhow::Result<()> {
    match &wanted.receipt {
        Some(receipt) => one(store, out, wanted, find(store, receipt).await?).await,
        None => all(store, out, wanted).await,
    }
}

async fn one(store: &DynamoStore, out: Output, wanted: &Replay, item: Quarantined) -> anyhow::Result<()> {
    let id = item.receipt.id.clone();
    let Some(checked) = next_check(&item, wanted) else {
        bail!("{id}: the hub has nothing to check its sender by; ask iTEP to confirm the report, then add --trust");
    };
    if wanted.dry_run {
        let json = json!({ "receipt_id": id, "replayed": false, "dry_run": true });
        return Ok(out.say(&json, &format!("{id} would be replayed. Nothing was sent."))?);
    }
    if wanted.trust {
        let sender = sender(&item.receipt);
        confirm(wanted.yes, &format!("Sender of {id}: {sender} ({}). Apply the report anyway?", item.why))?;
    }
    send(store, &context::queue()?, item, checked).await?;
    let lines = format!("Sent {id} for processing. If it fails again, it returns to the quarantine.");
    Ok(out.say(&json!({ "receipt_id": id, "replayed": true }), &lines)?)
}

async fn all(store: &DynamoStore, out: Output, wanted: &Replay) -> anyhow::Result<()> {
    // Read before the first is sent: what comes back is not sent again.
    let (items, _) = read(store, usize::MAX, |item| !item.is_handled() && wanted.filter.holds(item)).await?;
    send_all(store, out, wanted, items).await
}

async fn send_all(store: &DynamoStore, out: Output, wanted: &Replay, items: Vec<Quarantined>) -> anyhow::Result<()> {
    let (mut sent, mut unchecked) = (Vec::new(), Vec::new());
    let queue = context::queue()?;
    let bar = ProgressBar::new(items.len() as u64).with_style(style());
    for item in items {
        let id = item.receipt.id.clone();
        match next_check(&item, wanted) {
            None => unchecked.push(id),
            Some(checked) => {
                if !wanted.dry_run {
                    send(store, &queue, item, checked).await?;
                }
                sent.push(id);
            }
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    let (count, left) = (sent.len(), unchecked.len());
    let done = if wanted.dry_run {
        "would be replayed"
    } else {
        "sent for processing; reports that fail again return to the quarantine"
    };
    let mut lines = format!("{count} {done}.");
    if left > 0 {
        lines.push_str(&format!("\n{left} skipped: the hub has nothing to check their sender by; see --trust."));
    }
    let json = json!({ "dry_run": wanted.dry_run, "replayed": sent, "cannot_be_checked": unchecked });
    Ok(out.say(&json, &lines)?)
}

/// Sends those round again that can be read by now, as of when they came, with their
/// senders checked as ever.
pub(in crate::commands) async fn replay_readable(
    store: &DynamoStore,
    out: Output,
    wanted: &Reprocess,
) -> anyhow::Result<()> {
    let is_readable = |receipt: &InboundWebhook| webhook::parse_report(&receipt.content_type, &receipt.body).is_ok();
    let could_not = |item: &Quarantined| !item.is_handled() && Unreadable::is_reason(&item.why);
    let (items, _) = read(store, usize::MAX, |item| could_not(item) && is_readable(&item.receipt)).await?;
    if !wanted.dry_run && !items.is_empty() {
        confirm(wanted.yes, &format!("Reports that can be replayed: {}. Replay them?", items.len()))?;
    }
    let replay = Replay { dry_run: wanted.dry_run, ..Replay::default() };
    send_all(store, out, &replay, items).await
}

/// How a report goes round again: verified if it was, trusted if the operator
/// answers for it now, and else to be checked again; `None` where it cannot be.
fn next_check(item: &Quarantined, wanted: &Replay) -> Option<AuthOutcome> {
    if let (true, Some(by), Some(why)) = (wanted.trust, &wanted.by, &wanted.why) {
        return Some(AuthOutcome::Trusted { by: by.clone(), why: why.clone() });
    }
    match item.receipt.authenticated {
        AuthOutcome::Verified => Some(AuthOutcome::Verified),
        _ => (!item.receipt.credentials.is_empty()).then_some(AuthOutcome::Unchecked),
    }
}

/// Marked first: what fails again is kept anew, and must not be marked after that.
async fn send(store: &DynamoStore, queue: &SqsQueue, item: Quarantined, checked: AuthOutcome) -> anyhow::Result<()> {
    let marked = Quarantined { replayed_at: Some(Timestamp::now()), ..item.clone() };
    asking(store.mark_handled(&marked).await)?;
    let receipt = InboundWebhook { authenticated: checked, ..marked.receipt };
    let sent = queue.record(&ResultMessage::InboundWebhook(receipt), Duration::ZERO).await;
    if sent.is_err() {
        // It is still to be dealt with. Should it have been sent, twice does no harm.
        asking(store.mark_handled(&item).await)?;
    }
    asking(sent).with_context(|| format!("{} was not sent; try again", item.receipt.id))
}

fn style() -> ProgressStyle {
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} reports  {eta} left");
    style.unwrap_or_else(|_| ProgressStyle::default_bar())
}
