//! Parses timestamps from outside.

use jiff::Timestamp;

/// Reads an RFC 3339 time. `None` where it is none, and where its year is not one of
/// four digits: at the first second that it knows, 9999 BC, the library's arithmetic
/// goes wrong, and nobody's test is there.
pub fn parse(text: &str) -> Option<Timestamp> {
    if has_common_year(text) { text.parse().ok() } else { None }
}

/// Whether a time begins with a year from 0000 to 9999, as opposed to a signed one.
pub(crate) fn has_common_year(text: &str) -> bool {
    text.bytes().take(4).filter(u8::is_ascii_digit).count() == 4
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_signed_years_are_none() {
        assert!(parse("2026-11-23T02:24:28.5Z").is_some());
        assert_eq!(parse("-009999-01-02T01:59:58.123Z"), None);
        assert_eq!(parse("+002026-11-23T02:24:28Z"), None);
        assert_eq!(parse("a time"), None);
    }
}
