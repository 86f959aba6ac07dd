//! Settling a doubt by sending the same request again, where the vendor refuses
//! what it has processed.

use std::time::Duration;

use super::commit::Settled;
use super::fulfil::Fulfilled;
use super::purchase::Buying;
use crate::domain::breaker::Stance;
use crate::domain::reservation::{Event, Reservation, Source};
use crate::ports::{Alerts, Breakers, Clock, Outage, Purchase, Queue, Resent, Store};

impl<S: Store, V: Purchase, Q: Queue, A: Alerts, C: Clock, B: Breakers> Buying<'_, S, V, Q, A, C, B> {
    /// Whether a reservation's request is due to be sent again.
    pub(super) fn is_resend_due(&self, reservation: &Reservation) -> bool {
        reservation.resend_from(&self.times.policy).is_some_and(|from| from <= self.clock.now())
    }

    /// Sends the doubtful call's request again. The try is written first, so that
    /// they are counted whatever becomes of them. An open breaker does not hold it,
    /// since it cannot make another doubt; the operator's pause does.
    pub(super) async fn resend(&self, reservation: Reservation, left: Duration) -> Result<Fulfilled, Outage> {
        let begun = self.clock.now();
        let stance = self.stance(&reservation.order.account).await;
        if matches!(stance, Stance::Held { until: None }) {
            let again = self.again_at(stance, reservation.id());
            self.store.postpone(&reservation, again).await?;
            return Ok(Fulfilled::Held);
        }
        if self.left(left, begun) < self.times.call + self.times.margin {
            return Ok(Fulfilled::Nothing);
        }
        let started = self.writer().settle(reservation, &Event::ResendStarted, &Source::Hub, None).await?;
        let reservation = match started {
            Settled::Written(change) if change.is_applied() => change.after,
            _ => return Ok(Fulfilled::Nothing),
        };
        let Some(seal) = reservation.seal.clone() else { return Ok(Fulfilled::Nothing) };
        let event = match self.vendor.resend(&reservation.order, &seal, self.times.call).await {
            Resent::Ended(outcome) => {
                let left = self.left(left, begun);
                self.write_outcome(reservation, seal.call_no, outcome, left).await?;
                return Ok(Fulfilled::Called);
            }
            Resent::NotProcessed => Event::ResendNotProcessed,
            Resent::Impossible => Event::ResendImpossible,
        };
        self.writer().settle(reservation, &event, &Source::Hub, None).await?;
        Ok(Fulfilled::Called)
    }
}
