//! What travels between the functions, and what is kept of it.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};

use super::RawDocument;
use crate::domain::forward::{Extra, Word, has_extra};
use crate::domain::ids::{AccountName, InboundWebhookId, ReservationId, VendorReference};
use crate::domain::reservation::{CallOutcome, ReportedStatus};
use crate::domain::test_result::ScoreField;
use crate::ports::sender::{AuthOutcome, ClearCredentials, SenderCredentials};

/// A report that could not be used.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(from = "StoredQuarantined")]
pub struct Quarantined {
    /// The report as it came.
    pub receipt: InboundWebhook,
    /// Why it could not be used.
    pub why: String,
    /// Since when it is kept.
    pub at: Timestamp,
    /// When the operator last sent it round again; what fails again is kept anew,
    /// without this.
    pub replayed_at: Option<Timestamp>,
    /// The operator's word that nothing is to become of it.
    pub dismissed: Option<Dismissal>,
    #[serde(flatten)]
    pub extra: Extra,
}

impl Quarantined {
    pub fn new(receipt: InboundWebhook, why: impl Into<String>, at: Timestamp) -> Self {
        Self { receipt, why: why.into(), at, replayed_at: None, dismissed: None, extra: Extra::default() }
    }

    /// Whether the operator has dealt with it.
    pub fn is_handled(&self) -> bool {
        self.replayed_at.is_some() || self.dismissed.is_some()
    }
}

/// Why a quarantined report needs nothing more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dismissal {
    pub at: Timestamp,
    pub by: String,
    pub why: String,
    #[serde(flatten)]
    pub extra: Extra,
}

has_extra!(Dismissal: extra);

impl Dismissal {
    pub fn new(by: impl Into<String>, why: impl Into<String>, at: Timestamp) -> Self {
        Self { at, by: by.into(), why: why.into(), extra: Extra::default() }
    }
}

/// A report as its connector parsed it.
#[derive(Debug, Clone, PartialEq)]
pub struct ParsedReport {
    /// The reservation that it names, where it names one of ours.
    pub reservation_id: Option<ReservationId>,
    pub reference: VendorReference,
    pub status: ReportedStatus,
    /// Scores that are there and cannot be read with certainty.
    pub unreadable: Vec<ScoreField>,
    pub raw: RawDocument,
}

/// A webhook delivery of iTEP's as it came, before anybody read it.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "StoredWebhook")]
pub struct InboundWebhook {
    pub id: InboundWebhookId,
    /// The account whose address it was sent to.
    pub account: AccountName,
    pub received_at: Timestamp,
    /// Its `Content-Type`.
    pub content_type: String,
    #[serde(with = "base64_bytes")]
    pub body: Vec<u8>,
    /// How its sender was authenticated so far. Whoever applies it checks what
    /// is not verified.
    pub authenticated: AuthOutcome,
    /// What its sender presented.
    pub credentials: SenderCredentials,
    #[serde(flatten)]
    pub extra: Extra,
}

impl fmt::Debug for InboundWebhook {
    /// Without the body, which holds a person's results.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "InboundWebhook({}, {}, {} bytes)", self.id, self.account, self.body.len())
    }
}

/// What travels on the `results` queue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ResultMessage {
    /// A webhook delivery. Its former name is that of a form in which what said
    /// nothing of its sender was taken for checked: code that knows only that
    /// form must not take this one.
    #[serde(rename = "inbound_webhook", alias = "receipt")]
    InboundWebhook(InboundWebhook),
    /// The outcome of a purchase whose own write failed.
    Outcome { reservation_id: ReservationId, call_no: u32, outcome: CallOutcome },
    /// An iTEP account's stock runs low: the operator's terminal rings no alarm.
    LowStock { account: AccountName },
}

/// What travels on the `score-checks` queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScoreCheck {
    /// The TrueNorth account.
    pub account: AccountName,
    pub reservation_id: ReservationId,
    pub reason: CheckReason,
    #[serde(flatten)]
    pub extra: Extra,
}

impl ScoreCheck {
    pub fn new(account: AccountName, reservation_id: ReservationId, reason: CheckReason) -> Self {
        Self { account, reservation_id, reason, extra: Extra::default() }
    }
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
    /// A word of a later release.
    #[serde(untagged)]
    Other(Word),
}

/// A receipt in any form in which it was ever stored or sent.
#[derive(Deserialize)]
struct StoredWebhook {
    id: InboundWebhookId,
    account: AccountName,
    received_at: Timestamp,
    content_type: String,
    #[serde(with = "base64_bytes")]
    body: Vec<u8>,
    authenticated: Option<AuthOutcome>,
    #[serde(default)]
    credentials: SenderCredentials,
    /// Older code: `null` on the queue was said of a checked sender. It is not
    /// the same as nothing said, which is how the table keeps it.
    #[serde(default, deserialize_with = "said")]
    unchecked: Option<Option<ClearCredentials>>,
    #[serde(flatten)]
    extra: Extra,
}

fn said<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

impl StoredWebhook {
    fn into_webhook(self, older: AuthOutcome) -> InboundWebhook {
        let Self { id, account, received_at, content_type, body, extra, .. } = self;
        let (authenticated, credentials) = match (self.authenticated, self.unchecked.flatten()) {
            (Some(outcome), _) => (outcome, self.credentials),
            (None, Some(clear)) => (older, clear.digest(&id)),
            (None, None) => (older, SenderCredentials::default()),
        };
        InboundWebhook { id, account, received_at, content_type, body, authenticated, credentials, extra }
    }
}

impl TryFrom<StoredWebhook> for InboundWebhook {
    type Error = &'static str;

    fn try_from(stored: StoredWebhook) -> Result<Self, Self::Error> {
        let older = match (&stored.authenticated, &stored.unchecked) {
            (None, None) => return Err("a receipt that says nothing of its sender"),
            (None, Some(None)) => AuthOutcome::Verified,
            _ => AuthOutcome::Unchecked,
        };
        Ok(stored.into_webhook(older))
    }
}

/// A quarantined report in any form in which it was ever stored.
#[derive(Deserialize)]
struct StoredQuarantined {
    receipt: StoredWebhook,
    why: String,
    at: Timestamp,
    #[serde(default)]
    replayed_at: Option<Timestamp>,
    #[serde(default)]
    dismissed: Option<Dismissal>,
    #[serde(flatten)]
    extra: Extra,
}

impl From<StoredQuarantined> for Quarantined {
    fn from(stored: StoredQuarantined) -> Self {
        let StoredQuarantined { receipt, why, at, replayed_at, dismissed, extra } = stored;
        let receipt = receipt.into_webhook(authenticated_by(&why));
        Self { receipt, why, at, replayed_at, dismissed, extra }
    }
}

/// What older code's reason for a quarantine says of the sender. That a report came as
/// far as being read says nothing: older code sent any report round again unchecked.
fn authenticated_by(why: &str) -> AuthOutcome {
    match why {
        "its token is not valid" => AuthOutcome::WrongToken,
        "its second credential is not valid" | "its token is valid, its second credential is not" => {
            AuthOutcome::WrongCredential
        }
        _ => AuthOutcome::Unchecked,
    }
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
