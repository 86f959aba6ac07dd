//! Reserving a test, and buying it at once where there is time.

use std::time::Duration;

use super::commit::hand_over;
use super::purchase::{Buying, PurchaseResult};
use crate::domain::breaker::BreakerDecision;
use crate::domain::deadline::later;
use crate::domain::launch::Launch;
use crate::domain::order::Order;
use crate::domain::reservation::{Lease, Reservation};
use crate::ports::{Alerts, BackendError, Breakers, Clock, InsertOutcome, OrderProblem, Purchase, Queue, Store};

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

/// NoteReason a request could not be taken.
#[derive(Debug, thiserror::Error)]
pub enum ReserveError {
    /// The order cannot be taken; nothing was written.
    #[error("the order cannot be taken")]
    Order(OrderProblem),
    /// Storage or queue failed.
    #[error(transparent)]
    BackendError(#[from] BackendError),
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
        self.vendor.validate(&order).await.map_err(ReserveError::Order)?;
        let decision = self.decision(&order.account).await;
        let in_time = self.left(serving.left, begun) >= self.timeouts.call + self.timeouts.write_margin;
        let inline = decision == BreakerDecision::Closed && !serving.respond_async && in_time;
        let request_digest = if inline { self.vendor.request_digest(&order, FIRST).await } else { None };
        let reservation = self.intent(order, serving, inline, decision).with_request_digest(FIRST, request_digest);
        match self.store.reserve(&reservation).await? {
            InsertOutcome::New => {}
            InsertOutcome::Existing(known) if inline && known.is_held_by(&serving.invocation) => {}
            InsertOutcome::Existing(known) if known.order.fingerprint != reservation.order.fingerprint => {
                return Ok(Outcome::KeyReused(known));
            }
            InsertOutcome::Existing(known) => return Ok(Outcome::Replayed(known)),
        }
        if !inline {
            if reservation.may_call(self.clock.now()) {
                hand_over(reservation.id(), self.queue, self.alerts).await;
            }
            return Ok(Outcome::New { reservation: Box::new(reservation), launch: None });
        }
        let PurchaseResult { reservation, launch } = self.call(reservation, self.left(serving.left, begun)).await?;
        Ok(Outcome::New { reservation: Box::new(reservation), launch })
    }

    fn intent(&self, order: Order, serving: &Serving, inline: bool, decision: BreakerDecision) -> Reservation {
        let now = self.clock.now();
        match decision {
            BreakerDecision::Closed if inline => Reservation::calling(order, self.lease(&serving.invocation), now),
            BreakerDecision::Closed => Reservation::queued(order, now, now),
            // The probe is a worker's: it is made without somebody waiting for it.
            BreakerDecision::ProbeDue | BreakerDecision::Probed { .. } | BreakerDecision::Held { .. } => {
                let again = self.again_at(decision, &order.id);
                Reservation::held(order, again, now)
            }
        }
    }

    /// A lease on one call for an invocation.
    pub(super) fn lease(&self, invocation: &str) -> Lease {
        let until = later(self.clock.now(), self.timeouts.lease);
        Lease { holder: invocation.to_owned(), until }
    }
}

#[cfg(test)]
mod tests;
