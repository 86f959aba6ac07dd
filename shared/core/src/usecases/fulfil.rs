//! Buying what could not be bought at once.

use std::time::Duration;

use super::breaker::BreakerUpdate;
use super::commit::CommitOutcome;
use super::purchase::Buying;
use crate::domain::breaker::{BreakerDecision, CallSignal};
use crate::domain::ids::ReservationId;
use crate::domain::reservation::{Event, Lease, Reservation, Source};
use crate::ports::{Alerts, BackendError, Breakers, Clock, Purchase, Queue, Store};

/// What became of a message on the `fulfilment` queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FulfilOutcome {
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
    pub async fn fulfil(
        &self,
        id: &ReservationId,
        invocation: &str,
        left: Duration,
    ) -> Result<FulfilOutcome, BackendError> {
        let begun = self.clock.now();
        let Some(reservation) = self.store.reservation(id).await? else {
            return Ok(FulfilOutcome::Nothing);
        };
        if self.is_resend_due(&reservation) {
            return self.resend(reservation, self.left(left, begun)).await;
        }
        if !reservation.may_call(self.clock.now()) {
            return Ok(FulfilOutcome::Nothing);
        }
        let account = reservation.order.account.clone();
        match self.decision(&account).await {
            decision @ (BreakerDecision::Probed { .. } | BreakerDecision::Held { .. }) => {
                self.hold(&reservation, decision).await
            }
            BreakerDecision::Closed => {
                self.fulfil_now(reservation, self.lease(invocation), self.left(left, begun)).await
            }
            BreakerDecision::ProbeDue => self.probe(reservation, self.lease(invocation), self.left(left, begun)).await,
        }
    }

    async fn fulfil_now(
        &self,
        reservation: Reservation,
        lease: Lease,
        left: Duration,
    ) -> Result<FulfilOutcome, BackendError> {
        let (begun, holder) = (self.clock.now(), lease.holder.clone());
        let call_no = reservation.calls + 1;
        let request_digest = self.vendor.request_digest(&reservation.order, call_no).await;
        // Whoever writes in between takes the seal away, and with it the repetition.
        let reservation = reservation.with_request_digest(call_no, request_digest);
        let start = Event::CallStarted(lease);
        match self.writer().settle(reservation, &start, &Source::Hub, None).await? {
            CommitOutcome::Written(change) if change.after.is_held_by(&holder) => {
                self.call(change.after, self.left(left, begun)).await?;
                Ok(FulfilOutcome::Called)
            }
            _ => Ok(FulfilOutcome::Nothing),
        }
    }

    /// Makes this purchase the account's one probe, if nobody else's is. A vendor
    /// that gives no sign of life is asked for one only: what is not sent to it
    /// cannot be in doubt.
    async fn probe(
        &self,
        reservation: Reservation,
        lease: Lease,
        left: Duration,
    ) -> Result<FulfilOutcome, BackendError> {
        let (account, begun, holder) = (reservation.order.account.clone(), self.clock.now(), lease.holder.clone());
        let breaker = match self.take_probe(&account, &lease).await? {
            BreakerUpdate::Written { after, .. } => after,
            // Somebody else's probe is out, or has closed the breaker meanwhile.
            BreakerUpdate::Stands(breaker) => return self.hold(&reservation, breaker.decision(begun)).await,
        };
        if breaker.requires_reachability() && !self.vendor.probe_reachable(&account).await {
            let decision = self.record_probe_unanswered(&account, &holder).await;
            return self.hold(&reservation, decision).await;
        }
        let probed = self.fulfil_now(reservation, lease, self.left(left, begun)).await;
        if !matches!(probed, Ok(FulfilOutcome::Called)) {
            self.record_call_result(&account, &holder, CallSignal::Nothing).await;
        }
        probed
    }

    /// Leaves the reservation to a later sweep.
    async fn hold(&self, reservation: &Reservation, decision: BreakerDecision) -> Result<FulfilOutcome, BackendError> {
        let again = self.again_at(decision, reservation.id());
        self.store.postpone(reservation, again.min(reservation.order.expires_at)).await?;
        Ok(FulfilOutcome::Held)
    }
}

#[cfg(test)]
mod tests;
