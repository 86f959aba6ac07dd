//! The envelope of every queue message.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// The version that this code writes and reads. Newer code may give the same fields
/// another meaning: its messages are handed back rather than guessed at, and wait among
/// the dead letters for code that knows them.
pub(super) const VERSION: u64 = 1;

/// A message as it travels: its version beside the fields of its body.
#[derive(Debug, Serialize, Deserialize)]
pub struct Message<T> {
    v: u64,
    #[serde(flatten)]
    body: T,
}

/// Why a text is no message. It never quotes the text, which may hold a candidate's data.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidMessage {
    #[error("not a message of the hub: unreadable at column {0}")]
    Unreadable(usize),
    #[error("unsupported message version {0}: deploy the release that wrote it")]
    UnknownVersion(u64),
}

impl<T> Message<T> {
    pub fn new(body: T) -> Self {
        Self { v: VERSION, body }
    }
}

/// Parses a message's body.
///
/// # Errors
/// [`InvalidMessage`].
pub fn parse<T: DeserializeOwned>(text: &str) -> Result<T, InvalidMessage> {
    #[derive(Deserialize)]
    struct Version {
        v: u64,
    }
    let unreadable = |error: serde_json::Error| InvalidMessage::Unreadable(error.column());
    match serde_json::from_str(text).map_err(unreadable)? {
        Version { v: VERSION } => {
            serde_json::from_str::<Message<T>>(text).map(|message| message.body).map_err(unreadable)
        }
        Version { v } => Err(InvalidMessage::UnknownVersion(v)),
    }
}
