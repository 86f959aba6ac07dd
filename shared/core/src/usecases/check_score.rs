//! Looks a test up at its vendor: after a hint, before expiry, in doubt, or in a poll.

use super::commit::apply_and_commit;
use crate::domain::deadline::later;
use crate::domain::reservation::{Alert, CallOutcome, Event, Report, Reservation, Source, State, Status};
use crate::ports::{
    AlertSubject, Alerts, BackendError, CheckReason, LookupError, ObservedTest, Polls, Queue, ScoreCheck, Store,
    VendorEnv,
};

/// Why a check brought nothing.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    #[error(transparent)]
    Backend(#[from] BackendError),
    #[error(transparent)]
    LookUp(#[from] LookupError),
}

/// What became of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckOutcome {
    /// The vendor was asked and what it said was applied.
    LookedUp,
    /// The id is nobody's: a forged or foreign hint.
    Unknown,
    /// It was looked up a moment ago, or has nothing to look up.
    NotNow,
}

/// Follows a hint. What counts is what the vendor answers, never the hint.
///
/// # Errors
/// [`CheckError`].
pub async fn check_score<E: VendorEnv<Store: Polls>>(env: &E, check: &ScoreCheck) -> Result<CheckOutcome, CheckError> {
    let Some(reservation) = env.store().reservation(&check.reservation_id).await? else {
        return Ok(CheckOutcome::Unknown);
    };
    let has_look_up = reservation.vendor().capabilities().look_up;
    if !has_look_up || reservation.order.account.name != check.account {
        return Ok(CheckOutcome::Unknown);
    }
    match check.reason {
        // Whatever it was, looking is harmless.
        CheckReason::Webhook | CheckReason::WebhookAgain | CheckReason::Other(_) => {
            follow_hint(env, reservation, check).await
        }
        CheckReason::Expiry => check_before_expiry(env, reservation).await,
        CheckReason::Doubt => settle_doubt(env, reservation).await,
    }
}

/// A hint that comes soon after a look-up is followed once more, later: it may
/// be the one that tells of the score. By then, somebody else's look-up will do.
async fn follow_hint<E: VendorEnv<Store: Polls>>(
    env: &E,
    reservation: Reservation,
    check: &ScoreCheck,
) -> Result<CheckOutcome, CheckError> {
    let interval = env.timeouts().lookup_interval;
    if env.store().may_look_up(reservation.id(), env.now(), interval).await? {
        look_up(env, reservation).await?;
        return Ok(CheckOutcome::LookedUp);
    }
    if check.reason == CheckReason::Webhook {
        let again = ScoreCheck { reason: CheckReason::WebhookAgain, ..check.clone() };
        env.queue().check_score(&again, interval).await?;
    }
    Ok(CheckOutcome::NotNow)
}

async fn check_before_expiry<E: VendorEnv>(env: &E, reservation: Reservation) -> Result<CheckOutcome, CheckError> {
    if reservation.state != State::Ready || !reservation.is_past_expiry(env.now()) {
        return Ok(CheckOutcome::NotNow);
    }
    let reservation = look_up(env, reservation).await?;
    apply_and_commit(env, reservation, &Event::ExpiryReached, &Source::Hub, None).await?;
    Ok(CheckOutcome::LookedUp)
}

/// The vendor knows tests by their reservations, so its answer is exact: what it knows
/// was sold, and what it does not know a quiet time after the call was not.
async fn settle_doubt<E: VendorEnv>(env: &E, reservation: Reservation) -> Result<CheckOutcome, CheckError> {
    let asked_at = env.now();
    let quiet = reservation.doubt_quiet_from(&env.timeouts().policy);
    if quiet.is_none_or(|quiet| asked_at < quiet) {
        return Ok(CheckOutcome::NotNow);
    }
    let observed = env.vendor(&reservation.order.account).look_up(&reservation.order.account, reservation.id()).await?;
    if observed.is_empty() {
        let event = Event::NothingFound { asked_at };
        apply_and_commit(env, reservation, &event, &Source::VendorLookup, None).await?;
        return Ok(CheckOutcome::LookedUp);
    }
    let reservation = apply_observed(env, reservation, observed).await?;
    if reservation.status() == Status::InDoubt {
        // What the vendor knows belongs to another reservation already: the operator's to settle.
        env.alerts().raise(Alert::ReferenceTaken, AlertSubject::Reservation(reservation.id()));
        let again = later(env.now(), env.timeouts().policy.doubt_quiet);
        env.store().postpone(&reservation, again).await?;
    }
    Ok(CheckOutcome::LookedUp)
}

/// Asks for a reservation's tests and applies what is said of them.
pub(super) async fn look_up<E: VendorEnv>(env: &E, reservation: Reservation) -> Result<Reservation, CheckError> {
    let observed = env.vendor(&reservation.order.account).look_up(&reservation.order.account, reservation.id()).await?;
    Ok(apply_observed(env, reservation, observed).await?)
}

/// Applies what a look-up saw. Every test that the vendor has for a reservation was
/// bought for it: one is its own, the others are surplus.
pub(super) async fn apply_observed<E: VendorEnv>(
    env: &E,
    mut reservation: Reservation,
    observed: Vec<ObservedTest>,
) -> Result<Reservation, BackendError> {
    for ObservedTest { reference, observed_at, status, unreadable, raw } in observed {
        let is_own = reservation.reference.as_ref().is_none_or(|own| own.is_same_test(&reference));
        let event = if is_own {
            let digest = raw.digest.clone();
            Event::Reported(Box::new(Report { receipt: None, digest, reference, observed_at, status, unreadable }))
        } else {
            let outcome = CallOutcome::Confirmed { reference, launch: None };
            Event::CallEnded { call_no: reservation.calls, outcome }
        };
        let committed = apply_and_commit(env, reservation, &event, &Source::VendorLookup, Some(&raw)).await?;
        reservation = committed.into_reservation();
    }
    Ok(reservation)
}
