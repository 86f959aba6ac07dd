//! Reserving a test, and buying it at once where there is time.

use std::time::Duration;

use jiff::Timestamp;

use super::commit::hand_over;
use super::purchase::{Bought, Buying};
use crate::domain::launch::Launch;
use crate::domain::order::Order;
use crate::domain::reservation::{Lease, Reservation};
use crate::ports::{Alerts, Clock, OrderProblem, Outage, Purchase, Queue, Reserved, Store};

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
    /// The idempotency key was used for another request.
    KeyReused,
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

impl<S: Store, V: Purchase, Q: Queue, A: Alerts, C: Clock> Buying<'_, S, V, Q, A, C> {
    /// Reserves a test: checks the order, writes the intent, and buys at once
    /// unless the client won't wait or there is no time.
    pub async fn reserve(&self, order: Order, serving: &Serving) -> Result<Outcome, ReserveError> {
        let begun = self.clock.now();
        self.vendor.examine(&order).await.map_err(ReserveError::Order)?;
        let inline = !serving.respond_async && self.left(serving.left, begun) >= self.times.call + self.times.margin;
        let reservation = self.intent(order, serving, inline);
        match self.store.reserve(&reservation).await? {
            Reserved::New => {}
            Reserved::Existing(known) if inline && known.is_held_by(&serving.invocation) => {}
            Reserved::Existing(known) if known.order.fingerprint != reservation.order.fingerprint => {
                return Ok(Outcome::KeyReused);
            }
            Reserved::Existing(known) => return Ok(Outcome::Replayed(known)),
        }
        if !inline {
            hand_over(reservation.id(), self.queue, self.alerts).await;
            return Ok(Outcome::New { reservation: Box::new(reservation), launch: None });
        }
        let Bought { reservation, launch } = self.call(reservation, self.left(serving.left, begun)).await?;
        Ok(Outcome::New { reservation: Box::new(reservation), launch })
    }

    fn intent(&self, order: Order, serving: &Serving, inline: bool) -> Reservation {
        let now = self.clock.now();
        if !inline {
            return Reservation::queued(order, now, now);
        }
        Reservation::calling(order, self.lease(&serving.invocation), now)
    }

    /// A lease on one call for an invocation.
    pub(super) fn lease(&self, invocation: &str) -> Lease {
        let until = self.clock.now().checked_add(self.times.lease).unwrap_or(Timestamp::MAX);
        Lease { holder: invocation.to_owned(), until }
    }
}
