//! The fault campaign: the deployed hub under load while vendors, AWS and its own processes fail; then faults stop, the
//! outside world and the operator do their part, and the vendors' books judge.

mod books;
mod chance;
mod figures;
mod judge;
mod kills;
mod load;
mod operator;
mod outside;
mod plot;
mod quiet;
mod report;
mod run;
mod setup;
mod stack;
mod trouble;

use std::time::Duration;

pub use run::run;

/// How long a worker waits for a vendor in the campaign's stack (`VendorCallSeconds`), in milliseconds.
const VENDOR_CALL_MS: u64 = 3000;

/// How large a campaign is.
#[derive(Clone, Debug)]
pub struct Plan {
    /// How many tests are ordered.
    pub reservations: usize,
    /// How many percent of the calls fail while faults last.
    pub faults: u8,
    /// What chance begins with.
    pub seed: u64,
    /// How many websites order at the same time.
    pub websites: usize,
    /// The pause between two kills, on average.
    pub kill_every: Duration,
    /// How long everything may take to settle once faults stop.
    pub patience: Duration,
}

impl Plan {
    /// A campaign of a size, with the usual rest.
    pub fn of(reservations: usize) -> Self {
        Self {
            reservations,
            faults: 30,
            seed: 1,
            websites: 48,
            kill_every: Duration::from_millis(1500),
            patience: Duration::from_secs(600 + reservations as u64 / 4),
        }
    }

    /// TrueNorth allows 2,000 requests in 20 minutes: 250 tests for each account leave room for look-ups and polls.
    fn truenorth_accounts(&self) -> usize {
        (self.reservations / 2).div_ceil(250).max(4)
    }

    fn itep_accounts(&self) -> usize {
        (self.reservations / 2).div_ceil(500).max(4)
    }
}

/// What a campaign found.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The report, as Markdown.
    pub report: String,
    /// Its figures, as JSON.
    pub figures: String,
    /// The plot of statuses over time, as SVG.
    pub plot: String,
    /// What must not be and was, one line each; empty in a good run.
    pub faults: Vec<String>,
}
