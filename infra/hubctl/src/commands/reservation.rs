//! `hubctl reservation`.

mod correct;
mod view;

use anyhow::{Context, bail};
use serde_json::{Value, json};
use shared::aws::DynamoStore;
use shared::aws::dynamodb::KeptDocument;
use shared_core::domain::ids::{Account, ClientId, Digest, ReservationId};
use shared_core::domain::reservation::{HistoryEntry, Reservation};
use shared_core::ports::{ListQuery, Store};
use shared_core::usecases;

use crate::asking;
use crate::cli::{FindReservation, RawDocumentOf, ReservationCommand};
use crate::commands::account;
use crate::output::{Output, or_dash, time};

pub(crate) async fn run(store: &DynamoStore, out: Output, command: &ReservationCommand) -> anyhow::Result<()> {
    match command {
        ReservationCommand::Show { reservation, show_person } => {
            let reservation = find_one(store, reservation).await?;
            let json = view::as_json(&reservation, *show_person);
            Ok(out.say(&json, &view::lines(out, &reservation, &json))?)
        }
        ReservationCommand::Find(wanted) => find(store, out, wanted).await,
        ReservationCommand::History { reservation, show_person } => {
            history(store, out, reservation, *show_person).await
        }
        ReservationCommand::Raw(wanted) => raw(store, out, wanted).await,
        ReservationCommand::CorrectReference(wanted) => correct::run(store, out, wanted).await,
    }
}

pub(super) async fn find_one(store: &DynamoStore, id: &ReservationId) -> anyhow::Result<Reservation> {
    asking(store.reservation(id).await)?.with_context(|| format!("no reservation has the id {id}"))
}

async fn find(store: &DynamoStore, out: Output, wanted: &FindReservation) -> anyhow::Result<()> {
    let (ids, more) = match (&wanted.which.reservation, &wanted.which.reference, &wanted.which.client) {
        (Some(id), ..) => (vec![id.clone()], false),
        (None, Some(reference), _) => (owners(store, wanted.account.as_ref(), reference.trim()).await?, false),
        (None, None, Some(client)) => of_client(store, client, wanted).await?,
        (None, None, None) => bail!("name a reservation, --reference or --client"),
    };
    let found = asking(store.reservations(&ids).await)?;
    let data: Vec<_> = found.iter().map(view::summary).collect();
    let mut lines = match found.is_empty() {
        true => "No reservation found.".to_owned(),
        false => out.table(&view::COLUMNS, &found.iter().map(view::row).collect::<Vec<_>>()),
    };
    if more {
        lines.push_str("\nThere are more; raise --limit to see them.\n");
    }
    Ok(out.say(&json!({ "data": data, "more": more }), &lines)?)
}

/// Whose a vendor's test is, at one account or at all that clients use.
async fn owners(store: &DynamoStore, account: Option<&Account>, reference: &str) -> anyhow::Result<Vec<ReservationId>> {
    let accounts: Vec<Account> = match account {
        Some(account) => vec![account.clone()],
        None => account::accounts(store).await?.into_iter().collect(),
    };
    let mut owners = Vec::new();
    for account in accounts {
        let test = account.vendor.canonical_test(reference);
        owners.extend(asking(store.owner(&account, &test).await)?);
    }
    Ok(owners)
}

async fn of_client(
    store: &DynamoStore,
    client: &ClientId,
    wanted: &FindReservation,
) -> anyhow::Result<(Vec<ReservationId>, bool)> {
    let (client, external_id) = (client.clone(), wanted.external_id.clone());
    let query = ListQuery { client, external_id, cursor: None, limit: usize::from(wanted.limit) };
    let page = asking(store.list(&query).await)?;
    Ok((page.items, page.next.is_some()))
}

pub(super) async fn entries(store: &DynamoStore, reservation: &Reservation) -> anyhow::Result<Vec<HistoryEntry>> {
    let (mut entries, mut more) = (Vec::<HistoryEntry>::new(), true);
    while more {
        let after = entries.last().map_or(0, |entry| entry.seq);
        let (page, has_more) = asking(usecases::history::entries(store, reservation, after, 100).await)?;
        more = has_more && !page.is_empty();
        entries.extend(page);
    }
    Ok(entries)
}

async fn history(store: &DynamoStore, out: Output, id: &ReservationId, person: bool) -> anyhow::Result<()> {
    let entries = entries(store, &find_one(store, id).await?).await?;
    let json = json!({ "data": entries.iter().map(|entry| view::entry(entry, person)).collect::<Vec<_>>() });
    let columns = ["SEQ", "AT", "SOURCE", "EVENT", "VERDICT", "WHY", "STATUS", "ATTEMPT", "DETAIL"];
    let rows: Vec<_> = entries.iter().map(|entry| view::entry_row(entry, person)).collect();
    Ok(out.say(&json, &out.table(&columns, &rows))?)
}

async fn raw(store: &DynamoStore, out: Output, wanted: &RawDocumentOf) -> anyhow::Result<()> {
    let reservation = find_one(store, &wanted.reservation).await?;
    match &wanted.digest {
        None => documents(store, out, &reservation).await,
        Some(_) if !wanted.show_person => bail!("the document contains personal data; add --show-person to print it"),
        Some(digest) => document(store, out, &reservation, digest).await,
    }
}

/// The documents that a history names, each once.
async fn documents(store: &DynamoStore, out: Output, reservation: &Reservation) -> anyhow::Result<()> {
    let mut named: Vec<HistoryEntry> = Vec::new();
    for entry in entries(store, reservation).await? {
        if entry.digest.is_some() && named.iter().all(|known| known.digest != entry.digest) {
            named.push(entry);
        }
    }
    let row = |entry: &HistoryEntry| {
        vec![or_dash(entry.digest.as_ref()), time(entry.at), view::word(&entry.event), or_dash(entry.receipt.as_ref())]
    };
    let as_json = |entry: &HistoryEntry| json!({ "digest": entry.digest, "at": entry.at, "event": entry.event, "receipt_id": entry.receipt });
    let json = json!({ "data": named.iter().map(as_json).collect::<Vec<Value>>() });
    let lines = match named.is_empty() {
        true => "No vendor documents are stored.".to_owned(),
        false => out.table(&["DIGEST", "AT", "EVENT", "RECEIPT"], &named.iter().map(row).collect::<Vec<_>>()),
    };
    Ok(out.say(&json, &lines)?)
}

async fn document(store: &DynamoStore, out: Output, reservation: &Reservation, digest: &Digest) -> anyhow::Result<()> {
    let kept = asking(store.kept_documents(reservation.id()).await)?.into_iter();
    let KeptDocument { document: raw, origin } =
        kept.into_iter().find(|kept| kept.document.digest == *digest).with_context(|| {
            format!("{0} has no document {digest}; `hubctl reservation raw {0}` lists them", reservation.id())
        })?;
    let text = String::from_utf8_lossy(&raw.bytes);
    let json = json!({ "reservation_id": reservation.id(), "digest": digest, "document": text,
                       "received_at": origin.map(|origin| origin.observed_at), "attempt": origin.map(|origin| origin.attempt) });
    Ok(out.say(&json, &out.whole(digest.as_str(), &text))?)
}
