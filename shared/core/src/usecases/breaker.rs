//! The circuit breaker in use: stops purchases from a vendor account that gives no
//! clear answers.

use jiff::Timestamp;

use crate::domain::breaker::{Breaker, BreakerDecision, CallSignal, OperatorAction};
use crate::domain::deadline::later;
use crate::domain::ids::{Account, ReservationId};
use crate::domain::reservation::{Alert, Lease};
use crate::ports::{AlertSubject, Alerts, BackendError, Breakers, ReplaceOutcome, VendorEnv};

/// How often a write that others overtook is decided anew.
const ROUNDS: usize = 10;
/// Whose backoff spreads what waits for the same probe.
const SPREAD: u32 = 3;

/// What became of a transition.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "one for each write of a breaker, which is rare")]
pub enum BreakerUpdate {
    Written {
        before: Breaker,
        after: Breaker,
    },
    /// There was nothing to write.
    Unchanged(Breaker),
}

impl BreakerUpdate {
    /// The breaker as it is now.
    pub fn into_breaker(self) -> Breaker {
        match self {
            BreakerUpdate::Written { after, .. } => after,
            BreakerUpdate::Unchanged(breaker) => breaker,
        }
    }
}

/// Brings a transition to an account's breaker and writes what it makes of it.
async fn update<B: Breakers>(
    breakers: &B,
    account: &Account,
    transition: impl Fn(&Breaker) -> Option<Breaker>,
) -> Result<BreakerUpdate, BackendError> {
    let mut seen = breakers.breaker(account).await?;
    for _ in 0..ROUNDS {
        let Some(after) = transition(&seen) else { return Ok(BreakerUpdate::Unchanged(seen)) };
        match breakers.replace(account, &after).await? {
            ReplaceOutcome::Done => return Ok(BreakerUpdate::Written { before: seen, after }),
            ReplaceOutcome::Overtaken(current) => seen = current,
        }
    }
    Err(BackendError::contended("writing a breaker that others keep changing", ROUNDS))
}

/// Has an account's purchases wait until the operator resumes it.
pub async fn pause<B: Breakers>(
    breakers: &B,
    account: &Account,
    by: &OperatorAction,
) -> Result<BreakerUpdate, BackendError> {
    update(breakers, account, |breaker| breaker.pause(by.clone())).await
}

/// Has an account's purchases go on, whatever held them.
pub async fn resume<B: Breakers>(
    breakers: &B,
    account: &Account,
    by: &OperatorAction,
) -> Result<BreakerUpdate, BackendError> {
    update(breakers, account, |breaker| breaker.resume(by.clone())).await
}

/// What the account's breaker says now. Where it cannot be read, purchases go
/// on: a breaker is there to spare work, not to stop it.
pub(super) async fn breaker_decision<E: VendorEnv>(env: &E, account: &Account) -> BreakerDecision {
    match env.breakers().breaker(account).await {
        Ok(breaker) => breaker.decision(env.now()),
        Err(error) => {
            env.alerts().log_recoverable(&error, AlertSubject::Account(account));
            BreakerDecision::Closed
        }
    }
}

/// Takes the one probe, where one is due.
pub(super) async fn start_probe<E: VendorEnv>(
    env: &E,
    account: &Account,
    lease: &Lease,
) -> Result<BreakerUpdate, BackendError> {
    update(env.breakers(), account, |breaker| breaker.start_probe(lease.clone(), env.now())).await
}

/// Tells the breaker how a call ended: no write unless it changes something.
/// The outcome itself is written by then; what fails here is only logged.
pub async fn record_call_result<E: VendorEnv>(env: &E, account: &Account, holder: &str, signal: CallSignal) {
    let probes = env.timeouts().probes;
    update_and_alert(env, account, |breaker| breaker.call_ended(holder, signal, env.now(), probes)).await;
}

/// Ends a probe whose vendor could not be reached.
pub async fn record_probe_unanswered<E: VendorEnv>(env: &E, account: &Account, holder: &str) -> BreakerDecision {
    let probes = env.timeouts().probes;
    update_and_alert(env, account, |breaker| breaker.probe_unanswered(holder, env.now(), probes)).await;
    breaker_decision(env, account).await
}

/// Tells the operator whenever a transition leaves the account open, so that
/// an alert that died with its function is raised again by the next probe.
async fn update_and_alert<E: VendorEnv>(env: &E, account: &Account, transition: impl Fn(&Breaker) -> Option<Breaker>) {
    match update(env.breakers(), account, transition).await {
        Ok(BreakerUpdate::Written { after, .. }) if after.open.is_some() => {
            env.alerts().raise(Alert::AccountPaused, AlertSubject::Account(account));
        }
        Ok(_) => {}
        Err(error) => env.alerts().log_recoverable(&error, AlertSubject::Account(account)),
    }
}

/// When a held purchase is tried again: with the next probe, or soon after the
/// one that is out; a little spread, so that not all come back at once.
pub fn retry_at<E: VendorEnv>(env: &E, decision: BreakerDecision, id: &ReservationId) -> Timestamp {
    let (now, probes) = (env.now(), env.timeouts().probes);
    let again = match decision {
        BreakerDecision::Closed | BreakerDecision::ProbeDue => return now,
        BreakerDecision::Probed { until } => until.min(later(now, probes.first)),
        BreakerDecision::Held { until } => until.unwrap_or_else(|| later(now, probes.cap)),
    };
    later(again, env.timeouts().policy.backoff.wait(id, SPREAD))
}
