//! Giving every reservation that is due its attention.

use std::time::Duration;

use super::Timeouts;
use super::commit::Writer;
use crate::domain::deadline::later;
use crate::domain::ids::{ReservationId, Vendor};
use crate::domain::reservation::{Alert, Event, Reservation, Source, State};
use crate::ports::{Alerts, BackendError, CheckReason, Clock, Queue, ScoreCheck, Store, Worklist};

/// How many due reservations are read at a time.
const BATCH: usize = 100;

/// The ports that the sweep needs.
pub struct Attending<'a, S, Q, A, C> {
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

/// What a sweep did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SweepSummary {
    /// Reservations that were due.
    pub due: usize,
    /// Of these, changed here: expired, taken for abandoned, found overdue.
    pub changed: usize,
    /// Handed to another function.
    pub handed_over: usize,
    /// Failed; they stay due.
    pub failed: usize,
}

/// What a due reservation needs.
enum Need {
    Change(Event),
    Purchase,
    LookUp(CheckReason),
    Nothing,
}

impl<S: Store, Q: Queue, A: Alerts, C: Clock> Attending<'_, S, Q, A, C> {
    /// Attends to what is due, batch by batch, while there is time.
    pub async fn sweep(&self, time_left: impl Fn() -> Duration) -> Result<SweepSummary, BackendError> {
        let mut attended = SweepSummary::default();
        while time_left() > self.timeouts.write_margin {
            let due = self.store.due(self.clock.now(), BATCH).await?;
            for id in &due {
                self.count(id, &mut attended).await;
            }
            if due.len() < BATCH {
                break;
            }
        }
        self.remind_of_doubt().await?;
        Ok(attended)
    }

    /// While anything is in doubt, every sweep says so: the alert that was raised
    /// when the doubt arose may have died with its function.
    async fn remind_of_doubt(&self) -> Result<(), BackendError> {
        let oldest = self.store.worklist(&Worklist::InDoubt, None, 1).await?;
        if let Some(id) = oldest.items.first() {
            self.alerts.raise(Alert::InDoubt, id.as_str());
        }
        Ok(())
    }

    async fn count(&self, id: &ReservationId, attended: &mut SweepSummary) {
        attended.due += 1;
        match self.attend(id).await {
            Ok(Need::Change(_)) => attended.changed += 1,
            Ok(Need::Purchase | Need::LookUp(_)) => attended.handed_over += 1,
            Ok(Need::Nothing) => {}
            Err(outage) => {
                attended.failed += 1;
                self.alerts.note(&outage, id.as_str());
            }
        }
    }

    async fn attend(&self, id: &ReservationId) -> Result<Need, BackendError> {
        let Some(reservation) = self.store.reservation(id).await? else {
            return Ok(Need::Nothing);
        };
        let need = self.need(&reservation);
        let met = self.meet(&need, reservation.clone()).await;
        if met.is_err() {
            // What failed would come first again and hold up what is behind it.
            self.hand_over(&reservation).await?;
        }
        met.map(|()| need)
    }

    async fn meet(&self, need: &Need, reservation: Reservation) -> Result<(), BackendError> {
        match need {
            Need::Change(event) => self.change(reservation, event).await?,
            Need::Purchase => {
                self.hand_over(&reservation).await?;
                self.queue.fulfil(reservation.id()).await?;
            }
            Need::LookUp(reason) => {
                self.hand_over(&reservation).await?;
                self.queue.check_score(&look_up(&reservation, *reason), Duration::ZERO).await?;
            }
            Need::Nothing => {}
        }
        Ok(())
    }

    fn need(&self, reservation: &Reservation) -> Need {
        let now = self.clock.now();
        if reservation.due_at.is_none_or(|due| due > now) {
            return Need::Nothing;
        }
        match &reservation.state {
            State::Queued { .. } if reservation.is_past_expiry(now) => Need::Change(Event::ExpiryReached),
            State::Queued { .. } => Need::Purchase,
            State::Calling { .. } => Need::Change(Event::LeaseLapsed { call_no: reservation.calls }),
            State::Ready if reservation.vendor() == Vendor::Truenorth => Need::LookUp(CheckReason::Expiry),
            State::Ready => Need::Change(Event::ExpiryReached),
            State::InDoubt { .. } if reservation.vendor() == Vendor::Itep => Need::Purchase,
            State::InDoubt { .. } => Need::LookUp(CheckReason::Doubt),
            State::AwaitingScore { .. } | State::UnderReview { .. } => Need::Change(Event::ResultOverdue),
            _ => Need::Nothing,
        }
    }

    async fn change(&self, reservation: Reservation, event: &Event) -> Result<(), BackendError> {
        let Attending { store, queue, alerts, clock, timeouts } = *self;
        let writer = Writer { store, alerts, clock, timeouts };
        writer.settle_and_hand_on(queue, reservation, event, &Source::Hub, None).await.map(drop)
    }

    /// Leaves the reservation to a queue for a while: without this, a backlog
    /// would be queued anew by every sweep.
    async fn hand_over(&self, reservation: &Reservation) -> Result<(), BackendError> {
        let until = later(self.clock.now(), self.timeouts.requeue_after);
        self.store.postpone(reservation, until).await
    }
}

fn look_up(reservation: &Reservation, reason: CheckReason) -> ScoreCheck {
    ScoreCheck {
        v: 1,
        account: reservation.order.account.name.clone(),
        reservation_id: reservation.id().clone(),
        reason,
    }
}

#[cfg(test)]
mod tests;
