//! What travels between the functions, and what is kept of it.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::ids::{AccountName, ReceiptId, ReservationId};
use crate::domain::reservation::CallOutcome;
use crate::domain::sensitive::Sensitive;

/// A report that could not be used.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Quarantined {
    /// The report as it came.
    pub receipt: Receipt,
    /// Why it could not be used.
    pub why: String,
    /// Since when it is kept.
    pub at: Timestamp,
    /// When the operator last sent it round again; what fails again is kept anew,
    /// without this.
    #[serde(default)]
    pub replayed_at: Option<Timestamp>,
}

/// A webhook delivery of iTEP's as it came, before anybody read it.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Receipt {
    /// Its id.
    pub id: ReceiptId,
    /// The account whose address it was sent to.
    pub account: AccountName,
    /// When it came.
    pub received_at: Timestamp,
    /// Its `Content-Type`.
    pub content_type: String,
    /// Its body.
    #[serde(with = "base64_bytes")]
    pub body: Vec<u8>,
    /// What it showed to prove who sends it, where the webhook function could not
    /// check that; the one who reads it must.
    pub unchecked: Option<Proof>,
}

impl fmt::Debug for Receipt {
    /// Without the body, which holds a person's results.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Receipt({}, {}, {} bytes)", self.id, self.account, self.body.len())
    }
}

/// What a sender shows to prove who it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Proof {
    /// The token in the address.
    pub token: Sensitive<String>,
    /// The headers that may carry a second credential.
    pub headers: Vec<(String, Sensitive<String>)>,
}

/// What travels on the `results` queue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ResultMessage {
    /// A webhook delivery.
    Receipt(Receipt),
    /// The outcome of a purchase whose own write failed.
    Outcome {
        /// Which reservation.
        reservation_id: ReservationId,
        /// Which call.
        call_no: u32,
        /// How it ended.
        outcome: CallOutcome,
    },
    /// An iTEP account's stock runs low: the operator's terminal rings no alarm.
    LowStock {
        /// The account.
        account: AccountName,
    },
}

/// What travels on the `score-checks` queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScoreCheck {
    /// The form of the message.
    pub v: u8,
    /// The TrueNorth account.
    pub account: AccountName,
    /// The reservation.
    pub reservation_id: ReservationId,
    /// Why.
    pub reason: CheckReason,
}

/// Why a score is looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckReason {
    /// A webhook that proves nothing says that there is one.
    Webhook,
    /// The same, and a look-up had just been made: once more, a little later.
    WebhookAgain,
    /// The reservation is about to expire.
    Expiry,
    /// A purchase is in doubt: what is there was sold.
    Doubt,
}

mod base64_bytes {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(deserializer)?;
        STANDARD.decode(text).map_err(serde::de::Error::custom)
    }
}
