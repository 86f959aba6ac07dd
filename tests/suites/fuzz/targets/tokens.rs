//! Cursors, API keys and the ids that come from outside.

use std::fmt::Debug;
use std::str::FromStr;

use shared::aws::access::ApiKey;
use shared::aws::dynamodb::cursor::Cursor;
use shared_core::domain::ids::{AccountName, ClientId, Digest, InboundWebhookId, ReservationId, Vendor};

/// A text that may be any of them.
pub(crate) fn tokens(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    cursor(&text);
    api_key(&text);
    id::<ReservationId>(&text, 30);
    id::<ClientId>(&text, 40);
    id::<AccountName>(&text, 40);
    id::<Digest>(&text, 64);
    id::<InboundWebhookId>(&text, 80);
    id::<Vendor>(&text, 9);
}

fn cursor(text: &str) {
    match text.parse::<Cursor>() {
        Ok(cursor) => {
            assert_eq!(cursor.to_string(), text, "a place has one cursor");
            assert_eq!(cursor.to_string().parse::<Cursor>(), Ok(cursor));
        }
        Err(error) => assert_eq!(error.to_string(), "not the cursor of an earlier page"),
    }
}

fn api_key(text: &str) {
    match text.parse::<ApiKey>() {
        Ok(key) => {
            assert_eq!(key.expose().expose(), text);
            let secret = text.rsplit('_').next().unwrap_or_default();
            assert!(key.matches(&Digest::sha256(secret.as_bytes())));
            assert!(!key.matches(&Digest::sha256(text.as_bytes())));
            let printed = format!("{key} {key:?}");
            assert!(!printed.contains(secret), "a key's secret is printed");
        }
        Err(error) => assert_eq!(format!("{error} {error:?}"), "not an API key InvalidKey"),
    }
}

/// An id is its text, short enough for a key of the table, and safe in a log line.
fn id<T: FromStr<Err: Debug + ToString> + ToString>(text: &str, longest: usize) {
    match text.parse::<T>() {
        Ok(id) => {
            assert_eq!(id.to_string(), text);
            assert!((1..=longest).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic()));
        }
        Err(error) => assert!(error.to_string().len() < 100, "the text is in the error"),
    }
}
