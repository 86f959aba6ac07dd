//! Settling a doubt by sending the same request again, where the vendor refuses
//! what it has processed.

use std::time::Duration;

use super::commit::CommitOutcome;
use super::fulfil::FulfilOutcome;
use super::purchase::Buying;
use crate::domain::breaker::BreakerDecision;
use crate::domain::reservation::{Event, Reservation, Source};
use crate::ports::{Alerts, BackendError, Breakers, Clock, Purchase, Queue, ResendOutcome, Store};

impl<S: Store, V: Purchase, Q: Queue, A: Alerts, C: Clock, B: Breakers> Buying<'_, S, V, Q, A, C, B> {
    /// Whether a reservation's request is due to be sent again.
    pub(super) fn is_resend_due(&self, reservation: &Reservation) -> bool {
        reservation.resend_from(&self.timeouts.policy).is_some_and(|from| from <= self.clock.now())
    }

    /// Sends the doubtful call's request again. The try is written first, so that
    /// they are counted whatever becomes of them. An open breaker does not hold it,
    /// since it cannot make another doubt; the operator's pause does.
    pub(super) async fn resend(&self, reservation: Reservation, left: Duration) -> Result<FulfilOutcome, BackendError> {
        let begun = self.clock.now();
        let decision = self.decision(&reservation.order.account).await;
        if matches!(decision, BreakerDecision::Held { until: None }) {
            let again = self.again_at(decision, reservation.id());
            self.store.postpone(&reservation, again).await?;
            return Ok(FulfilOutcome::Held);
        }
        if self.left(left, begun) < self.timeouts.call + self.timeouts.write_margin {
            return Ok(FulfilOutcome::Nothing);
        }
        let started = self.writer().settle(reservation, &Event::ResendStarted, &Source::Hub, None).await?;
        let reservation = match started {
            CommitOutcome::Written(change) if change.is_applied() => change.after,
            _ => return Ok(FulfilOutcome::Nothing),
        };
        let Some(request_digest) = reservation.request_digest.clone() else { return Ok(FulfilOutcome::Nothing) };
        let event = match self.vendor.resend(&reservation.order, &request_digest, self.timeouts.call).await {
            ResendOutcome::Ended(outcome) => {
                let left = self.left(left, begun);
                self.write_outcome(reservation, request_digest.call_no, outcome, left).await?;
                return Ok(FulfilOutcome::Called);
            }
            ResendOutcome::NotProcessed => Event::ResendNotProcessed,
            ResendOutcome::Impossible => Event::ResendImpossible,
        };
        self.writer().settle(reservation, &event, &Source::Hub, None).await?;
        Ok(FulfilOutcome::Called)
    }
}
