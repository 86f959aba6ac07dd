//! Reserving a test, and buying it at once where there is time.

use std::time::Duration;

use super::commit::hand_over;
use super::purchase::{Bought, Buying};
use crate::domain::breaker::Stance;
use crate::domain::launch::Launch;
use crate::domain::order::Order;
use crate::domain::reservation::{Lease, Reservation};
use crate::domain::time::later;
use crate::ports::{Alerts, Breakers, Clock, OrderProblem, Outage, Purchase, Queue, Reserved, Store};

/// The number of a reservation's first call.
const FIRST: u32 = 1;

/// What became of a request to reserve.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The reservation is new.
    New {
        /// As it is now.
        reservation: Box<Reservation>,
        /// What opens the test, if the vendor's answer said.
        launch: Option<Launch>,
    },
    /// The same request came before: this is what it has become.
    Replayed(Box<Reservation>),
    /// The idempotency key was used for what has another fingerprint.
    KeyReused(Box<Reservation>),
}

/// Why a request could not be taken.
#[derive(Debug, thiserror::Error)]
pub enum ReserveError {
    /// The order cannot be taken; nothing was written.
    #[error("the order cannot be taken")]
    Order(OrderProblem),
    /// Storage or queue failed.
    #[error(transparent)]
    Outage(#[from] Outage),
}

/// How a request is to be served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Serving {
    /// The unique id of this invocation.
    pub invocation: String,
    /// How long it may still take.
    pub left: Duration,
    /// Whether the client would rather not wait.
    pub respond_async: bool,
}

impl<S: Store, V: Purchase, Q: Queue, A: Alerts, C: Clock, B: Breakers> Buying<'_, S, V, Q, A, C, B> {
    /// Reserves a test: checks the order, writes the intent, and buys at once
    /// unless the client won't wait, there is no time, or the account is held.
    pub async fn reserve(&self, order: Order, serving: &Serving) -> Result<Outcome, ReserveError> {
        let begun = self.clock.now();
        self.vendor.examine(&order).await.map_err(ReserveError::Order)?;
        let stance = self.stance(&order.account).await;
        let in_time = self.left(serving.left, begun) >= self.times.call + self.times.margin;
        let inline = stance == Stance::Closed && !serving.respond_async && in_time;
        let seal = if inline { self.vendor.seal(&order, FIRST).await } else { None };
        let reservation = self.intent(order, serving, inline, stance).sealed(FIRST, seal);
        match self.store.reserve(&reservation).await? {
            Reserved::New => {}
            Reserved::Existing(known) if inline && known.is_held_by(&serving.invocation) => {}
            Reserved::Existing(known) if known.order.fingerprint != reservation.order.fingerprint => {
                return Ok(Outcome::KeyReused(known));
            }
            Reserved::Existing(known) => return Ok(Outcome::Replayed(known)),
        }
        if !inline {
            if reservation.may_call(self.clock.now()) {
                hand_over(reservation.id(), self.queue, self.alerts).await;
            }
            return Ok(Outcome::New { reservation: Box::new(reservation), launch: None });
        }
        let Bought { reservation, launch } = self.call(reservation, self.left(serving.left, begun)).await?;
        Ok(Outcome::New { reservation: Box::new(reservation), launch })
    }

    fn intent(&self, order: Order, serving: &Serving, inline: bool, stance: Stance) -> Reservation {
        let now = self.clock.now();
        match stance {
            Stance::Closed if inline => Reservation::calling(order, self.lease(&serving.invocation), now),
            Stance::Closed => Reservation::queued(order, now, now),
            // The probe is a worker's: it is made without somebody waiting for it.
            Stance::ProbeDue | Stance::Probed { .. } | Stance::Held { .. } => {
                let again = self.again_at(stance, &order.id);
                Reservation::held(order, again, now)
            }
        }
    }

    /// A lease on one call for an invocation.
    pub(super) fn lease(&self, invocation: &str) -> Lease {
        let until = later(self.clock.now(), self.times.lease);
        Lease { holder: invocation.to_owned(), until }
    }
}

#[cfg(test)]
#[path = "reserve_tests.rs"]
mod tests;
