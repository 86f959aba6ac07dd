//! What a client asked for.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::candidate::Candidate;
use super::forward::{Extra, has_extra};
use super::ids::{Account, ClientId, Fingerprint, ReservationId};
use super::sensitive::Sensitive;

/// One test for one candidate, as ordered by a client and completed from its
/// account's defaults.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Order {
    /// The reservation that this order becomes.
    pub id: ReservationId,
    pub client: ClientId,
    /// What the client said, before defaults: it tells a repeated request from a
    /// reused key.
    pub fingerprint: Fingerprint,
    /// The account that pays.
    pub account: Account,
    /// What is bought, in the client's words: an iTEP product code, or a
    /// TrueNorth assessment by id or by name.
    pub product: String,
    /// Who takes the test; `None` once the person was erased.
    pub candidate: Option<Candidate>,
    /// iTEP's registration fields, by iTEP's names.
    #[serde(default)]
    pub registration: BTreeMap<String, Sensitive<String>>,
    /// TrueNorth groups (their ids) that the candidate joins.
    pub groups: Vec<String>,
    /// Where TrueNorth sends the candidate afterwards.
    pub return_url: Option<String>,
    /// When an unused test is given up.
    pub expires_at: Timestamp,
    /// The client's own key-value pairs.
    #[serde(default)]
    pub metadata: BTreeMap<String, String>,
    #[serde(flatten)]
    pub extra: Extra,
}

has_extra!(Order: candidate, extra);

impl fmt::Debug for Order {
    /// Without what a client may have put into its own fields.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Order({}, {}, {}, {})", self.id, self.client, self.account, self.product)
    }
}

impl Order {
    /// Takes away what it says of a person.
    pub(super) fn erase_person(&mut self) {
        (self.candidate, self.return_url) = (None, None);
        self.registration.clear();
        self.metadata.clear();
    }
}

/// A rule that an order breaks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// What is wrong and what would be right; names values, not people.
    pub detail: String,
    /// A JSON pointer (URI fragment form) into the request, such as
    /// `#/registration/Gender`.
    pub pointer: String,
}

impl Fault {
    /// A fault at a pointer.
    pub fn new(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { detail: detail.into(), pointer: pointer.into() }
    }
}
