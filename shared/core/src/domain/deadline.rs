//! Moments and what is left until them.

use std::time::Duration;

use jiff::Timestamp;

/// A time plus a span, held at the end of time.
pub fn later(time: Timestamp, span: Duration) -> Timestamp {
    time.checked_add(span).unwrap_or(Timestamp::MAX)
}

/// By when something must be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(Timestamp);

impl Deadline {
    pub fn at(time: Timestamp) -> Self {
        Self(time)
    }

    pub fn after(now: Timestamp, span: Duration) -> Self {
        Self(later(now, span))
    }

    /// What is left, zero once it is past.
    pub fn remaining(self, now: Timestamp) -> Duration {
        Duration::try_from(self.0.duration_since(now)).unwrap_or_default()
    }

    /// The same, earlier by a margin.
    #[must_use]
    pub fn earlier_by(self, margin: Duration) -> Self {
        Self(self.0.checked_sub(margin).unwrap_or(Timestamp::MIN))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_shrinks_to_nothing_and_no_further() {
        let (start, minute) = (Timestamp::UNIX_EPOCH, Duration::from_secs(60));
        let deadline = Deadline::after(start, minute);
        assert_eq!(deadline.remaining(start), minute);
        assert_eq!(deadline.earlier_by(minute / 2).remaining(start), minute / 2);
        assert_eq!(deadline.remaining(later(start, minute * 2)), Duration::ZERO);
        assert_eq!(Deadline::after(Timestamp::MAX, minute), Deadline::at(Timestamp::MAX));
        assert_eq!(Deadline::at(Timestamp::MIN).earlier_by(minute), Deadline::at(Timestamp::MIN));
    }
}
