//! Chance that begins with a seed.

use fastrand::Rng;
use parking_lot::Mutex;

/// Shared by whoever draws.
#[derive(Debug)]
pub(crate) struct Chance(Mutex<Rng>);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Mutex::new(Rng::with_seed(seed)))
    }

    /// A number below `end`; 0 where `end` is 0.
    pub(crate) fn below(&self, end: u64) -> u64 {
        self.0.lock().u64(..end.max(1))
    }

    /// True in so many of a hundred cases.
    pub(crate) fn percent(&self, percent: u64) -> bool {
        self.below(100) < percent
    }
}
