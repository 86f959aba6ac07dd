//! Where the next page of a list begins.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use shared_core::domain::ids::ReservationId;
use shared_core::ports::BackendError;

use super::keys;

/// A place in a list of reservations. It names no client and no list, so it
/// opens nothing: whoever brings it is still scoped to their own.
///
/// The HTTP API parses a cursor before it asks for a page, and answers 400 to an
/// [`InvalidCursor`]; a store that is handed one fails with it as the source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    place: String,
    id: ReservationId,
}

/// A text that no page ended with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the cursor of an earlier page")]
pub struct InvalidCursor;

impl Cursor {
    /// The cursor after an entry of an index, by its sort key.
    pub(crate) fn after(place: &str) -> Option<Self> {
        let (time, id) = place.split_once('#')?;
        let time = crate::timestamps::parse(time)?;
        let id: ReservationId = id.parse().ok()?;
        (keys::place(time, &id) == place).then(|| Self { place: place.to_owned(), id })
    }

    /// The sort key of the entry that the page ended with.
    pub(crate) fn place(&self) -> &str {
        &self.place
    }

    /// The reservation that the page ended with.
    pub(crate) fn id(&self) -> &ReservationId {
        &self.id
    }

    /// Reads a caller's cursor; a bad one is the error's source.
    pub(crate) fn parse(text: Option<&str>) -> Result<Option<Self>, BackendError> {
        text.map(str::parse).transpose().map_err(|error: InvalidCursor| BackendError::invalid("read a cursor", error))
    }
}

impl FromStr for Cursor {
    type Err = InvalidCursor;
    fn from_str(text: &str) -> Result<Self, InvalidCursor> {
        decode(text).and_then(|place| Self::after(&place)).ok_or(InvalidCursor)
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&encode(&self.place))
    }
}

/// A sort key as callers see it.
pub(crate) fn encode(sort_key: &str) -> String {
    URL_SAFE_NO_PAD.encode(sort_key)
}

/// The sort key in a caller's text.
pub(crate) fn decode(text: &str) -> Option<String> {
    String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_cursor_reads_back_and_anything_else_is_refused(millis in 0i64..253_402_207_200_000, other in ".{0,80}") {
            let client = "acme".parse().unwrap();
            let id = ReservationId::derive(&client, "order-42");
            let time = Timestamp::from_millisecond(millis).unwrap();
            let cursor = Cursor::after(&keys::place(time, &id)).unwrap();
            prop_assert_eq!(cursor.to_string().parse::<Cursor>(), Ok(cursor));
            prop_assert_eq!(other.parse::<Cursor>(), Err(InvalidCursor));
            prop_assert_eq!(encode(&other).parse::<Cursor>(), Err(InvalidCursor));
        }
    }
}
