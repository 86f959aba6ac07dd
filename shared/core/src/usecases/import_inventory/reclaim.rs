//! Taking back tests that nobody used, on the word of a file that still has them
//! Ready.

use super::{Finding, Import, Importing};
use crate::domain::ids::VendorReference;
use crate::domain::reservation::{Event, NoteReason, Source};
use crate::ports::{Alerts, BackendError, Clock, Store};
use crate::usecases::commit::{CommitOutcome, Writer};

/// What became of a test that was to be reclaimed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reclaimed {
    /// Its claim is released: its next sale is another reservation's.
    Done,
    /// It had been reclaimed before.
    Before,
    /// It was left alone, since the reservation has changed or never allowed it.
    Refused(NoteReason),
    /// It belongs to another reservation.
    ReferenceTaken,
}

impl<S: Store, A: Alerts, C: Clock> Importing<'_, S, A, C> {
    /// Reclaims a test that an import found reclaimable, in the operator's name and
    /// for the reason given. The reservation as it is now has the last word.
    ///
    /// # Errors
    /// Storage failed; it may be done.
    pub async fn reclaim(&self, import: &Import, finding: &Finding, reason: &str) -> Result<Reclaimed, BackendError> {
        let (Some(id), Some(seen_at), true) = (&finding.reservation_id, import.exported_at, finding.reclaimable) else {
            return Ok(Reclaimed::Refused(NoteReason::NotDue));
        };
        let Some(reservation) = self.store.reservation(id).await? else {
            return Ok(Reclaimed::Refused(NoteReason::OtherTest));
        };
        let reference = VendorReference::itep(&finding.test_id);
        let event = Event::Reclaimed { reference, seen_at, reason: reason.to_owned() };
        let source = Source::Operator { name: import.operator.clone() };
        let Importing { store, alerts, clock, timeouts } = *self;
        let writer = Writer { store, alerts, clock, timeouts };
        Ok(match writer.settle(reservation, &event, &source, None).await? {
            CommitOutcome::Written(change) if change.is_applied() => Reclaimed::Done,
            CommitOutcome::Written(change) => Reclaimed::Refused(change.entry.why.unwrap_or(NoteReason::NoChange)),
            CommitOutcome::Duplicate(_) => Reclaimed::Before,
            CommitOutcome::ReferenceTaken(_) => Reclaimed::ReferenceTaken,
        })
    }
}
