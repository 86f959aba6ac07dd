//! Polling TrueNorth for what its webhooks missed.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use jiff::Timestamp;

use super::check_score::{CheckError, Looking};
use crate::domain::deadline::later;
use crate::domain::ids::{AccountName, ReservationId};
use crate::ports::{Alerts, BackendError, Clock, ObservedTest, PollMark, Polls, Queue, Scores, Store, Worklist};

/// How many open reservations are asked about one by one in a poll: those begun
/// before the poll's window, or not at all. The round goes on in the next poll.
const ASKED_ONE_BY_ONE: usize = 5;

/// The longest span that one request asks for: the document has no paging.
const SLICE: Duration = Duration::from_secs(7 * 24 * 3600);

/// What a poll did.
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
    told: HashSet<ReservationId>,
    /// What kept one of them from being written. The others are; the window is
    /// asked for again.
    trouble: Option<BackendError>,
}

impl<S: Store, V: Scores, P: Polls, Q: Queue, A: Alerts, C: Clock> Looking<'_, S, V, P, Q, A, C> {
    /// Polls an account, unless somebody else does: one request for all tests
    /// begun since the last poll, and a few single ones. `None` where another
    /// poll holds the lease.
    pub async fn poll(&self, account: &AccountName) -> Result<Option<PollSummary>, CheckError> {
        let now = self.clock.now();
        let lease = later(now, self.timeouts.poll_lease);
        let Some(mark) = self.polls.begin(account, now, lease).await? else {
            return Ok(None);
        };
        let WindowSummary { seen, told, trouble } = self.sweep(account, &mark, now).await?;
        // The round's failure (the rate limit, say) must not undo what was seen.
        let round = self.ask_some(account, mark.cursor.as_deref(), &told).await;
        let cursor = round.as_ref().map_or(mark.cursor, |(_, next)| next.clone());
        let seen_to = if trouble.is_none() { Some(now) } else { mark.seen_to };
        self.polls.end(account, &PollMark { seen_to, cursor }).await?;
        match trouble {
            Some(outage) => Err(outage.into()),
            None => Ok(Some(PollSummary { seen, told: told.len(), asked: round?.0 })),
        }
    }

    /// One request for everything that was begun in the window, or one for each
    /// slice of it where the last poll is long ago.
    async fn sweep(&self, account: &AccountName, mark: &PollMark, now: Timestamp) -> Result<WindowSummary, CheckError> {
        let from = mark.seen_to.unwrap_or(now).checked_sub(self.timeouts.poll_overlap).unwrap_or(Timestamp::MIN);
        let mut observed: HashMap<ReservationId, Vec<ObservedTest>> = HashMap::new();
        let mut keep =
            |id: ReservationId, observed_test: ObservedTest| observed.entry(id).or_default().push(observed_test);
        let mut seen = 0;
        for slice in slices(from, now) {
            seen += self.scores.sweep(account, slice, &mut keep).await?;
        }
        let found: Vec<_> = observed.keys().cloned().collect();
        let mut trouble = None;
        for reservation in self.store.reservations(&found).await? {
            let observed = observed.remove(reservation.id()).unwrap_or_default();
            let id = reservation.id().clone();
            if let Err(outage) = self.apply_all(reservation, observed).await {
                self.alerts.note(&outage, id.as_str());
                trouble = Some(outage);
            }
        }
        Ok(WindowSummary { seen, told: found.into_iter().collect(), trouble })
    }

    /// Asks about a few of those that the window did not show.
    async fn ask_some(
        &self,
        account: &AccountName,
        cursor: Option<&str>,
        found: &HashSet<ReservationId>,
    ) -> Result<(usize, Option<String>), CheckError> {
        let list = Worklist::Open(account.clone());
        let page = self.store.worklist(&list, cursor, ASKED_ONE_BY_ONE).await?;
        let missing: Vec<_> = page.items.into_iter().filter(|id| !found.contains(id)).collect();
        let reservations = self.store.reservations(&missing).await?;
        let asked = reservations.len();
        for reservation in reservations {
            self.look_up(reservation).await?;
        }
        Ok((asked, page.next))
    }
}

/// The span in slices of at most [`SLICE`], oldest first.
fn slices(from: Timestamp, to: Timestamp) -> Vec<(Timestamp, Timestamp)> {
    let mut slices = Vec::new();
    let mut start = from;
    while start < to {
        let end = later(start, SLICE).min(to);
        slices.push((start, end));
        start = end;
    }
    slices
}

#[cfg(test)]
mod tests;
