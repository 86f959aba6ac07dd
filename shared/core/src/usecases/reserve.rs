//! Reserves a test, and buys it at once if there is time.

use super::Invocation;
use super::breaker::{breaker_decision, retry_at};
use super::commit::enqueue_fulfilment;
use super::purchase::{PurchaseResult, purchase};
use crate::domain::breaker::BreakerDecision;
use crate::domain::launch::Launch;
use crate::domain::order::Order;
use crate::domain::reservation::Reservation;
use crate::ports::{BackendError, InsertOutcome, OrderProblem, Store, VendorEnv};

const FIRST_CALL: u32 = 1;

/// What became of a request to reserve.
#[derive(Debug, Clone, PartialEq)]
pub enum ReserveOutcome {
    New {
        reservation: Box<Reservation>,
        /// What opens the test, if the vendor's answer said.
        launch: Option<Launch>,
    },
    /// The same request came before: this is what it has become.
    Replayed(Box<Reservation>),
    /// The idempotency key was used for what has another fingerprint.
    KeyReused(Box<Reservation>),
}

/// Why a request could not be taken.
#[derive(Debug, thiserror::Error)]
pub enum ReserveError {
    /// The order cannot be taken; nothing was written.
    #[error("the order cannot be taken")]
    Order(OrderProblem),
    #[error(transparent)]
    Backend(#[from] BackendError),
}

/// Reserves a test: checks the order, writes the intent, and buys at once
/// unless the client won't wait, there is no time, or the account is held.
///
/// # Errors
/// [`ReserveError`].
pub async fn reserve<E: VendorEnv>(
    env: &E,
    order: Order,
    invocation: &Invocation,
    respond_async: bool,
) -> Result<ReserveOutcome, ReserveError> {
    let (vendor, timeouts) = (env.vendor(&order.account), env.timeouts());
    vendor.validate(&order).await.map_err(ReserveError::Order)?;
    let decision = breaker_decision(env, &order.account).await;
    let in_time = invocation.deadline.remaining(env.now()) >= timeouts.call_and_write();
    let inline = decision == BreakerDecision::Closed && !respond_async && in_time;
    let digest = if inline { vendor.request_digest(&order, FIRST_CALL).await } else { None };
    let now = env.now();
    let reservation = match decision {
        BreakerDecision::Closed if inline => Reservation::calling(order, invocation.lease(env), now),
        BreakerDecision::Closed => Reservation::queued(order, now, now),
        // The probe is a worker's: it is made without somebody waiting for it.
        BreakerDecision::ProbeDue | BreakerDecision::Probed { .. } | BreakerDecision::Held { .. } => {
            let retry_at = retry_at(env, decision, &order.id);
            Reservation::held(order, retry_at, now)
        }
    }
    .with_request_digest(FIRST_CALL, digest);
    match env.store().insert(&reservation).await? {
        InsertOutcome::New => {}
        InsertOutcome::Existing(known) if inline && known.is_held_by(&invocation.id) => {}
        InsertOutcome::Existing(known) if known.order.fingerprint != reservation.order.fingerprint => {
            return Ok(ReserveOutcome::KeyReused(known));
        }
        InsertOutcome::Existing(known) => return Ok(ReserveOutcome::Replayed(known)),
    }
    if inline {
        let PurchaseResult { reservation, launch } = purchase(env, reservation, invocation.deadline).await?;
        return Ok(ReserveOutcome::New { reservation: Box::new(reservation), launch });
    }
    if reservation.may_call(env.now()) {
        enqueue_fulfilment(env, reservation.id()).await;
    }
    Ok(ReserveOutcome::New { reservation: Box::new(reservation), launch: None })
}
