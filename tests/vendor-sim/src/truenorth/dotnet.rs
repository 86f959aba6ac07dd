//! Times and durations as .NET writes them: seven fractional digits.

use jiff::{SignedDuration, Timestamp};

/// `2019-09-10T16:29:29.9074258+00:00`.
pub(super) fn time(at: Timestamp) -> String {
    let seconds = at.strftime("%Y-%m-%dT%H:%M:%S");
    format!("{seconds}.{:07}+00:00", at.subsec_nanosecond() / 100)
}

/// `[d.]hh:mm:ss.fffffff`.
pub(super) fn duration(length: SignedDuration) -> String {
    let seconds = length.as_secs();
    let (days, hours) = (seconds / 86_400, seconds / 3600 % 24);
    let (minutes, rest) = (seconds / 60 % 60, seconds % 60);
    let days = if days > 0 { format!("{days}.") } else { String::new() };
    format!("{days}{hours:02}:{minutes:02}:{rest:02}.{:07}", length.subsec_nanos() / 100)
}

/// Reads an ISO-8601 time; one without an offset, or a mere date, is taken as UTC.
pub(super) fn parse(text: &str) -> Option<Timestamp> {
    text.parse().ok().or_else(|| {
        let civil: jiff::civil::DateTime = text.parse().ok()?;
        civil.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
    })
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    #[test]
    fn times_and_durations_have_seven_fractional_digits() {
        let at = "2019-09-10T16:29:29.9074258Z".parse().unwrap();
        assert_eq!(super::time(at), "2019-09-10T16:29:29.9074258+00:00");
        let length = SignedDuration::new(169, 683_246_000);
        assert_eq!(super::duration(length), "00:02:49.6832460");
        assert_eq!(super::duration(SignedDuration::from_hours(49)), "2.01:00:00.0000000");
    }

    #[test]
    fn a_filters_time_may_be_a_mere_date() {
        let midnight = super::parse("2019-11-14T00:00:00Z");
        assert_eq!(super::parse("2019-11-14"), midnight);
        assert_eq!(super::parse("2019-11-14T00:00:00"), midnight);
        assert_eq!(super::parse("yesterday"), None);
    }
}
