//! TrueNorth's times: ISO 8601 with seven fractional digits, and .NET durations
//! `[d.]hh:mm:ss[.fffffff]`.

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::timestamps::has_common_year;

/// The most days that a .NET duration can hold.
const DAYS_MAX: u64 = 10_675_199;

/// Reads a time; one without an offset is UTC. `None` where it is none.
pub fn timestamp(text: &str) -> Option<Timestamp> {
    let text = Some(text.trim()).filter(|text| has_common_year(text))?;
    text.parse().ok().or_else(|| {
        let local: DateTime = text.parse().ok()?;
        Some(local.to_zoned(TimeZone::UTC).ok()?.timestamp())
    })
}

/// Reads a duration. `None` where it is none or negative.
pub fn duration(text: &str) -> Option<Duration> {
    let mut parts = text.trim().split(':');
    let (Some(front), Some(minutes), Some(back), None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return None;
    };
    let (days, hours) = front.split_once('.').unwrap_or(("0", front));
    let (seconds, fraction) = back.split_once('.').unwrap_or((back, "0"));
    let days = number(days, 8, DAYS_MAX)?;
    let hours = days * 24 + number(hours, 2, 23)?;
    let minutes = hours * 60 + number(minutes, 2, 59)?;
    let seconds = minutes * 60 + number(seconds, 2, 59)?;
    Some(Duration::new(seconds, nanoseconds(fraction)?))
}

fn number(text: &str, digits: usize, max: u64) -> Option<u64> {
    let is_plain = (1..=digits).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|n| is_plain && *n <= max)
}

fn nanoseconds(fraction: &str) -> Option<u32> {
    let value = u32::try_from(number(fraction, 9, 999_999_999)?).ok()?;
    let missing = 9 - u32::try_from(fraction.len()).ok()?;
    Some(value * 10_u32.pow(missing))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(duration: Duration) -> String {
        let (s, ticks) = (duration.as_secs(), duration.subsec_nanos() / 100);
        let days = if s >= 86_400 { format!("{}.", s / 86_400) } else { String::new() };
        format!("{days}{:02}:{:02}:{:02}.{ticks:07}", s / 3600 % 24, s / 60 % 60, s % 60)
    }

    #[test]
    fn the_documents_own_times_are_read() {
        let time = timestamp("2020-01-23T21:37:14.3430665+00:00").unwrap();
        insta::assert_snapshot!(time, @"2020-01-23T21:37:14.3430665Z");
        assert_eq!(timestamp("2020-01-23T21:37:14.3430665"), Some(time));
        assert_eq!(duration("00:00:43.8013049"), Some(Duration::from_nanos(43_801_304_900)));
        assert_eq!(duration("1.02:03:04"), Some(Duration::from_secs(93_784)));
    }

    #[test]
    fn what_is_no_duration_is_none() {
        for text in ["", "43", "-00:00:01", "00:60:00", "24:00:00", "00:00:00.", "00:00:00.1234567890", "a.00:00:00"] {
            assert_eq!(duration(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn durations_round_trip(seconds in 0..DAYS_MAX * 86_400, ticks in 0..10_000_000_u32) {
            let value = Duration::new(seconds, ticks * 100);
            prop_assert_eq!(duration(&written(value)), Some(value));
        }

        #[test]
        fn no_text_makes_the_readers_panic(text in any::<String>(), like in "[0-9.:T+Z-]{0,40}") {
            for text in [&text, &like] {
                let _ = (timestamp(text), duration(text));
            }
        }
    }
}
