//! One purchase call, from its lease to its committed outcome.

use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};

use super::breaker::record_call_result;
use super::commit::{CommitOutcome, apply_and_commit};
use crate::domain::breaker::CallSignal;
use crate::domain::deadline::Deadline;
use crate::domain::launch::Launch;
use crate::domain::reservation::{
    CallOutcome, Event, Evidence, NotProcessed, Refusal, Reservation, Source, State, Unknown,
};
use crate::ports::{AlertSubject, Alerts, BackendError, Clock, Env, Queue, ResultMessage, VendorEnv};

/// A purchase's outcome as it was written, with what only the answer had.
#[derive(Debug, Clone, PartialEq)]
pub struct PurchaseResult {
    /// The reservation as it is now.
    pub reservation: Reservation,
    /// What opens the test, if the vendor's answer to this very call said.
    pub launch: Option<Launch>,
}

/// Makes the call that the reservation's lease is for, and writes how it ended.
///
/// # Errors
/// The outcome could neither be written nor enqueued.
pub async fn purchase<E: VendorEnv>(
    env: &E,
    reservation: Reservation,
    deadline: Deadline,
) -> Result<PurchaseResult, BackendError> {
    let (timeouts, call_no) = (env.timeouts(), reservation.calls);
    let outcome = if reservation.order.candidate.is_none() {
        let vendor_reason = "The candidate was erased: nothing was ordered.".to_owned();
        CallOutcome::Refused(Refusal { out_of_tests: false, vendor_reason })
    } else if deadline.remaining(env.now()) < timeouts.call_and_write() {
        // Nothing has left yet, so giving up is safe; later it would not be.
        CallOutcome::NotProcessed { why: NotProcessed::NoTime, retry_after: None, detail: None }
    } else {
        let answer_by = Deadline::after(env.now(), timeouts.call);
        env.vendor(&reservation.order.account).purchase(&reservation.order, call_no, answer_by).await
    };
    let launch = match &outcome {
        CallOutcome::Confirmed { launch, .. } => launch.clone(),
        _ => None,
    };
    let (account, signal) = (reservation.order.account.clone(), CallSignal::from(&outcome));
    let holder = match &reservation.state {
        State::Calling { lease, .. } => lease.holder.clone(),
        _ => String::new(),
    };
    let written = write_outcome(env, reservation, call_no, outcome, deadline).await;
    // On the ordinary path this is over before the clock is asked.
    let time_out = pin!(env.clock().sleep(timeouts.handoff_margin));
    select(pin!(record_call_result(env, &account, &holder, signal)), time_out).await;
    Ok(PurchaseResult { reservation: written?, launch })
}

/// Writes an outcome. If that fails, or takes longer than this invocation may
/// live, the outcome itself is handed to the `results` queue: what the vendor
/// said must not be lost. Both may then happen, which is harmless.
pub(super) async fn write_outcome<E: Env>(
    env: &E,
    reservation: Reservation,
    call_no: u32,
    outcome: CallOutcome,
    deadline: Deadline,
) -> Result<Reservation, BackendError> {
    let unwritten = reservation.clone();
    let write_by = deadline.earlier_by(env.timeouts().handoff_margin);
    let error = {
        let writing = pin!(record_outcome(env, reservation, call_no, &outcome));
        let time_out = pin!(env.clock().sleep(write_by.remaining(env.now())));
        match select(writing, time_out).await {
            Either::Left((Ok(reservation), _)) => return Ok(reservation),
            Either::Left((Err(error), _)) => error,
            Either::Right(_) => BackendError::unavailable("write an outcome in time", "it took too long"),
        }
    };
    env.alerts().log_recoverable(&error, AlertSubject::Reservation(unwritten.id()));
    let message = ResultMessage::Outcome { reservation_id: unwritten.id().clone(), call_no, outcome };
    env.queue().record(&message, Duration::ZERO).await?;
    Ok(unwritten)
}

/// Writes an outcome, also one that comes back from the queue.
///
/// # Errors
/// Storage failed.
pub async fn record_outcome<E: Env>(
    env: &E,
    reservation: Reservation,
    call_no: u32,
    outcome: &CallOutcome,
) -> Result<Reservation, BackendError> {
    let event = Event::CallEnded { call_no, outcome: outcome.clone() };
    let committed = apply_and_commit(env, reservation, &event, &Source::VendorAnswer, None).await?;
    let CommitOutcome::ReferenceTaken(reservation) = committed else { return Ok(committed.into_reservation()) };
    // The vendor named a test that is somebody else's: kept, alerted, and in doubt,
    // since we can't tell what it sold.
    let mut evidence = Evidence::without_answer(call_no, env.now(), Unknown::ReferenceTaken);
    if let CallOutcome::Confirmed { reference, .. } = outcome {
        evidence.reference = Some(reference.clone());
    }
    let event = Event::CallEnded { call_no, outcome: CallOutcome::Unknown(evidence) };
    Ok(apply_and_commit(env, *reservation, &event, &Source::VendorAnswer, None).await?.into_reservation())
}
