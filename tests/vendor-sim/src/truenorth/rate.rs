//! The document's rate limits: 5 requests in any second, 2,000 in any 20 minutes.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

const SHORT: (usize, Duration) = (5, Duration::from_secs(1));
const LONG: (usize, Duration) = (2000, Duration::from_secs(20 * 60));

/// The requests that were let through within the longer window.
#[derive(Debug, Default)]
pub(super) struct RateWindows(VecDeque<Instant>);

impl RateWindows {
    /// Lets a request through, or not; one that is not let through does not count.
    pub(super) fn admit(&mut self, now: Instant) -> bool {
        let within = |at: &Instant, window| now.duration_since(*at) < window;
        while self.0.front().is_some_and(|at| !within(at, LONG.1)) {
            self.0.pop_front();
        }
        let recent = self.0.iter().rev().take_while(|at| within(at, SHORT.1)).count();
        let good = recent < SHORT.0 && self.0.len() < LONG.0;
        if good {
            self.0.push_back(now);
        }
        good
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::RateWindows;

    #[test]
    fn the_sixth_request_within_a_second_waits_for_the_first_to_leave_the_window() {
        let (mut rate, start) = (RateWindows::default(), Instant::now());
        let at = |ms| start + Duration::from_millis(ms);
        assert!((0..5).all(|n| rate.admit(at(n * 10))));
        assert!(!rate.admit(at(999)));
        assert!(rate.admit(at(1000)));
        assert!(!rate.admit(at(1005)));
    }

    #[test]
    fn the_2001st_request_within_twenty_minutes_is_refused() {
        let (mut rate, start) = (RateWindows::default(), Instant::now());
        let at = |ms| start + Duration::from_millis(ms);
        assert!((0..2000).all(|n| rate.admit(at(n * 300))));
        assert!(!rate.admit(at(2000 * 300)));
        assert!(rate.admit(at(20 * 60 * 1000)));
    }
}
