//! Polls a vendor for results that its webhooks missed.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;

use super::check_score::{CheckError, apply_observed, look_up};
use crate::domain::deadline::later;
use crate::domain::ids::{Account, ReservationId};
use crate::ports::{
    AlertSubject, Alerts, BackendError, ObservedTest, PollMark, Polls, Store, TimeSpan, VendorEnv, Worklist,
};

/// How many open reservations are asked about one by one in a poll: those begun
/// before the poll's window, or not at all. The round goes on in the next poll.
const ASKED_ONE_BY_ONE: usize = 5;

/// The longest span that one request asks for: the document has no paging.
const SLICE: Duration = Duration::from_secs(7 * 24 * 3600);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PollSummary {
    /// Tests in the vendor's answer.
    pub seen: usize,
    /// Reservations that the answer told of, whatever their status: a result
    /// that comes after an expiry or a withdrawal counts too.
    pub told: usize,
    /// Open reservations asked about one by one.
    pub asked: usize,
}

/// What the one request for all brought.
struct WindowSummary {
    seen: usize,
    told: BTreeSet<ReservationId>,
    /// What kept one of them from being written. The others are; the window is
    /// asked for again.
    error: Option<BackendError>,
}

/// Polls an account, unless somebody else does: one request for all tests
/// begun since the last poll, and a few single ones. `None` where another
/// poll holds the lease.
///
/// # Errors
/// [`CheckError`].
pub async fn poll_scores<E: VendorEnv<Store: Polls>>(
    env: &E,
    account: &Account,
) -> Result<Option<PollSummary>, CheckError> {
    let now = env.now();
    let lease = later(now, env.timeouts().poll_lease);
    let Some(mark) = env.store().begin(&account.name, now, lease).await? else {
        return Ok(None);
    };
    let WindowSummary { seen, told, error } = poll_window(env, account, &mark, now).await?;
    // The round's failure (the rate limit, say) must not undo what was seen.
    let round = poll_open(env, account, mark.cursor.as_deref(), &told).await;
    let cursor = round.as_ref().map_or(mark.cursor, |(_, next)| next.clone());
    let seen_to = if error.is_none() { Some(now) } else { mark.seen_to };
    env.store().end(&account.name, &PollMark { seen_to, cursor }).await?;
    match error {
        Some(error) => Err(error.into()),
        None => Ok(Some(PollSummary { seen, told: told.len(), asked: round?.0 })),
    }
}

/// One request for everything that was begun in the window, or one for each
/// slice of it where the last poll is long ago.
async fn poll_window<E: VendorEnv>(
    env: &E,
    account: &Account,
    mark: &PollMark,
    now: Timestamp,
) -> Result<WindowSummary, CheckError> {
    let from = mark.seen_to.unwrap_or(now).checked_sub(env.timeouts().poll_overlap).unwrap_or(Timestamp::MIN);
    let mut observed: BTreeMap<ReservationId, Vec<ObservedTest>> = BTreeMap::new();
    let mut keep = |id: ReservationId, test: ObservedTest| observed.entry(id).or_default().push(test);
    let mut seen = 0;
    for slice in slices(from, now) {
        seen += env.vendor(account).look_up_begun(account, slice, &mut keep).await?;
    }
    let told: Vec<_> = observed.keys().cloned().collect();
    let mut error = None;
    for reservation in env.store().reservations(&told).await? {
        let id = reservation.id().clone();
        let observed = observed.remove(&id).unwrap_or_default();
        if let Err(failed) = apply_observed(env, reservation, observed).await {
            env.alerts().log_recoverable(&failed, AlertSubject::Reservation(&id));
            error = Some(failed);
        }
    }
    Ok(WindowSummary { seen, told: told.into_iter().collect(), error })
}

/// Asks about a few of the open reservations that the window did not show. Returns how
/// many were asked about, and where the round goes on.
async fn poll_open<E: VendorEnv>(
    env: &E,
    account: &Account,
    cursor: Option<&str>,
    told: &BTreeSet<ReservationId>,
) -> Result<(usize, Option<String>), CheckError> {
    let list = Worklist::Open(account.name.clone());
    let page = env.store().worklist(&list, cursor, ASKED_ONE_BY_ONE).await?;
    let missing: Vec<_> = page.items.into_iter().filter(|id| !told.contains(id)).collect();
    let reservations = env.store().reservations(&missing).await?;
    let asked = reservations.len();
    for reservation in reservations {
        look_up(env, reservation).await?;
    }
    Ok((asked, page.next))
}

/// The span in slices of at most [`SLICE`], oldest first.
fn slices(from: Timestamp, to: Timestamp) -> Vec<TimeSpan> {
    let mut slices = Vec::new();
    let mut start = from;
    while start < to {
        let end = later(start, SLICE).min(to);
        slices.push(TimeSpan { from: start, to: end });
        start = end;
    }
    slices
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    #[test]
    fn a_span_is_asked_for_in_slices_of_a_week_and_an_empty_one_not_at_all() {
        let day = |n: i64| Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * n);
        assert_eq!(slices(day(0), day(15)), [span(day(0), day(7)), span(day(7), day(14)), span(day(14), day(15))]);
        assert_eq!(slices(day(3), day(3)), []);
        assert_eq!(slices(day(4), day(3)), []);
    }

    fn span(from: Timestamp, to: Timestamp) -> TimeSpan {
        TimeSpan { from, to }
    }
}
