//! `hubctl quarantine`.

use jiff::Timestamp;
use serde_json::{Value, json};
use shared::aws::DynamoStore;
use shared::core::ports::{Quarantine, Quarantined};

use crate::asking;
use crate::cli::{Listing, QuarantineCommand};
use crate::output::{Output, age, excerpt, time};

/// How many are read at once: their bodies come with them.
const PAGE: usize = 25;

pub(crate) async fn run(store: &DynamoStore, out: Output, command: &QuarantineCommand) -> anyhow::Result<()> {
    let QuarantineCommand::List(listing) = command;
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
        "vendor": "itep",
        "account": receipt.account,
        "why": item.why,
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
            item.why.clone(),
        ]
    };
    let headings = ["RECEIVED", "AGE", "RECEIPT", "ACCOUNT", "BYTES", "WHY"];
    let mut lines = out.table(&headings, &kept.iter().map(row).collect::<Vec<_>>());
    for item in kept.iter().filter(|_| listing.bodies) {
        lines.push_str(&out.below(item.receipt.id.as_str(), &String::from_utf8_lossy(&item.receipt.body)));
    }
    if more {
        lines.push_str("\nThere are more: raise --limit.\n");
    }
    lines
}
