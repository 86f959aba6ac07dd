//! What iTEP's administration system knows: accounts, inventory, tests, mail sent.

use std::collections::{BTreeMap, HashSet, VecDeque};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::outbox::Parcel;

/// A Local Administrator's settings, as the control API takes them.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    pub(super) api_key: String,
    #[serde(default)]
    pub(super) webhook_url: Option<String>,
    #[serde(default)]
    pub(super) webhook_auth: Option<BTreeMap<String, String>>,
    #[serde(default = "track")]
    pub(super) track: String,
    #[serde(default)]
    pub(super) headers: HeaderNames,
    #[serde(default)]
    pub(super) encoding: Encoding,
    /// What stands before the signature in the header.
    #[serde(default)]
    pub(super) prefix: String,
    /// What stands before the five digits of a password.
    #[serde(default)]
    pub(super) password_prefix: String,
}

fn track() -> String {
    "RC".to_owned()
}

/// The names of the signature headers: they say what is to be done.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HeaderNames {
    pub(super) get: String,
    pub(super) send: String,
}

impl Default for HeaderNames {
    fn default() -> Self {
        Self { get: "X-Sim-Get".to_owned(), send: "X-Sim-Send".to_owned() }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Encoding {
    #[default]
    Hex,
    Base64,
}

/// What the header's name asks for: the test ID alone, or an email to the candidate as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route {
    Get,
    Send,
}

/// The states of the document's list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) enum Status {
    Ready,
    Incomplete,
    Finished,
    Review,
    Problem,
    Invalidated,
    Complete,
    Disabled,
}

impl Status {
    /// The document's spelling.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Ready => "Ready",
            Self::Incomplete => "Incomplete",
            Self::Finished => "Finished",
            Self::Review => "Review",
            Self::Problem => "Problem",
            Self::Invalidated => "Invalidated",
            Self::Complete => "Complete",
            Self::Disabled => "Disabled",
        }
    }
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct Test {
    pub(super) test_id: String,
    pub(super) password: String,
    pub(super) product: String,
    pub(super) status: Status,
    /// Whether this attempt was sat to its end.
    pub(super) sat: bool,
    pub(super) track: Option<String>,
    pub(super) email: Option<String>,
    pub(super) assigned_to: Map<String, Value>,
    pub(super) registration: Map<String, Value>,
    pub(super) sold_at: Timestamp,
    #[serde(skip)]
    pub(super) last_webhook: Option<Parcel>,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct Mail {
    pub(super) account: String,
    pub(super) to: String,
    pub(super) bcc: Option<String>,
    pub(super) product: String,
    pub(super) test_id: String,
    pub(super) password: String,
    pub(super) at: Timestamp,
}

#[derive(Debug)]
pub(super) struct Account {
    pub(super) settings: Settings,
    /// Free test IDs by product code, the next one first.
    pub(super) stock: BTreeMap<String, VecDeque<String>>,
    pub(super) tests: BTreeMap<String, Test>,
    pub(super) last_sold: Option<String>,
    pub(super) processed: HashSet<String>,
}

impl Account {
    pub(super) fn new(settings: Settings) -> Self {
        Self { settings, stock: BTreeMap::new(), tests: BTreeMap::new(), last_sold: None, processed: HashSet::new() }
    }
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) accounts: BTreeMap<String, Account>,
    pub(super) mailbox: Vec<Mail>,
    made: u32,
}

impl State {
    /// Test IDs that were never handed out, in the form of the document's list of available tests.
    pub(super) fn make_ids(&mut self, count: u32) -> Vec<String> {
        let ids = (self.made..self.made + count).map(|n| format!("{}B{}AP", 200_000 + n, n % 10));
        let ids = ids.collect();
        self.made += count;
        ids
    }

    /// Finds a sold test: in the named account, else the one sold last.
    pub(super) fn find(&mut self, account: Option<&str>, test_id: &str) -> Option<(String, &mut Test)> {
        self.accounts
            .iter_mut()
            .filter(|(name, _)| account.is_none_or(|wanted| wanted == name.as_str()))
            .filter_map(|(name, account)| Some((name.clone(), account.tests.get_mut(test_id)?)))
            .max_by_key(|(_, test)| test.sold_at)
    }
}
