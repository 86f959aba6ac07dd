//! Withdrawing a reservation.

use super::commit::{CommitOutcome, Writer};
use crate::domain::reservation::{Event, NoteReason, Reservation, Source};
use crate::ports::{Alerts, BackendError, Clock, Store};

/// What became of a withdrawal.
#[derive(Debug, Clone, PartialEq)]
pub enum Cancelled {
    /// It is cancelled, now or before.
    Done(Box<Reservation>),
    /// It cannot be cancelled, and why.
    Refused(Box<Reservation>, NoteReason),
}

/// Withdraws a reservation that was read before.
///
/// # Errors
/// Storage failed.
pub async fn cancel<S: Store, A: Alerts, C: Clock>(
    writer: &Writer<'_, S, A, C>,
    reservation: Reservation,
) -> Result<Cancelled, BackendError> {
    let settled = writer.settle(reservation, &Event::Cancel, &Source::Client, None).await?;
    Ok(match settled {
        CommitOutcome::Written(change) if !change.is_applied() => {
            let why = change.entry.why.unwrap_or(NoteReason::Ended);
            Cancelled::Refused(Box::new(change.after), why)
        }
        settled => Cancelled::Done(Box::new(settled.into_reservation())),
    })
}

#[cfg(test)]
mod tests;
