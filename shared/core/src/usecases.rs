//! What the hub does: one file per verb. Each use case carries events to the
//! state machine and carries its decisions out through the ports.

pub mod breaker;
pub mod cancel;
pub mod check_score;
pub mod commit;
pub mod correct_reference;
pub mod enter_result;
pub mod fulfil;
pub mod import_inventory;
pub mod launch;
pub mod poll_scores;
pub mod purchase;
pub mod record_report;
pub mod reprocess;
mod resend;
pub mod reserve;
pub mod settle_doubt;
pub mod sweep;
#[cfg(test)]
mod testing;

use std::time::Duration;

use crate::domain::breaker::ProbeBackoff;
use crate::domain::reservation::Policy;

/// The hub's times. They are configuration, so that a test can shorten them.
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
