//! `hubctl quarantine`.

mod replay;

pub(super) use replay::replay_readable;

use anyhow::Context;
use jiff::Timestamp;
use serde_json::{Value, json};
use shared::aws::DynamoStore;
use shared_core::domain::forward::HasExtra as _;
use shared_core::domain::ids::{InboundWebhookId, Mode};
use shared_core::ports::{AuthOutcome, Dismissal, InboundWebhook, Quarantine, Quarantined};

use crate::asking;
use crate::cli::{Listing, QuarantineCommand, QuarantineFilter};
use crate::output::{Output, age, excerpt, or_dash, time};

/// How many are read at once: their bodies come with them.
const PAGE: usize = 25;

pub(crate) async fn run(store: &DynamoStore, out: Output, command: &QuarantineCommand) -> anyhow::Result<()> {
    match command {
        QuarantineCommand::List { filter, handled, listing } => {
            let wanted = |item: &Quarantined| (*handled || !item.is_handled()) && filter.holds(item);
            list(store, out, listing, wanted).await
        }
        QuarantineCommand::Show { receipt, show_person } => {
            let item = find(store, receipt).await?;
            let body = show_person.then(|| String::from_utf8_lossy(&item.receipt.body).into_owned());
            let mut json = as_json(&item, None);
            json["body"] = json!(body);
            Ok(out.say(&json, &(out.fields(&json) + &body.map_or(String::new(), |body| out.whole("body", &body))))?)
        }
        QuarantineCommand::Replay(wanted) => replay::run(store, out, wanted).await,
        QuarantineCommand::Dismiss { receipt, by, why } => {
            let item = find(store, receipt).await?;
            let dismissal = Dismissal::new(by, why, Timestamp::now());
            let item = Quarantined { dismissed: Some(dismissal), ..item };
            asking(store.mark_handled(&item).await)?;
            Ok(out.say(&as_json(&item, None), &format!("Dismissed {receipt}."))?)
        }
    }
}

impl QuarantineFilter {
    fn holds(&self, item: &Quarantined) -> bool {
        let has = |part: &String| item.why.to_lowercase().contains(&part.to_lowercase());
        self.why_contains.as_ref().is_none_or(has)
            && self.account.as_ref().is_none_or(|account| item.receipt.account == *account)
    }
}

async fn find(store: &DynamoStore, id: &InboundWebhookId) -> anyhow::Result<Quarantined> {
    let mut cursor = None;
    loop {
        let page = asking(store.quarantined(Mode::Live, cursor.as_deref(), PAGE).await)?;
        let found = page.items.into_iter().find(|item| item.receipt.id == *id);
        cursor = page.next;
        if found.is_some() || cursor.is_none() {
            return found.with_context(|| {
                format!("no report in the quarantine has the id {id}; see `hubctl quarantine list --handled`")
            });
        }
    }
}

async fn list(
    store: &DynamoStore,
    out: Output,
    listing: &Listing,
    wanted: impl Fn(&Quarantined) -> bool,
) -> anyhow::Result<()> {
    let (kept, more) = read(store, usize::from(listing.limit), wanted).await?;
    let body = |item: &Quarantined| listing.bodies.then(|| excerpt(&String::from_utf8_lossy(&item.receipt.body)));
    let data: Vec<_> = kept.iter().map(|item| as_json(item, body(item))).collect();
    let lines = match kept.is_empty() {
        true => "The quarantine has no such reports.".to_owned(),
        false => lines(out, &kept, listing, more),
    };
    Ok(out.say(&json!({ "data": data, "more": more }), &lines)?)
}

/// The oldest of those that are wanted, and whether there may be more.
async fn read(
    store: &DynamoStore,
    limit: usize,
    wanted: impl Fn(&Quarantined) -> bool,
) -> anyhow::Result<(Vec<Quarantined>, bool)> {
    let (mut kept, mut cursor) = (Vec::new(), None);
    loop {
        let page = asking(store.quarantined(Mode::Live, cursor.as_deref(), PAGE).await)?;
        kept.extend(page.items.into_iter().filter(|item| wanted(item)));
        cursor = page.next;
        if kept.len() > limit || cursor.is_none() {
            let more = kept.len() > limit;
            kept.truncate(limit);
            return Ok((kept, more));
        }
    }
}

/// How a report's sender was authenticated.
fn sender(receipt: &InboundWebhook) -> &'static str {
    match receipt.authenticated {
        AuthOutcome::Verified => "verified",
        AuthOutcome::WrongCredential => "wrong_credential",
        AuthOutcome::WrongToken => "wrong_token",
        AuthOutcome::Unchecked => "unchecked",
        AuthOutcome::Trusted { .. } => "trusted",
    }
}

/// What is shown of a report: never what its sender presented, be it as digests.
fn as_json(item: &Quarantined, body: Option<String>) -> Value {
    let receipt = &item.receipt;
    json!({
        "receipt_id": receipt.id,
        "received_at": receipt.received_at,
        "quarantined_at": item.at,
        "replayed_at": item.replayed_at,
        "dismissed": item.dismissed.without_extra(),
        "vendor": "itep",
        "account": receipt.account,
        "why": item.why,
        "authenticated": sender(receipt),
        "can_be_checked": receipt.authenticated == AuthOutcome::Verified || !receipt.credentials.is_empty(),
        "content_type": receipt.content_type,
        "bytes": receipt.body.len(),
        "body": body,
    })
}

fn lines(out: Output, kept: &[Quarantined], listing: &Listing, more: bool) -> String {
    let now = Timestamp::now();
    let row = |item: &Quarantined| {
        let receipt = &item.receipt;
        let handled = item.dismissed.as_ref().map(|dismissal| dismissal.at).or(item.replayed_at);
        vec![
            time(receipt.received_at),
            age(receipt.received_at, now),
            receipt.id.to_string(),
            format!("itep/{}", receipt.account),
            receipt.body.len().to_string(),
            sender(receipt).to_owned(),
            or_dash(handled.map(time)),
            item.why.clone(),
        ]
    };
    let headings = ["RECEIVED", "AGE", "RECEIPT", "ACCOUNT", "BYTES", "SENDER", "HANDLED", "WHY"];
    let mut lines = out.table(&headings, &kept.iter().map(row).collect::<Vec<_>>());
    for item in kept.iter().filter(|_| listing.bodies) {
        lines.push_str(&out.below(item.receipt.id.as_str(), &String::from_utf8_lossy(&item.receipt.body)));
    }
    if more {
        lines.push_str("\nThere are more; raise --limit to see them.\n");
    }
    lines
}
