//! Compares iTEP's *Available Test CSV* with the hub's records, test ID by test ID.
//!
//! iTEP documents no look-up, so this file is one of the few ways to find a sale whose
//! answer was lost. It lists only tests that are Ready. A missing test proves nothing:
//! it may have been begun, voided or moved.

mod leftovers;
mod reclaim;
mod report;

use std::collections::HashMap;
use std::pin::pin;
use std::time::Duration;

use futures_util::stream::{self, StreamExt};
use jiff::Timestamp;

pub use leftovers::{LowStock, PerhapsSat, StockWatch};
pub use reclaim::{ReclaimOutcome, reclaim};
pub use report::{Assigned, Finding, Kind, Listing, Report, Row, Stock, Unreadable};

use super::commit::{CommitOutcome, apply_and_commit};
use crate::domain::ids::{Account, ReservationId, VendorReference};
use crate::domain::reservation::{CallOutcome, Decision, Event, NoteReason, Reservation, Source};
use crate::ports::{BackendError, Env, Store};

/// How many rows are looked up at once.
const READS: usize = 16;

/// What the operator says of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// Whose tests it lists.
    pub account: Account,
    pub operator: String,
    /// When iTEP wrote it; without it nothing counts as reclaimable or perhaps sat.
    pub exported_at: Option<Timestamp>,
    /// How long after its expiry a test must still stand Ready to be reclaimable.
    pub grace: Duration,
    /// The stock that the operator wants to hear of.
    pub watch: Option<StockWatch>,
    /// Whether only to say what an import would do.
    pub dry_run: bool,
}

impl Import {
    /// Whether a test of ours that the file shows unused may be given to another
    /// candidate. A later result would still be ours: hence the grace.
    fn may_reclaim(&self, reservation: &Reservation, row: &Row) -> bool {
        let is_its_test = reservation.reference.as_ref().is_some_and(|known| known.test() == row.test_id);
        let unused_since = reservation.order.expires_at.checked_add(self.grace);
        let is_past = unused_since.is_ok_and(|since| self.exported_at.is_some_and(|exported| since <= exported));
        let is_free = row.assigned != Assigned::Another;
        is_past && is_free && is_its_test && reservation.has_unused_test()
    }
}

/// What one row turned out to be.
struct Judged {
    kind: Kind,
    /// The reservation that it is about, as it is after the import.
    reservation: Option<Reservation>,
    /// How it stood before, where the import settled it.
    before: Option<Reservation>,
}

impl Judged {
    fn as_is(kind: Kind, reservation: Option<Reservation>) -> Self {
        Self { kind, reservation, before: None }
    }
}

/// Which test each reservation was found to have, so that a second row cannot
/// give it another one.
type Given = HashMap<ReservationId, String>;

/// Reconciles a file that was parsed to its end. Importing it again is harmless.
/// `progress` is called after each row.
///
/// # Errors
/// Storage failed: the report is of the rows before that.
pub async fn import_inventory<E: Env>(
    env: &E,
    import: &Import,
    listing: &Listing,
    mut progress: impl FnMut(),
) -> (Report, Result<(), BackendError>) {
    let mut report = Report::new(listing);
    let rows = report.first_of_each(&listing.rows);
    let mut looked_up = pin!(stream::iter(rows).map(|row| look_up(env, &import.account, row)).buffered(READS));
    let mut given = Given::new();
    while let Some(found) = looked_up.next().await {
        let judged = match found {
            Ok((row, found)) => judge(env, import, row, found, &mut given).await.map(|judged| (row, judged)),
            Err(error) => Err(error),
        };
        match judged {
            Ok((row, judged)) => report.add(finding(import, row, &judged), row),
            Err(error) => return (report, Err(error)),
        }
        progress();
    }
    leftovers::watch_stock(env, import, &mut report);
    match leftovers::perhaps_sat(env, import, listing).await {
        Ok(missing) => report.perhaps_sat = missing,
        Err(error) => return (report, Err(error)),
    }
    (report, Ok(()))
}

/// The reservation that the row names, or else that our books give the test to.
async fn look_up<'r, E: Env>(
    env: &E,
    account: &Account,
    row: &'r Row,
) -> Result<(&'r Row, Option<Reservation>), BackendError> {
    let id = match &row.assigned {
        Assigned::Ours(id) => Some(id.clone()),
        Assigned::Nobody | Assigned::Another => env.store().owner(account, &row.test_id).await?,
    };
    let Some(id) = id else { return Ok((row, None)) };
    Ok((row, env.store().reservation(&id).await?))
}

