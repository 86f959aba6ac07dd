//! Getting an event written, whoever else writes at the same time.

use crate::domain::ids::ReservationId;
use crate::domain::reservation::{Change, Decision, Effect, Event, Reservation, Source};
use crate::ports::{Alerts, BackendError, Clock, Queue, RawDocument, Store, WriteOutcome};
use crate::usecases::Timeouts;

/// How often a write that others overtook is decided anew. Each time somebody
/// else's write succeeded, so this many in a row are no accident.
const ROUNDS: usize = 10;

/// What became of an event.
#[derive(Debug, Clone, PartialEq)]
pub enum CommitOutcome {
    /// It was written: applied, or refused and noted.
    Written(Box<Change>),
    /// It was known already.
    Duplicate(Box<Reservation>),
    /// It claims a reference that belongs to another reservation; nothing was written.
    ReferenceTaken(Box<Reservation>),
}

impl CommitOutcome {
    /// The reservation as it is now.
    pub fn into_reservation(self) -> Reservation {
        match self {
            CommitOutcome::Written(change) => change.after,
            CommitOutcome::Duplicate(reservation) | CommitOutcome::ReferenceTaken(reservation) => *reservation,
        }
    }
}

/// What it takes to write a change.
pub struct Writer<'a, S, A, C> {
    /// The reservations.
    pub store: &'a S,
    /// The operator.
    pub alerts: &'a A,
    /// The time.
    pub clock: &'a C,
    /// The times.
    pub timeouts: &'a Timeouts,
}

impl<S: Store, A: Alerts, C: Clock> Writer<'_, S, A, C> {
    /// Brings an event to a reservation and writes what the state machine says: one
    /// transaction, and one more for each time that somebody else was faster.
    ///
    /// # Errors
    /// Storage failed, or others overtook every write.
    pub async fn settle(
        &self,
        mut reservation: Reservation,
        event: &Event,
        source: &Source,
        raw: Option<&RawDocument>,
    ) -> Result<CommitOutcome, BackendError> {
        for _ in 0..ROUNDS {
            let decision = reservation.apply(event, source.clone(), self.clock.now(), &self.timeouts.policy);
            let Decision::Write(change) = decision else {
                return Ok(CommitOutcome::Duplicate(Box::new(reservation)));
            };
            match self.commit(&change, raw).await? {
                WriteOutcome::Done => return Ok(CommitOutcome::Written(change)),
                WriteOutcome::ReferenceTaken => return Ok(CommitOutcome::ReferenceTaken(Box::new(reservation))),
                WriteOutcome::Conflict(current) => reservation = *current,
            }
        }
        Err(BackendError {
            operation: "writing a reservation that others keep changing",
            source: format!("{ROUNDS} writes in a row were overtaken").into(),
        })
    }

    /// The same, and hands what was written to the function that goes on with it.
    ///
    /// # Errors
    /// As [`Self::settle`].
    pub async fn settle_and_hand_on(
        &self,
        queue: &impl Queue,
        reservation: Reservation,
        event: &Event,
        source: &Source,
        raw: Option<&RawDocument>,
    ) -> Result<CommitOutcome, BackendError> {
        let settled = self.settle(reservation, event, source, raw).await?;
        if let CommitOutcome::Written(change) = &settled {
            enqueue_follow_up(change, queue, self.alerts).await;
        }
        Ok(settled)
    }

    /// Tells the operator of a change, then writes it. The other way round, a
    /// function that dies in between would leave a change that nobody is told of;
    /// this way, one that is told of may be told twice, or prove overtaken.
    ///
    /// # Errors
    /// Storage failed.
    pub async fn commit(&self, change: &Change, raw: Option<&RawDocument>) -> Result<WriteOutcome, BackendError> {
        for effect in &change.effects {
            if let Effect::Alert(alert) = effect {
                self.alerts.raise(*alert, change.after.id().as_str());
            }
        }
        self.store.commit(change, raw).await
    }
}

/// Hands a written change to the function that goes on with it. The queue only
/// makes things quick (`due_at` is written), so its failure is not the caller's.
pub async fn enqueue_follow_up(change: &Change, queue: &impl Queue, alerts: &impl Alerts) {
    if change.effects.contains(&Effect::Fulfil) {
        hand_over(change.after.id(), queue, alerts).await;
    }
}

/// Hands a reservation to the `fulfilment` queue. Its `due_at` is written, so the
/// sweep takes over where the queue fails.
pub async fn hand_over(id: &ReservationId, queue: &impl Queue, alerts: &impl Alerts) {
    if let Err(outage) = queue.fulfil(id).await {
        alerts.note(&outage, id.as_str());
    }
}

#[cfg(test)]
mod tests;
