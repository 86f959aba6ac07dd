//! Reclaims unused tests that a file still lists as Ready.

use super::{Finding, Import};
use crate::domain::ids::VendorReference;
use crate::domain::reservation::{Event, NoteReason, Source};
use crate::ports::{BackendError, Env, Store};
use crate::usecases::commit::{CommitOutcome, apply_and_commit};

/// What became of a test that was to be reclaimed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReclaimOutcome {
    /// Its claim is released: its next sale is another reservation's.
    Done,
    /// It had been reclaimed before.
    Before,
    /// It was left alone, since the reservation has changed or never allowed it.
    Refused(NoteReason),
    /// It belongs to another reservation.
    ReferenceTaken,
}

/// Reclaims a test that an import found reclaimable, in the operator's name and
/// for the reason given. The reservation as it is now has the last word.
///
/// # Errors
/// Storage failed; it may be done.
pub async fn reclaim<E: Env>(
    env: &E,
    import: &Import,
    finding: &Finding,
    reason: &str,
) -> Result<ReclaimOutcome, BackendError> {
    let (Some(id), Some(seen_at), true) = (&finding.reservation_id, import.exported_at, finding.reclaimable) else {
        return Ok(ReclaimOutcome::Refused(NoteReason::NotDue));
    };
    let Some(reservation) = env.store().reservation(id).await? else {
        return Ok(ReclaimOutcome::Refused(NoteReason::OtherTest));
    };
    let reference = VendorReference::itep(&finding.test_id);
    let event = Event::Reclaimed { reference, seen_at, reason: reason.to_owned() };
    let source = Source::Operator { name: import.operator.clone() };
    Ok(match apply_and_commit(env, reservation, &event, &source, None).await? {
        CommitOutcome::Written(change) if change.is_applied() => ReclaimOutcome::Done,
        CommitOutcome::Written(change) => ReclaimOutcome::Refused(change.entry.why.unwrap_or(NoteReason::NoChange)),
        CommitOutcome::Duplicate(_) => ReclaimOutcome::Before,
        CommitOutcome::ReferenceTaken(_) => ReclaimOutcome::ReferenceTaken,
    })
}
