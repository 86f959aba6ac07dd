//! Cancels a reservation.

use super::commit::{CommitOutcome, apply_and_commit};
use crate::domain::reservation::{Event, NoteReason, Reservation, Source};
use crate::ports::{BackendError, Env};

/// What became of a withdrawal.
#[derive(Debug, Clone, PartialEq)]
pub enum CancelOutcome {
    /// It is cancelled, now or before.
    Done(Box<Reservation>),
    Refused(Box<Reservation>, NoteReason),
}

/// Withdraws a reservation that was read before.
///
/// # Errors
/// Storage failed.
pub async fn cancel<E: Env>(env: &E, reservation: Reservation) -> Result<CancelOutcome, BackendError> {
    Ok(match apply_and_commit(env, reservation, &Event::Cancel, &Source::Client, None).await? {
        CommitOutcome::Written(change) if !change.is_applied() => {
            let why = change.entry.why.unwrap_or(NoteReason::Ended);
            CancelOutcome::Refused(Box::new(change.after), why)
        }
        committed => CancelOutcome::Done(Box::new(committed.into_reservation())),
    })
}
