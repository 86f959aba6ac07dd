//! The circuit breaker of a vendor account: pure code, no I/O, no clock.
//!
//! Every purchase call whose outcome stays unknown may have bought a test, and
//! costs somebody's time to settle. After [`UNKNOWNS_TO_OPEN`] of them in a row the
//! account is left alone: purchases wait, and one probe at a time finds out
//! whether the vendor is back. Apart from that the operator may pause an account.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::deadline::later;
use super::forward::Extra;
use super::reservation::{CallOutcome, Lease};

/// How many unknown outcomes in a row open a breaker.
pub const UNKNOWNS_TO_OPEN: u32 = 3;

/// One probe in so many goes out without a sign of life: no document promises one,
/// and an account must not wait for ever. By the usual backoff that is once in more
/// than an hour.
const PROBES_TO_A_BLIND_ONE: u32 = 16;

/// How long an open breaker waits between two probes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProbeBackoff {
    /// The wait before the first probe; it doubles with every probe that fails.
    pub first: Duration,
    pub cap: Duration,
}

impl ProbeBackoff {
    /// How long to wait after so many failed probes.
    pub fn wait(self, failed: u32) -> Duration {
        self.first.saturating_mul(1 << failed.min(30)).min(self.cap)
    }
}

/// The state of an account.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Breaker {
    /// Counts writes; every write is conditional on it. 0: never written.
    pub seq: u64,
    /// Purchase calls in a row whose outcome stayed unknown.
    pub unknowns: u32,
    /// Set while purchases wait for the vendor.
    pub open: Option<Open>,
    /// Set while the operator has the account paused.
    pub paused: Option<OperatorAction>,
    /// When and by whom the account was resumed last.
    pub resumed: Option<OperatorAction>,
    #[serde(flatten)]
    pub extra: Extra,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Open {
    pub since: Timestamp,
    /// How many probes failed since.
    pub failed: u32,
    /// Before this no probe goes out.
    pub probe_at: Timestamp,
    /// The probe that is out, until its lease lapses.
    pub probe: Option<Lease>,
    #[serde(flatten)]
    pub extra: Extra,
}

/// Who did something to an account, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperatorAction {
    /// The operator, as they call themselves.
    pub who: String,
    pub at: Timestamp,
    #[serde(flatten)]
    pub extra: Extra,
}

impl OperatorAction {
    pub fn new(who: impl Into<String>, at: Timestamp) -> Self {
        Self { who: who.into(), at, extra: Extra::default() }
    }
}

/// What a breaker says to a purchase that wants to begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BreakerDecision {
    Closed,
    /// Call only as the probe, once its lease is taken.
    ProbeDue,
    /// Wait a little: the probe is out.
    Probed {
        /// When it is taken for dead.
        until: Timestamp,
    },
    /// Wait: for the next probe, or as long as the operator says.
    Held {
        /// When to ask again; `None` where nobody knows.
        until: Option<Timestamp>,
    },
}

/// What a call's outcome says about the vendor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallSignal {
    /// It answered: yes or no, but clearly.
    Answered,
    /// Nothing was asked of it, or it took no part: neither good nor bad.
    Nothing,
    /// It may have sold a test and did not say so.
    Unknown,
}

impl From<&CallOutcome> for CallSignal {
    fn from(outcome: &CallOutcome) -> Self {
        match outcome {
            CallOutcome::Confirmed { .. } | CallOutcome::Refused(_) => CallSignal::Answered,
            CallOutcome::NotProcessed { .. } => CallSignal::Nothing,
            CallOutcome::Unknown(_) => CallSignal::Unknown,
        }
    }
}

impl Breaker {
    /// What a purchase may do now.
    pub fn decision(&self, now: Timestamp) -> BreakerDecision {
        match &self.open {
            _ if self.paused.is_some() => BreakerDecision::Held { until: None },
            None => BreakerDecision::Closed,
            Some(Open { probe: Some(lease), .. }) if lease.until > now => {
                BreakerDecision::Probed { until: lease.until }
            }
            Some(open) if open.probe_at > now => BreakerDecision::Held { until: Some(open.probe_at) },
            Some(_) => BreakerDecision::ProbeDue,
        }
    }

