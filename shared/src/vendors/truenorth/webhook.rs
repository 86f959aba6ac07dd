//! TrueNorth's webhook carries no proof of its sender, so an event is only a
//! hint: it says which test to look up, and nothing in it counts.

use shared_core::domain::ids::ReservationId;

use super::wire::Event;
use crate::vendors::json;

/// The event that `POST /webhook/example` triggers.
const EXAMPLE: &str = "webhook-example";

/// What an event hints at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hint {
    /// Something happened to a reservation's test.
    Test(ReservationId),
    /// The example event: acknowledged and ignored.
    Example,
    /// A user that is no reservation of ours.
    Foreign,
}

/// The body is no event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the body is no webhook event")]
pub struct NotAnEvent;

/// Parses an event.
///
/// # Errors
/// [`NotAnEvent`].
pub fn parse_hint(body: &[u8]) -> Result<Hint, NotAnEvent> {
    let event = json::unwrapped(body, |bytes| serde_json::from_slice(bytes)).map_err(|_| NotAnEvent)?;
    let event: Event = serde_json::from_value(event).map_err(|_| NotAnEvent)?;
    if event.event == EXAMPLE {
        return Ok(Hint::Example);
    }
    let id = event.data.and_then(|data| data.unique_identifier?.to_ascii_lowercase().parse().ok());
    Ok(id.map_or(Hint::Foreign, Hint::Test))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_example_event_is_known_as_such() {
        assert_eq!(parse_hint(include_bytes!("samples/event-example.json")), Ok(Hint::Example));
    }

    #[test]
    fn a_scored_event_hints_at_its_reservation_and_at_nothing_else() {
        let body = include_str!("samples/event-scored.json");
        assert_eq!(parse_hint(body.as_bytes()), Ok(Hint::Foreign));
        let ours = body.replace("5799134", "res_0123456789abcdefghjkmnpqrs");
        let id: ReservationId = "res_0123456789abcdefghjkmnpqrs".parse().unwrap();
        let quoted = serde_json::json!(ours).to_string();
        for body in [format!("\u{feff}{ours}"), quoted, ours] {
            assert_eq!(parse_hint(body.as_bytes()), Ok(Hint::Test(id.clone())));
        }
    }

    #[test]
    fn what_is_no_event_is_refused() {
        assert_eq!(parse_hint(b"{}"), Err(NotAnEvent));
        assert_eq!(parse_hint(b"<html>"), Err(NotAnEvent));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse_hint(&bytes);
        }
    }
}
