//! Settling a doubt by sending the same request again, where the vendor refuses
//! what it has processed.

use super::breaker::{breaker_decision, retry_at};
use super::commit::{CommitOutcome, apply_and_commit};
use super::fulfil::FulfilOutcome;
use super::purchase::write_outcome;
use crate::domain::breaker::BreakerDecision;
use crate::domain::deadline::Deadline;
use crate::domain::reservation::{Event, Reservation, Source};
use crate::ports::{BackendError, ResendOutcome, Store, VendorEnv};

/// Sends the doubtful call's request again. The try is written first, so that
/// they are counted whatever becomes of them. An open breaker does not hold it,
/// since it cannot make another doubt; the operator's pause does.
pub(super) async fn resend<E: VendorEnv>(
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
    if deadline.remaining(env.now()) < timeouts.call + timeouts.write_margin {
        return Ok(FulfilOutcome::Nothing);
    }
    let reservation = match apply_and_commit(env, reservation, &Event::ResendStarted, &Source::Hub, None).await? {
        CommitOutcome::Written(change) if change.is_applied() => change.after,
        _ => return Ok(FulfilOutcome::Nothing),
    };
    let Some(request) = reservation.request_digest.clone() else { return Ok(FulfilOutcome::Nothing) };
    let answer_by = Deadline::after(env.now(), timeouts.call);
    let event = match env.vendor(reservation.vendor()).resend(&reservation.order, &request, answer_by).await {
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
