//! Arithmetic with times.

use std::time::Duration;

use jiff::Timestamp;

/// A time plus a span, held at the end of time.
pub fn later(time: Timestamp, span: Duration) -> Timestamp {
    time.checked_add(span).unwrap_or(Timestamp::MAX)
}
