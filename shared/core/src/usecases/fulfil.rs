//! Buying what could not be bought at once.

use std::time::Duration;

use super::commit::{Settled, settle};
use super::purchase::Buying;
use crate::domain::ids::ReservationId;
use crate::domain::reservation::{Event, Source};
use crate::ports::{Alerts, Clock, Outage, Purchase, Queue, Store};

/// What became of a message on the `fulfilment` queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fulfilled {
    /// A call was made and its outcome written.
    Called,
    /// There was nothing to do: the message was late, early, or a repetition.
    Nothing,
}

impl<S: Store, V: Purchase, Q: Queue, A: Alerts, C: Clock> Buying<'_, S, V, Q, A, C> {
    /// Attends to a queued reservation: takes the lease, calls, writes the outcome.
    pub async fn fulfil(&self, id: &ReservationId, invocation: &str, left: Duration) -> Result<Fulfilled, Outage> {
        let begun = self.clock.now();
        let Some(reservation) = self.store.reservation(id).await? else {
            return Ok(Fulfilled::Nothing);
        };
        if !reservation.may_call(self.clock.now()) {
            return Ok(Fulfilled::Nothing);
        }
        let start = Event::CallStarted(self.lease(invocation));
        let started = settle(self.store, self.clock, self.times, reservation, &start, &Source::Hub, None).await?;
        match started {
            Settled::Written(change) if change.after.is_held_by(invocation) => {
                self.call(change.after, self.left(left, begun)).await?;
                Ok(Fulfilled::Called)
            }
            _ => Ok(Fulfilled::Nothing),
        }
    }
}
