//! Settling by hand what the vendor leaves open. Every decision is the operator's
//! by name, and a line of the reservation's history.

use super::Timeouts;
use super::commit::{Writer, enqueue_follow_up};
use crate::domain::ids::VendorReference;
use crate::domain::reservation::{CallOutcome, Change, Decision, Event, Reservation, Source, Status};
use crate::ports::{Alerts, BackendError, Clock, Queue, Store, WriteOutcome};

/// What the operator found out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// The vendor sold this test.
    Sold(VendorReference),
    /// The vendor sold nothing: buy again.
    NothingSold,
    /// It cannot be found out, or is not worth it.
    GivenUp,
}

/// The ports that settling needs.
pub struct Settling<'a, S, Q, A, C> {
    /// The reservations.
    pub store: &'a S,
    /// The other functions.
    pub queue: &'a Q,
    /// The operator.
    pub alerts: &'a A,
    /// The time.
    pub clock: &'a C,
    /// The times.
    pub timeouts: &'a Timeouts,
}

/// NoteReason a decision was not taken. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum SettleError {
    /// Storage failed; the decision may have been written.
    #[error(transparent)]
    BackendError(#[from] BackendError),
    /// There is nothing to decide.
    #[error("it is not in doubt but {}", .0.as_str())]
    NotInDoubt(Status),
    /// It changed since it was read, so that the decision may rest on what is old.
    #[error("it changed in this moment; look again")]
    Changed,
    /// The test is another reservation's.
    #[error("the test belongs to another reservation")]
    ReferenceTaken,
}

impl<S: Store, Q: Queue, A: Alerts, C: Clock> Settling<'_, S, Q, A, C> {
    /// Takes the decision on the reservation as the operator saw it. It is not
    /// carried over to what somebody else wrote meanwhile: another call may be in
    /// doubt by then.
    ///
    /// # Errors
    /// [`SettleError`].
    pub async fn settle(
        &self,
        reservation: &Reservation,
        finding: Finding,
        operator: String,
    ) -> Result<Reservation, SettleError> {
        if reservation.status() != Status::InDoubt {
            return Err(SettleError::NotInDoubt(reservation.status()));
        }
        let (event, source) = (event(reservation, finding), Source::Operator { name: operator });
        let decision = reservation.apply(&event, source, self.clock.now(), &self.timeouts.policy);
        let Decision::Write(change) = decision else { return Err(SettleError::Changed) };
        self.write(&change).await?;
        Ok(change.after)
    }

    pub(super) fn writer(&self) -> Writer<'_, S, A, C> {
        let Settling { store, alerts, clock, timeouts, .. } = *self;
        Writer { store, alerts, clock, timeouts }
    }

    async fn write(&self, change: &Change) -> Result<(), SettleError> {
        match self.writer().commit(change, None).await? {
            WriteOutcome::Done => {
                enqueue_follow_up(change, self.queue, self.alerts).await;
                Ok(())
            }
            WriteOutcome::Conflict(_) => Err(SettleError::Changed),
            WriteOutcome::ReferenceTaken => Err(SettleError::ReferenceTaken),
        }
    }
}

fn event(reservation: &Reservation, finding: Finding) -> Event {
    match finding {
        Finding::Sold(reference) => {
            let outcome = CallOutcome::Confirmed { reference, launch: None };
            Event::CallEnded { call_no: reservation.calls, outcome }
        }
        Finding::NothingSold => Event::NothingSold,
        Finding::GivenUp => Event::GivenUp,
    }
}

#[cfg(test)]
mod tests;
