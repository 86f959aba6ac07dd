//! Looking one test up at TrueNorth: after a hint, before an expiry, in doubt, in a poll.

use super::Timeouts;
use super::commit::Writer;
use crate::domain::deadline::later;
use crate::domain::ids::{Account, Vendor};
use crate::domain::reservation::{Alert, CallOutcome, Event, Report, Reservation, Source, State, Status};
use crate::ports::{
    Alerts, BackendError, CheckReason, Clock, LookupError, ObservedTest, Polls, Queue, RawDocument, ScoreCheck, Scores,
    Store,
};

/// The ports that look-ups need.
pub struct Looking<'a, S, V, P, Q, A, C> {
    /// The reservations.
    pub store: &'a S,
    /// TrueNorth.
    pub scores: &'a V,
    /// The polls' marks and leases.
    pub polls: &'a P,
    /// The other functions.
    pub queue: &'a Q,
    /// The operator.
    pub alerts: &'a A,
    /// The time.
    pub clock: &'a C,
    /// The times.
    pub timeouts: &'a Timeouts,
}

/// NoteReason a check brought nothing.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// Storage or queue failed.
    #[error(transparent)]
    BackendError(#[from] BackendError),
    /// The vendor could not be asked.
    #[error(transparent)]
    LookUp(#[from] LookupError),
}

/// What became of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checked {
    /// The vendor was asked and what it said was applied.
    LookedUp,
    /// The id is nobody's: a forged or foreign hint.
    Unknown,
    /// It was looked up a moment ago, or has nothing to look up.
    NotNow,
}

impl<S: Store, V: Scores, P: Polls, Q: Queue, A: Alerts, C: Clock> Looking<'_, S, V, P, Q, A, C> {
    /// Follows a hint. What counts is what the vendor answers, never the hint.
    pub async fn check(&self, check: &ScoreCheck) -> Result<Checked, CheckError> {
        let Some(reservation) = self.store.reservation(&check.reservation_id).await? else {
            return Ok(Checked::Unknown);
        };
        let account = Account { vendor: Vendor::Truenorth, name: check.account.clone() };
        if reservation.order.account != account {
            return Ok(Checked::Unknown);
        }
        match check.reason {
            CheckReason::Webhook | CheckReason::WebhookAgain => self.follow_up(reservation, check).await,
            CheckReason::Expiry => self.before_expiry(reservation).await,
            CheckReason::Doubt => self.settle_doubt(reservation).await,
        }
    }

    /// A hint that comes soon after a look-up is followed once more, later: it may
    /// be the one that tells of the score. By then, somebody else's look-up will do.
    async fn follow_up(&self, reservation: Reservation, check: &ScoreCheck) -> Result<Checked, CheckError> {
        let interval = self.timeouts.lookup_interval;
        if self.polls.may_look_up(reservation.id(), self.clock.now(), interval).await? {
            self.look_up(reservation).await?;
            return Ok(Checked::LookedUp);
        }
        if check.reason == CheckReason::Webhook {
            let again = ScoreCheck { reason: CheckReason::WebhookAgain, ..check.clone() };
            self.queue.check_score(&again, interval).await?;
        }
        Ok(Checked::NotNow)
    }

    async fn before_expiry(&self, reservation: Reservation) -> Result<Checked, CheckError> {
        let may_expire = reservation.state == State::Ready && reservation.is_past_expiry(self.clock.now());
        if !may_expire {
            return Ok(Checked::NotNow);
        }
        let reservation = self.look_up(reservation).await?;
        self.settle(reservation, &Event::ExpiryReached, Source::Hub, None).await?;
        Ok(Checked::LookedUp)
    }

    /// The reservation is the user, so the vendor's answer is exact: what it knows
    /// was sold, and what it does not know a quiet time after the call was not.
    async fn settle_doubt(&self, reservation: Reservation) -> Result<Checked, CheckError> {
        let asked_at = self.clock.now();
        let quiet = reservation.doubt_quiet_from(&self.timeouts.policy);
        if quiet.is_none_or(|quiet| asked_at < quiet) {
            return Ok(Checked::NotNow);
        }
        let account = reservation.order.account.name.clone();
        let observed = self.scores.look_up(&account, reservation.id()).await?;
        if observed.is_empty() {
            self.settle(reservation, &Event::NothingFound { asked_at }, Source::VendorLookup, None).await?;
            return Ok(Checked::LookedUp);
        }
        let reservation = self.apply_all(reservation, observed).await?;
        if reservation.status() == Status::InDoubt {
            self.leave_to_operator(&reservation).await?;
        }
        Ok(Checked::LookedUp)
    }

    /// What the vendor knows belongs to another reservation already.
    async fn leave_to_operator(&self, reservation: &Reservation) -> Result<(), BackendError> {
        self.alerts.raise(Alert::ReferenceTaken, reservation.id().as_str());
        let again = later(self.clock.now(), self.timeouts.policy.doubt_quiet);
        self.store.postpone(reservation, again).await
    }

    /// Asks for a reservation's tests and applies what is said of them.
    pub(super) async fn look_up(&self, reservation: Reservation) -> Result<Reservation, CheckError> {
        let account = reservation.order.account.name.clone();
        let observed = self.scores.look_up(&account, reservation.id()).await?;
        Ok(self.apply_all(reservation, observed).await?)
    }

    /// Applies what a look-up saw. The reservation is the user, so every test of
    /// the user was bought for it: one is its own, the others are surplus.
    pub(super) async fn apply_all(
        &self,
        mut reservation: Reservation,
        observed: Vec<ObservedTest>,
    ) -> Result<Reservation, BackendError> {
        for seen in observed {
            let is_own = reservation.reference.as_ref().is_none_or(|own| own.is_same_test(&seen.reference));
            reservation = if is_own {
                self.apply(reservation, seen).await?
            } else {
                let outcome = CallOutcome::Confirmed { reference: seen.reference, launch: None };
                let event = Event::CallEnded { call_no: reservation.calls, outcome };
                self.settle(reservation, &event, Source::VendorLookup, Some(&seen.raw)).await?
            };
        }
        Ok(reservation)
    }

    async fn apply(&self, reservation: Reservation, seen: ObservedTest) -> Result<Reservation, BackendError> {
        let event = Event::Reported(Box::new(Report {
            receipt: None,
            digest: seen.raw.digest.clone(),
            reference: seen.reference,
            observed_at: seen.observed_at,
            status: seen.status,
            unreadable: seen.unreadable,
        }));
        self.settle(reservation, &event, Source::VendorLookup, Some(&seen.raw)).await
    }

    async fn settle(
        &self,
        reservation: Reservation,
        event: &Event,
        source: Source,
        raw: Option<&RawDocument>,
    ) -> Result<Reservation, BackendError> {
        let Looking { store, queue, alerts, clock, timeouts, .. } = *self;
        let writer = Writer { store, alerts, clock, timeouts };
        Ok(writer.settle_and_hand_on(queue, reservation, event, &source, raw).await?.into_reservation())
    }
}

#[cfg(test)]
mod tests;
