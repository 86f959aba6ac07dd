//! Keeping purchases away from a vendor that does not answer clearly.

use jiff::Timestamp;

use super::purchase::Buying;
use crate::domain::breaker::{Breaker, BreakerDecision, CallSignal, OperatorAction};
use crate::domain::deadline::later;
use crate::domain::ids::{Account, ReservationId};
use crate::domain::reservation::{Alert, Lease};
use crate::ports::{Alerts, BackendError, Breakers, Clock, Purchase, Queue, ReplaceOutcome, Store};

/// How often a write that others overtook is decided anew.
const ROUNDS: usize = 10;
/// Whose backoff spreads what waits for the same probe.
const SPREAD: u32 = 3;

/// What became of a transition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BreakerUpdate {
    /// It is written.
    Written {
        /// The breaker before it.
        before: Breaker,
        /// And after it.
        after: Breaker,
    },
    /// There is nothing to write: the breaker stands so already.
    Stands(Breaker),
}

impl BreakerUpdate {
    /// The breaker as it is now.
    pub fn into_breaker(self) -> Breaker {
        match self {
            BreakerUpdate::Written { after, .. } => after,
            BreakerUpdate::Stands(breaker) => breaker,
        }
    }
}

/// Brings a transition to an account's breaker and writes what it makes of it.
async fn turn<B: Breakers>(
    breakers: &B,
    account: &Account,
    transition: impl Fn(&Breaker) -> Option<Breaker>,
) -> Result<BreakerUpdate, BackendError> {
    let mut seen = breakers.breaker(account).await?;
    for _ in 0..ROUNDS {
        let Some(after) = transition(&seen) else { return Ok(BreakerUpdate::Stands(seen)) };
        match breakers.replace(account, &after).await? {
            ReplaceOutcome::Done => return Ok(BreakerUpdate::Written { before: seen, after }),
            ReplaceOutcome::Overtaken(current) => seen = current,
        }
    }
    Err(BackendError {
        operation: "writing a breaker that others keep changing",
        source: format!("{ROUNDS} writes in a row were overtaken").into(),
    })
}

/// Has an account's purchases wait until the operator resumes it.
pub async fn pause<B: Breakers>(
    breakers: &B,
    account: &Account,
    by: &OperatorAction,
) -> Result<BreakerUpdate, BackendError> {
    turn(breakers, account, |breaker| breaker.pause(by.clone())).await
}

/// Has an account's purchases go on, whatever held them.
pub async fn resume<B: Breakers>(
    breakers: &B,
    account: &Account,
    by: &OperatorAction,
) -> Result<BreakerUpdate, BackendError> {
    turn(breakers, account, |breaker| breaker.resume(by.clone())).await
}

impl<S: Store, V: Purchase, Q: Queue, A: Alerts, C: Clock, B: Breakers> Buying<'_, S, V, Q, A, C, B> {
    /// What the account's breaker says now. Where it cannot be read, purchases go
    /// on: a breaker is there to spare work, not to stop it.
    pub(super) async fn decision(&self, account: &Account) -> BreakerDecision {
        match self.breakers.breaker(account).await {
            Ok(breaker) => breaker.decision(self.clock.now()),
            Err(outage) => {
                self.alerts.note(&outage, &account.to_string());
                BreakerDecision::Closed
            }
        }
    }

    /// Takes the one probe, and what the breaker was when it could be taken.
    pub(super) async fn take_probe(&self, account: &Account, lease: &Lease) -> Result<BreakerUpdate, BackendError> {
        turn(self.breakers, account, |breaker| breaker.probing(lease.clone(), self.clock.now())).await
    }

    /// Tells the breaker how a call ended: no write unless it changes something.
    /// The outcome itself is written by then; what fails here is only noted.
    pub(super) async fn record_call_result(&self, account: &Account, holder: &str, sign: CallSignal) {
        self.watch(account, |breaker| breaker.ended(holder, sign, self.clock.now(), self.timeouts.probes)).await;
    }

    /// Ends a probe that asked the vendor for a sign of life and got none.
    pub(super) async fn record_probe_unanswered(&self, account: &Account, holder: &str) -> BreakerDecision {
        self.watch(account, |breaker| breaker.unanswered(holder, self.clock.now(), self.timeouts.probes)).await;
        self.decision(account).await
    }

    /// Tells the operator whenever a transition leaves the account open, so that
    /// an alert that died with its function is raised again by the next probe.
    async fn watch(&self, account: &Account, transition: impl Fn(&Breaker) -> Option<Breaker>) {
        match turn(self.breakers, account, transition).await {
            Ok(BreakerUpdate::Written { after, .. }) if after.open.is_some() => {
                self.alerts.raise(Alert::AccountPaused, &account.to_string());
            }
            Ok(_) => {}
            Err(outage) => self.alerts.note(&outage, &account.to_string()),
        }
    }

    /// When a held purchase is tried again: with the next probe, or soon after the
    /// one that is out; a little spread, so that not all come back at once.
    pub(super) fn again_at(&self, decision: BreakerDecision, id: &ReservationId) -> Timestamp {
        let (now, probes) = (self.clock.now(), self.timeouts.probes);
        let again = match decision {
            BreakerDecision::Closed | BreakerDecision::ProbeDue => return now,
            BreakerDecision::Probed { until } => until.min(later(now, probes.first)),
            BreakerDecision::Held { until } => until.unwrap_or_else(|| later(now, probes.cap)),
        };
        later(again, self.timeouts.policy.backoff.wait(id, SPREAD))
    }
}

#[cfg(test)]
mod tests;
