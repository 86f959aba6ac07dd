//! Buys a test that could not be bought at once.

use super::Invocation;
use super::breaker::{
    BreakerUpdate, breaker_decision, record_call_result, record_probe_unanswered, retry_at, start_probe,
};
use super::commit::{CommitOutcome, apply_and_commit};
use super::purchase::{purchase, write_outcome};
use crate::domain::breaker::{BreakerDecision, CallSignal};
use crate::domain::deadline::Deadline;
use crate::domain::ids::ReservationId;
use crate::domain::reservation::{Event, Lease, Reservation, Source};
use crate::ports::{BackendError, ResendOutcome, Store, VendorEnv};

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

/// Buys for a reservation that waits: takes the lease, calls, writes the outcome;
/// or sends a doubtful call again where that settles it.
///
/// # Errors
/// Storage or queue failed.
pub async fn fulfil<E: VendorEnv>(
    env: &E,
    id: &ReservationId,
    invocation: &Invocation,
) -> Result<FulfilOutcome, BackendError> {
    let Some(reservation) = env.store().reservation(id).await? else {
        return Ok(FulfilOutcome::Nothing);
    };
    if reservation.resend_from(&env.timeouts().policy).is_some_and(|from| from <= env.now()) {
        return resend(env, reservation, invocation.deadline).await;
    }
    if !reservation.may_call(env.now()) {
        return Ok(FulfilOutcome::Nothing);
    }
    match breaker_decision(env, &reservation.order.account).await {
        BreakerDecision::Closed => call(env, reservation, invocation.lease(env), invocation).await,
        BreakerDecision::ProbeDue => probe(env, reservation, invocation).await,
        decision @ (BreakerDecision::Probed { .. } | BreakerDecision::Held { .. }) => {
            hold(env, &reservation, decision).await
        }
    }
}

async fn call<E: VendorEnv>(
    env: &E,
    reservation: Reservation,
    lease: Lease,
    invocation: &Invocation,
) -> Result<FulfilOutcome, BackendError> {
    let call_no = reservation.calls + 1;
    let digest = env.vendor(&reservation.order.account).request_digest(&reservation.order, call_no).await;
    // Whoever writes in between takes the digest away, and with it the repetition.
    let reservation = reservation.with_request_digest(call_no, digest);
    match apply_and_commit(env, reservation, &Event::CallStarted(lease), &Source::Hub, None).await? {
        CommitOutcome::Written(change) if change.after.is_held_by(&invocation.id) => {
            purchase(env, change.after, invocation.deadline).await?;
            Ok(FulfilOutcome::Called)
        }
        _ => Ok(FulfilOutcome::Nothing),
    }
}

/// Makes this purchase the account's one probe, if nobody else's is. A vendor that
/// cannot be reached is asked for one only: what is not sent to it cannot be in doubt.
async fn probe<E: VendorEnv>(
    env: &E,
    reservation: Reservation,
    invocation: &Invocation,
) -> Result<FulfilOutcome, BackendError> {
    let (account, lease, now) = (reservation.order.account.clone(), invocation.lease(env), env.now());
    let breaker = match start_probe(env, &account, &lease).await? {
        BreakerUpdate::Written { after, .. } => after,
        // Somebody else's probe is out, or has closed the breaker meanwhile.
        BreakerUpdate::Unchanged(breaker) => return hold(env, &reservation, breaker.decision(now)).await,
    };
    if breaker.requires_reachability() && !env.vendor(&account).probe_reachable(&account).await {
        let decision = record_probe_unanswered(env, &account, &invocation.id).await;
        return hold(env, &reservation, decision).await;
    }
    let probed = call(env, reservation, lease, invocation).await;
    if !matches!(probed, Ok(FulfilOutcome::Called)) {
        record_call_result(env, &account, &invocation.id, CallSignal::Nothing).await;
    }
    probed
}

/// Leaves the reservation to a later sweep.
async fn hold<E: VendorEnv>(
    env: &E,
    reservation: &Reservation,
    decision: BreakerDecision,
) -> Result<FulfilOutcome, BackendError> {
    let retry_at = retry_at(env, decision, reservation.id());
    env.store().postpone(reservation, retry_at.min(reservation.order.expires_at)).await?;
    Ok(FulfilOutcome::Held)
}

/// Sends the doubtful call's request again. The try is written first, so that
/// they are counted whatever becomes of them. An open breaker does not hold it,
/// since it cannot make another doubt; the operator's pause does.
async fn resend<E: VendorEnv>(
    env: &E,
    reservation: Reservation,
    deadline: Deadline,
) -> Result<FulfilOutcome, BackendError> {
    let decision = breaker_decision(env, &reservation.order.account).await;
    if matches!(decision, BreakerDecision::Held { until: None }) {
        env.store().postpone(&reservation, retry_at(env, decision, reservation.id())).await?;
        return Ok(FulfilOutcome::Held);
    }
    let timeouts = env.timeouts();
    if deadline.remaining(env.now()) < timeouts.call_and_write() {
        return Ok(FulfilOutcome::Nothing);
    }
    let reservation = match apply_and_commit(env, reservation, &Event::ResendStarted, &Source::Hub, None).await? {
        CommitOutcome::Written(change) if change.is_applied() => change.after,
        _ => return Ok(FulfilOutcome::Nothing),
    };
    let Some(request) = reservation.request_digest.clone() else { return Ok(FulfilOutcome::Nothing) };
    let answer_by = Deadline::after(env.now(), timeouts.call);
    let event = match env.vendor(&reservation.order.account).resend(&reservation.order, &request, answer_by).await {
        ResendOutcome::Ended(outcome) => {
            write_outcome(env, reservation, request.call_no, outcome, deadline).await?;
            return Ok(FulfilOutcome::Called);
        }
        ResendOutcome::NotProcessed => Event::ResendNotProcessed,
        ResendOutcome::Impossible => Event::ResendImpossible,
    };
    apply_and_commit(env, reservation, &event, &Source::Hub, None).await?;
    Ok(FulfilOutcome::Called)
}
