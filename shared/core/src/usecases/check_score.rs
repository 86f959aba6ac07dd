//! Looking one test up at TrueNorth: after a hint, before an expiry, in a poll.

use super::Times;
use super::commit::{Settled, carry_out, settle};
use crate::domain::reservation::{Event, Report, Reservation, Source};
use crate::ports::{
    Alerts, CheckReason, Clock, LookupError, Outage, Polls, Queue, ScoreCheck, Scores, Sighting, Store,
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
    pub times: &'a Times,
}

/// Why a check brought nothing.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// Storage or queue failed.
    #[error(transparent)]
    Outage(#[from] Outage),
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
        if reservation.order.account.name != check.account || reservation.reference.is_none() {
            return Ok(Checked::Unknown);
        }
        if check.reason == CheckReason::Webhook {
            let now = self.clock.now();
            if !self.polls.may_look_up(reservation.id(), now, self.times.lookup_interval).await? {
                return Ok(Checked::NotNow);
            }
        }
        let reservation = self.look_up(reservation).await?;
        if check.reason == CheckReason::Expiry {
            self.settle(reservation, &Event::ExpiryReached, Source::Hub, None).await?;
        }
        Ok(Checked::LookedUp)
    }

    /// Asks for one test and applies what is said of it.
    pub(super) async fn look_up(&self, reservation: Reservation) -> Result<Reservation, CheckError> {
        let account = reservation.order.account.name.clone();
        let sightings = self.scores.look_up(&account, reservation.id()).await?;
        let ours = sightings.into_iter().find(|sighting| is_ours(&reservation, sighting));
        match ours {
            Some(sighting) => Ok(self.apply(reservation, sighting).await?),
            None => Ok(reservation),
        }
    }

    /// Applies what a look-up saw of a reservation's test.
    pub(super) async fn apply(&self, reservation: Reservation, seen: Sighting) -> Result<Reservation, Outage> {
        let event = Event::Reported(Box::new(Report {
            receipt: None,
            digest: seen.raw.digest.clone(),
            reference: seen.reference,
            observed_at: seen.observed_at,
            says: seen.says,
        }));
        self.settle(reservation, &event, Source::VendorLookup, Some(&seen.raw)).await
    }

    async fn settle(
        &self,
        reservation: Reservation,
        event: &Event,
        source: Source,
        raw: Option<&crate::ports::RawDocument>,
    ) -> Result<Reservation, Outage> {
        let settled = settle(self.store, self.clock, self.times, reservation, event, &source, raw).await?;
        if let Settled::Written(change) = &settled {
            carry_out(change, self.queue, self.alerts).await;
        }
        Ok(settled.into_reservation())
    }

    /// Applies those sightings that are of the reservation's own test.
    pub(super) async fn apply_ours(&self, reservation: Reservation, sightings: Vec<Sighting>) -> Result<(), Outage> {
        if let Some(seen) = sightings.into_iter().find(|sighting| is_ours(&reservation, sighting)) {
            self.apply(reservation, seen).await?;
        }
        Ok(())
    }
}

fn is_ours(reservation: &Reservation, sighting: &Sighting) -> bool {
    reservation.reference.as_ref().is_some_and(|reference| reference.is_same_test(&sighting.reference))
}
