//! `hubctl doubt`.

use jiff::Timestamp;
use serde_json::{Value, json};
use shared::aws::DynamoStore;
use shared_core::domain::ids::Mode;
use shared_core::domain::reservation::{Evidence, Reservation, State};
use shared_core::ports::{Store, Worklist};

use super::settle;
use crate::asking;
use crate::cli::{DoubtCommand, Listing};
use crate::output::{Output, age, excerpt, or_dash, time};

const PAGE: usize = 100;

pub(crate) async fn run(store: &DynamoStore, out: Output, command: &DoubtCommand) -> anyhow::Result<()> {
    match command {
        DoubtCommand::List(listing) => list(store, out, listing).await,
        DoubtCommand::Settle(wanted) => settle::run(store, out, wanted).await,
    }
}

async fn list(store: &DynamoStore, out: Output, listing: &Listing) -> anyhow::Result<()> {
    let (doubtful, more) = read(store, usize::from(listing.limit)).await?;
    let data: Vec<_> = doubtful.iter().map(|reservation| as_json(reservation, listing.bodies)).collect();
    let lines = match doubtful.is_empty() {
        true => "No reservation is in doubt.".to_owned(),
        false => lines(out, &doubtful, listing, more),
    };
    Ok(out.say(&json!({ "data": data, "more": more }), &lines)?)
}

/// The longest in doubt, and whether there are more.
async fn read(store: &DynamoStore, limit: usize) -> anyhow::Result<(Vec<Reservation>, bool)> {
    let (mut doubtful, mut cursor) = (Vec::new(), None);
    while doubtful.len() < limit {
        let size = PAGE.min(limit - doubtful.len());
        let page = asking(store.worklist(&Worklist::InDoubt(Mode::Live), cursor.as_deref(), size).await)?;
        let read = asking(store.reservations(&page.items).await)?;
        // What was settled since the index was written is no longer in doubt.
        doubtful.extend(read.into_iter().filter(|reservation| since(reservation).is_some()));
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    Ok((doubtful, cursor.is_some()))
}

fn since(reservation: &Reservation) -> Option<Timestamp> {
    match reservation.state {
        State::InDoubt { since } => Some(since),
        _ => None,
    }
}

fn as_json(reservation: &Reservation, bodies: bool) -> Value {
    let order = &reservation.order;
    let evidence = |evidence: &Evidence| {
        let body = evidence.body.as_ref().filter(|_| bodies).map(|body| excerpt(body.expose()));
        json!({
            "call_no": evidence.call_no,
            "at": evidence.at,
            "unknown": evidence.unknown,
            "seen": evidence.summary(),
            "http_status": evidence.http_status,
            "reference": evidence.reference,
            "body": body,
        })
    };
    json!({
        "reservation_id": reservation.id(),
        "since": since(reservation),
        "client_id": order.client,
        "vendor": order.account.vendor,
        "account": order.account.name,
        "product": order.product,
        "calls": reservation.calls,
        "reason": reservation.reason,
        "evidence": reservation.evidence.iter().map(evidence).collect::<Vec<_>>(),
    })
}

fn lines(out: Output, doubtful: &[Reservation], listing: &Listing, more: bool) -> String {
    let headings = ["SINCE", "AGE", "RESERVATION", "CLIENT", "ACCOUNT", "PRODUCT", "CALL", "SEEN"];
    let mut lines = out.table(&headings, &doubtful.iter().flat_map(rows).collect::<Vec<_>>());
    for reservation in doubtful.iter().filter(|_| listing.bodies) {
        for evidence in &reservation.evidence {
            let title = format!("{}, call {}", reservation.id(), evidence.call_no);
            let body = evidence.body.as_ref().map_or("(no body)", |body| body.expose().as_str());
            lines.push_str(&out.below(&title, body));
        }
    }
    if more {
        lines.push_str("\nThere are more; raise --limit to see them.\n");
    }
    lines
}

/// One row for each lost call.
fn rows(reservation: &Reservation) -> Vec<Vec<String>> {
    let (order, now) = (&reservation.order, Timestamp::now());
    let row = |call: String, seen: String| {
        vec![
            or_dash(since(reservation).map(time)),
            or_dash(since(reservation).map(|since| age(since, now))),
            reservation.id().to_string(),
            order.client.to_string(),
            order.account.to_string().replace('#', "/"),
            order.product.clone(),
            call,
            seen,
        ]
    };
    if reservation.evidence.is_empty() {
        return vec![row("-".to_owned(), "-".to_owned())];
    }
    reservation.evidence.iter().map(|evidence| row(evidence.call_no.to_string(), evidence.summary())).collect()
}
