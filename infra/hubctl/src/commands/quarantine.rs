//! `hubctl quarantine`.

use std::time::Duration;

use anyhow::{Context, bail};
use jiff::Timestamp;
use serde_json::{Value, json};
use shared::aws::DynamoStore;
use shared::core::domain::ids::ReceiptId;
use shared::core::ports::{AuthOutcome, Quarantine, Quarantined, Queue, Receipt, ResultMessage};

use crate::asking;
use crate::cli::{Listing, QuarantineCommand, Replay};
use crate::desk::{self, confirm};
use crate::output::{Output, age, excerpt, or_dash, time};

/// How many are read at once: their bodies come with them.
const PAGE: usize = 25;

pub(crate) async fn run(store: &DynamoStore, out: Output, command: &QuarantineCommand) -> anyhow::Result<()> {
    match command {
        QuarantineCommand::List(listing) => list(store, out, listing).await,
        QuarantineCommand::Replay(wanted) => replay(store, out, wanted).await,
    }
}

/// Marked first: what fails again is kept anew, and must not be marked after that.
async fn replay(store: &DynamoStore, out: Output, wanted: &Replay) -> anyhow::Result<()> {
    let id = &wanted.receipt;
    let item = find(store, id).await?.with_context(|| format!("there is no report {id} in the quarantine"))?;
    let authenticated = authentication(&item, wanted)?;
    let queue = desk::queue()?;
    asking(store.mark_replayed(&item, Timestamp::now()).await)?;
    let receipt = Receipt { authenticated, ..item.receipt };
    asking(queue.record(&ResultMessage::Receipt(receipt), Duration::ZERO).await)?;
    let lines = format!("{id} is on its way. If it cannot be used, it comes back to the quarantine.");
    Ok(out.say(&json!({ "receipt_id": id, "replayed": true }), &lines)?)
}

/// How a report goes round again: verified if it was, trusted if the operator
/// answers for it now, and else to be checked again, where that can be done.
fn authentication(item: &Quarantined, wanted: &Replay) -> anyhow::Result<AuthOutcome> {
    let receipt = &item.receipt;
    if let (true, Some(by), Some(why)) = (wanted.trust, &wanted.by, &wanted.why) {
        let question = format!(
            "The sender of {} ({}) is {}. Apply what it says all the same?",
            receipt.id,
            item.why,
            sender(receipt)
        );
        confirm(wanted.yes, &question)?;
        return Ok(AuthOutcome::Trusted { by: by.clone(), why: why.clone() });
    }
    match receipt.authenticated {
        AuthOutcome::Verified => Ok(AuthOutcome::Verified),
        _ if receipt.credentials.is_empty() => {
            bail!(
                "{}: nothing was kept by which its sender could be checked; see `hubctl quarantine replay --trust`",
                receipt.id
            )
        }
        _ => Ok(AuthOutcome::Unchecked),
    }
}

/// How a report's sender was authenticated.
fn sender(receipt: &Receipt) -> &'static str {
    match receipt.authenticated {
        AuthOutcome::Verified => "verified",
        AuthOutcome::WrongCredential => "wrong_credential",
        AuthOutcome::WrongToken => "wrong_token",
        AuthOutcome::Unchecked => "unchecked",
        AuthOutcome::Trusted { .. } => "trusted",
    }
}

async fn find(store: &DynamoStore, id: &ReceiptId) -> anyhow::Result<Option<Quarantined>> {
    let mut cursor = None;
    loop {
        let page = asking(store.kept(cursor.as_deref(), PAGE).await)?;
        let found = page.items.into_iter().find(|item| item.receipt.id == *id);
        cursor = page.next;
        if found.is_some() || cursor.is_none() {
            return Ok(found);
        }
    }
}

async fn list(store: &DynamoStore, out: Output, listing: &Listing) -> anyhow::Result<()> {
    let (kept, more) = read(store, usize::from(listing.limit)).await?;
    let data: Vec<_> = kept.iter().map(|item| as_json(item, listing.bodies)).collect();
    let lines = match kept.is_empty() {
        true => "The quarantine is empty.".to_owned(),
        false => lines(out, &kept, listing, more),
    };
    Ok(out.say(&json!({ "data": data, "more": more }), &lines)?)
}

async fn read(store: &DynamoStore, limit: usize) -> anyhow::Result<(Vec<Quarantined>, bool)> {
    let (mut kept, mut cursor) = (Vec::new(), None);
    while kept.len() < limit {
        let size = PAGE.min(limit - kept.len());
        let page = asking(store.kept(cursor.as_deref(), size).await)?;
        kept.extend(page.items);
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    Ok((kept, cursor.is_some()))
}

/// What is shown of a report: never what its sender showed as proof.
fn as_json(item: &Quarantined, bodies: bool) -> Value {
    let receipt = &item.receipt;
    json!({
        "receipt_id": receipt.id,
        "received_at": receipt.received_at,
        "quarantined_at": item.at,
        "replayed_at": item.replayed_at,
        "vendor": "itep",
        "account": receipt.account,
        "why": item.why,
        "authenticated": sender(receipt),
        "content_type": receipt.content_type,
        "bytes": receipt.body.len(),
        "body": bodies.then(|| excerpt(&String::from_utf8_lossy(&receipt.body))),
    })
}

fn lines(out: Output, kept: &[Quarantined], listing: &Listing, more: bool) -> String {
    let now = Timestamp::now();
    let row = |item: &Quarantined| {
        let receipt = &item.receipt;
        vec![
            time(receipt.received_at),
            age(receipt.received_at, now),
            receipt.id.to_string(),
            format!("itep/{}", receipt.account),
            receipt.body.len().to_string(),
            sender(receipt).to_owned(),
            or_dash(item.replayed_at.map(time)),
            item.why.clone(),
        ]
    };
    let headings = ["RECEIVED", "AGE", "RECEIPT", "ACCOUNT", "BYTES", "SENDER", "REPLAYED", "WHY"];
    let mut lines = out.table(&headings, &kept.iter().map(row).collect::<Vec<_>>());
    for item in kept.iter().filter(|_| listing.bodies) {
        lines.push_str(&out.below(item.receipt.id.as_str(), &String::from_utf8_lossy(&item.receipt.body)));
    }
    if more {
        lines.push_str("\nThere are more: raise --limit.\n");
    }
    lines
}
