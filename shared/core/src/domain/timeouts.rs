//! The hub's timeouts and intervals. They are configuration, so that a test can shorten them.

use std::time::Duration;

use super::breaker::ProbeBackoff;
use super::reservation::Policy;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// What the state machine goes by.
    pub policy: Policy,
    /// How long an account's open breaker waits between two probes.
    pub probes: ProbeBackoff,
    /// How long a purchase call is leased: at least a minute longer than the
    /// function that makes it can live.
    pub lease: Duration,
    /// How long one purchase call may take.
    pub call: Duration,
    /// What is kept free after a call, to write down how it ended.
    pub write_margin: Duration,
    /// What is kept free of that, to hand the outcome to a queue where it cannot
    /// be written.
    pub handoff_margin: Duration,
    /// How long an unmatched report is tried again before it is quarantined: it
    /// may have outrun our own write.
    pub match_timeout: Duration,
    /// The wait between two such tries.
    pub match_retry: Duration,
    /// The least time between two look-ups of one test that a webhook asks for.
    pub lookup_interval: Duration,
    /// How far a poll looks back behind the last one.
    pub poll_overlap: Duration,
    /// How long a poll is leased.
    pub poll_lease: Duration,
    /// How long the sweep leaves a reservation to the queue that it was handed to.
    pub requeue_after: Duration,
}

impl Timeouts {
    /// What a purchase call takes at most, with the write of its outcome.
    pub fn call_and_write(&self) -> Duration {
        self.call + self.write_margin
    }
}
