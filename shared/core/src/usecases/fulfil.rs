//! Buying what could not be bought at once.

use std::time::Duration;

use super::commit::Settled;
use super::guard::Turned;
use super::purchase::Buying;
use crate::domain::breaker::{Sign, Stance};
use crate::domain::ids::ReservationId;
use crate::domain::reservation::{Event, Lease, Reservation, Source};
use crate::ports::{Alerts, Breakers, Clock, Outage, Purchase, Queue, Store};

/// What became of a message on the `fulfilment` queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fulfilled {
    /// A call was made and its outcome written.
    Called,
    /// The account is held: the reservation waits.
    Held,
    /// There was nothing to do: the message was late, early, or a repetition.
    Nothing,
}

impl<S: Store, V: Purchase, Q: Queue, A: Alerts, C: Clock, B: Breakers> Buying<'_, S, V, Q, A, C, B> {
    /// Attends to a reservation that waits: takes the lease, calls, writes the outcome;
    /// or sends a doubtful call again where that settles it.
    pub async fn fulfil(&self, id: &ReservationId, invocation: &str, left: Duration) -> Result<Fulfilled, Outage> {
        let begun = self.clock.now();
        let Some(reservation) = self.store.reservation(id).await? else {
            return Ok(Fulfilled::Nothing);
        };
        if self.is_resend_due(&reservation) {
            return self.resend(reservation, self.left(left, begun)).await;
        }
        if !reservation.may_call(self.clock.now()) {
            return Ok(Fulfilled::Nothing);
        }
        let account = reservation.order.account.clone();
        match self.stance(&account).await {
            stance @ (Stance::Probed { .. } | Stance::Held { .. }) => self.hold(&reservation, stance).await,
            Stance::Closed => self.fulfil_now(reservation, self.lease(invocation), self.left(left, begun)).await,
            Stance::ProbeDue => self.probe(reservation, self.lease(invocation), self.left(left, begun)).await,
        }
    }

    async fn fulfil_now(&self, reservation: Reservation, lease: Lease, left: Duration) -> Result<Fulfilled, Outage> {
        let (begun, holder) = (self.clock.now(), lease.holder.clone());
        let call_no = reservation.calls + 1;
        let seal = self.vendor.seal(&reservation.order, call_no).await;
        // Whoever writes in between takes the seal away, and with it the repetition.
        let reservation = reservation.sealed(call_no, seal);
        let start = Event::CallStarted(lease);
        match self.writer().settle(reservation, &start, &Source::Hub, None).await? {
            Settled::Written(change) if change.after.is_held_by(&holder) => {
                self.call(change.after, self.left(left, begun)).await?;
                Ok(Fulfilled::Called)
            }
            _ => Ok(Fulfilled::Nothing),
        }
    }

    /// Makes this purchase the account's one probe, if nobody else's is. A vendor
    /// that gives no sign of life is asked for one only: what is not sent to it
    /// cannot be in doubt.
    async fn probe(&self, reservation: Reservation, lease: Lease, left: Duration) -> Result<Fulfilled, Outage> {
        let (account, begun, holder) = (reservation.order.account.clone(), self.clock.now(), lease.holder.clone());
        let breaker = match self.take_probe(&account, &lease).await? {
            Turned::Written { after, .. } => after,
            // Somebody else's probe is out, or has closed the breaker meanwhile.
            Turned::Stands(breaker) => return self.hold(&reservation, breaker.stance(begun)).await,
        };
        if breaker.wants_a_sign() && !self.vendor.answers(&account).await {
            let stance = self.heed_silence(&account, &holder).await;
            return self.hold(&reservation, stance).await;
        }
        let probed = self.fulfil_now(reservation, lease, self.left(left, begun)).await;
        if !matches!(probed, Ok(Fulfilled::Called)) {
            self.heed(&account, &holder, Sign::Nothing).await;
        }
        probed
    }

    /// Leaves the reservation to a later sweep.
    async fn hold(&self, reservation: &Reservation, stance: Stance) -> Result<Fulfilled, Outage> {
        let again = self.again_at(stance, reservation.id());
        self.store.postpone(reservation, again.min(reservation.order.expires_at)).await?;
        Ok(Fulfilled::Held)
    }
}

#[cfg(test)]
#[path = "fulfil_tests.rs"]
mod tests;