    /// Whether nothing is out of the ordinary: no doubt since the last clear answer.
    pub fn is_quiet(&self) -> bool {
        self.unknowns == 0 && self.open.is_none() && self.paused.is_none()
    }

    /// Leases the one probe. `None`, and nothing to write, where none is due.
    pub fn start_probe(&self, lease: Lease, now: Timestamp) -> Option<Self> {
        let open = self.open.as_ref().filter(|_| self.decision(now) == BreakerDecision::ProbeDue)?;
        Some(self.next(|breaker| breaker.open = Some(Open { probe: Some(lease), ..open.clone() })))
    }

    /// Takes a call's outcome in. `holder` is the invocation that made the call.
    /// `None` where the outcome changes nothing, which is the ordinary case.
    pub fn call_ended(&self, holder: &str, signal: CallSignal, now: Timestamp, backoff: ProbeBackoff) -> Option<Self> {
        match (&self.open, signal) {
            (None, CallSignal::Nothing) => None,
            (_, CallSignal::Answered) => (self.unknowns > 0 || self.open.is_some()).then(|| self.next(Self::close)),
            (None, CallSignal::Unknown) => Some(self.next(|breaker| breaker.count_unknown(now, backoff))),
            // A call that was out before the breaker opened says nothing new.
            (Some(open), _) if !open.is_probed_by(holder) => None,
            (Some(open), signal) => {
                let failed = open.failed.saturating_add(u32::from(signal == CallSignal::Unknown));
                let open = Open { failed, probe_at: later(now, backoff.wait(failed)), probe: None, ..open.clone() };
                Some(self.next(|breaker| breaker.open = Some(open)))
            }
        }
    }

    /// Whether the vendor must give a sign of life before the probe buys from it.
    pub fn requires_reachability(&self) -> bool {
        self.open.as_ref().is_some_and(|open| (open.failed + 1) % PROBES_TO_A_BLIND_ONE != 0)
    }

    /// Ends a probe that found the vendor as silent as before, without a purchase.
    pub fn probe_unanswered(&self, holder: &str, now: Timestamp, backoff: ProbeBackoff) -> Option<Self> {
        self.open.as_ref().filter(|open| open.is_probed_by(holder))?;
        self.call_ended(holder, CallSignal::Unknown, now, backoff)
    }

    /// Pauses the account. An account that is paused stays so since then.
    pub fn pause(&self, by: OperatorAction) -> Option<Self> {
        self.paused.is_none().then(|| self.next(|breaker| breaker.paused = Some(by)))
    }

    /// Lets purchases go on at once, whatever held them.
    pub fn resume(&self, by: OperatorAction) -> Option<Self> {
        (!self.is_quiet()).then(|| {
            self.next(|breaker| {
                breaker.close();
                breaker.paused = None;
                breaker.resumed = Some(by);
            })
        })
    }

    fn next(&self, edit: impl FnOnce(&mut Self)) -> Self {
        let mut next = self.clone();
        edit(&mut next);
        next.seq += 1;
        next
    }

    fn close(&mut self) {
        self.unknowns = 0;
        self.open = None;
    }

    fn count_unknown(&mut self, now: Timestamp, backoff: ProbeBackoff) {
        self.unknowns = self.unknowns.saturating_add(1);
        if self.unknowns >= UNKNOWNS_TO_OPEN {
            let probe_at = later(now, backoff.wait(0));
            self.open = Some(Open { since: now, failed: 0, probe_at, probe: None, extra: Extra::default() });
        }
    }
}

impl Open {
    fn is_probed_by(&self, holder: &str) -> bool {
        self.probe.as_ref().is_some_and(|lease| lease.holder == holder)
    }
}