async fn judge<E: Env>(
    env: &E,
    import: &Import,
    row: &Row,
    found: Option<Reservation>,
    given: &mut Given,
) -> Result<Judged, BackendError> {
    let Some(reservation) = found else {
        let kind = match row.assigned {
            Assigned::Nobody => Kind::Free,
            Assigned::Another => Kind::Another,
            Assigned::Ours(_) => Kind::NotInBooks,
        };
        return Ok(Judged::as_is(kind, None));
    };
    if !matches!(row.assigned, Assigned::Ours(_)) {
        return Ok(Judged::as_is(Kind::Unmarked, Some(reservation)));
    }
    if reservation.order.account != import.account {
        return Ok(Judged::as_is(Kind::OtherAccount, Some(reservation)));
    }
    if given.get(reservation.id()).is_some_and(|test| *test != row.test_id) {
        return Ok(Judged::as_is(Kind::ReferenceDiffers, Some(reservation)));
    }
    let judged = match compare(&reservation, &row.test_id) {
        Some(kind) => Judged::as_is(kind, Some(reservation)),
        None => settle(env, import, row, reservation).await?,
    };
    if let (Kind::Known | Kind::Settled, Some(after)) = (judged.kind, &judged.reservation) {
        given.insert(after.id().clone(), row.test_id.clone());
    }
    Ok(judged)
}

/// Gives a reservation without a reference the test that iTEP assigned to it:
/// in doubt or not, that is a confirmation, and no confirmation is discarded.
async fn settle<E: Env>(env: &E, import: &Import, row: &Row, before: Reservation) -> Result<Judged, BackendError> {
    let reference = VendorReference::itep(&row.test_id);
    let outcome = CallOutcome::Confirmed { reference, launch: None };
    let event = Event::CallEnded { call_no: before.calls, outcome };
    let source = Source::Operator { name: import.operator.clone() };
    if import.dry_run {
        return plan_settle(env, import, row, before, &event, source).await;
    }
    let committed = apply_and_commit(env, before.clone(), &event, &source, None).await?;
    let kind = match &committed {
        // Somebody else settled it with another test since it was read.
        CommitOutcome::Written(change) if change.entry.why == Some(NoteReason::Surplus) => Kind::Surplus,
        CommitOutcome::Written(_) => Kind::Settled,
        CommitOutcome::Duplicate(_) => Kind::Known,
        CommitOutcome::ReferenceTaken(_) => Kind::ReferenceTaken,
    };
    Ok(Judged { kind, reservation: Some(committed.into_reservation()), before: Some(before) })
}

/// What [`settle`] would do.
async fn plan_settle<E: Env>(
    env: &E,
    import: &Import,
    row: &Row,
    before: Reservation,
    event: &Event,
    source: Source,
) -> Result<Judged, BackendError> {
    let owner = env.store().owner(&import.account, &row.test_id).await?;
    if owner.is_some_and(|owner| owner != *before.id()) {
        return Ok(Judged::as_is(Kind::ReferenceTaken, Some(before)));
    }
    Ok(match before.apply(event, source, env.now(), &env.timeouts().policy) {
        Decision::Duplicate => Judged::as_is(Kind::Known, Some(before)),
        Decision::Write(change) => {
            Judged { kind: Kind::Settled, reservation: Some(change.after), before: Some(before) }
        }
    })
}

/// How a test that the vendor assigned to a reservation stands to what the
/// reservation knows; `None` where it knows of no test.
fn compare(reservation: &Reservation, test_id: &str) -> Option<Kind> {
    if reservation.has_released(&VendorReference::itep(test_id)) {
        return Some(Kind::Reclaimed);
    }
    if reservation.surplus.iter().any(|surplus| surplus.reference.test() == test_id) {
        return Some(Kind::Surplus);
    }
    let known = reservation.reference.as_ref()?;
    Some(if known.test() == test_id { Kind::Known } else { Kind::ReferenceDiffers })
}

fn finding(import: &Import, row: &Row, judged: &Judged) -> Finding {
    let reservation = judged.reservation.as_ref();
    let named = match &row.assigned {
        Assigned::Ours(id) => Some(id.clone()),
        Assigned::Nobody | Assigned::Another => None,
    };
    let settled = judged.before.as_ref().filter(|_| judged.kind == Kind::Settled);
    Finding {
        line: row.line,
        test_id: row.test_id.clone(),
        version: row.version.clone(),
        kind: judged.kind,
        reservation_id: reservation.map(|reservation| reservation.id().clone()).or(named),
        was: settled.map(Reservation::status),
        status: reservation.map(Reservation::status),
        known_test: reservation.and_then(|r| r.reference.as_ref()).map(|known| known.test().to_owned()),
        reclaimable: reservation.is_some_and(|reservation| import.may_reclaim(reservation, row)),
    }
}
