//! Who sent a report: what the sender presented, and what that is worth.

use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;

use crate::domain::forward::Extra;
use crate::domain::ids::{Digest, InboundWebhookId};
use crate::domain::sensitive::Sensitive;

/// The scheme of the digests that this code makes; each digest names its own.
const SCHEME: &str = "sha256-receipt";
/// How many headers' digests are kept at most.
const HEADERS_MAX: usize = 40;
/// The longest name or value of a header that can be a credential, in bytes.
const HEADER_BYTES: usize = 1024;

/// How a report's sender was authenticated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthOutcome {
    /// The token in the address and the second credential are right.
    Verified,
    /// The token is right, the second credential is missing or wrong.
    WrongCredential,
    /// The token is wrong: somebody who knows nothing.
    WrongToken,
    Unchecked,
    /// An operator answers for the report; nothing was checked.
    Trusted {
        by: String,
        why: String,
    },
}

/// Digests of the credentials that a sender presented, salted with the receipt's
/// id: they let the check be made again, and cannot be presented themselves.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SenderCredentials {
    /// Of the token in the address.
    pub token: Option<String>,
    /// Of the headers that may carry a second credential, by their names in lower case.
    #[serde(default)]
    pub headers: Vec<(String, String)>,
    #[serde(flatten)]
    pub extra: Extra,
}

impl SenderCredentials {
    /// Digests what was presented with a receipt: `authorization` first, and no
    /// more headers than are worth keeping.
    pub fn new<'a>(
        webhook: &InboundWebhookId,
        token: &str,
        headers: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Self {
        let fits = |(name, value): &(&str, &str)| name.len() <= HEADER_BYTES && value.len() <= HEADER_BYTES;
        let mut headers: Vec<_> = headers.into_iter().filter(fits).collect();
        headers.sort_by_key(|(name, _)| !is_authorization(name));
        headers.truncate(HEADERS_MAX);
        let digested = |(name, value): (&str, &str)| (name.to_ascii_lowercase(), header_digest(webhook, name, value));
        let headers = headers.into_iter().map(digested).collect();
        Self { token: Some(token_digest(webhook, token)), headers, extra: Extra::default() }
    }

    /// Whether this token was presented with the receipt.
    pub fn has_token(&self, webhook: &InboundWebhookId, token: &str) -> bool {
        self.token.as_ref().is_some_and(|digest| is_same(digest, &token_digest(webhook, token)))
    }

    /// Whether this header was presented with the receipt. Spaces around a value
    /// and the case of an authorization scheme do not count.
    pub fn has_header(&self, webhook: &InboundWebhookId, name: &str, value: &str) -> bool {
        let (key, wanted) = (name.to_ascii_lowercase(), header_digest(webhook, name, value));
        self.headers.iter().any(|(name, digest)| *name == key && is_same(digest, &wanted))
    }

    /// Whether nothing is left that could be checked.
    pub fn is_empty(&self) -> bool {
        self.token.is_none()
    }
}

/// What a sender presented, in clear, as older code kept it.
#[derive(Clone, Deserialize)]
pub(super) struct ClearCredentials {
    token: Sensitive<String>,
    headers: Vec<(String, Sensitive<String>)>,
}

impl ClearCredentials {
    pub(super) fn digest(&self, webhook: &InboundWebhookId) -> SenderCredentials {
        let headers = self.headers.iter().map(|(name, value)| (name.as_str(), value.expose().as_str()));
        SenderCredentials::new(webhook, self.token.expose(), headers)
    }
}

fn token_digest(webhook: &InboundWebhookId, token: &str) -> String {
    digest(&[webhook.as_str(), "token", token])
}

fn header_digest(webhook: &InboundWebhookId, name: &str, value: &str) -> String {
    let value = value.trim();
    let value = match value.split_once(' ').filter(|_| is_authorization(name)) {
        Some((scheme, rest)) => format!("{} {}", scheme.to_ascii_lowercase(), rest.trim()),
        None => value.to_owned(),
    };
    digest(&[webhook.as_str(), "header", &name.to_ascii_lowercase(), &value])
}

fn is_authorization(name: &str) -> bool {
    name.eq_ignore_ascii_case("authorization")
}

/// In constant time.
fn is_same(one: &str, other: &str) -> bool {
    one.as_bytes().ct_eq(other.as_bytes()).into()
}

/// Each part is prefixed with its length, so that no two lists share an input.
fn digest(parts: &[&str]) -> String {
    let mut input = Vec::new();
    for part in parts {
        input.extend_from_slice(&(part.len() as u64).to_be_bytes());
        input.extend_from_slice(part.as_bytes());
    }
    format!("{SCHEME}:{}", Digest::sha256(&input))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn webhook() -> InboundWebhookId {
        "receipt-1".parse().unwrap()
    }

    #[test]
    fn what_was_presented_can_be_checked_again_and_not_be_read() {
        let headers = [("X-Key", " canary "), ("Authorization", "BEARER  canary")];
        let kept = SenderCredentials::new(&webhook(), "canary", headers);
        assert!(kept.has_token(&webhook(), "canary") && !kept.has_token(&webhook(), "canar"));
        assert!(kept.has_header(&webhook(), "authorization", "Bearer canary"));
        assert!(kept.has_header(&webhook(), "x-key", "canary") && !kept.has_header(&webhook(), "x-key", "Canary"));
        assert!(!kept.has_header(&webhook(), "authorization", "Bearer Canary"));
        let stored = serde_json::to_string(&kept).unwrap();
        assert!(!stored.contains("canary") && stored.contains("sha256-receipt:"), "{stored}");
        assert_eq!(serde_json::from_str::<SenderCredentials>(&stored).unwrap(), kept);
    }

    #[test]
    fn a_digest_holds_for_its_receipt_its_place_and_its_scheme_alone() {
        let mut kept = SenderCredentials::new(&webhook(), "t", [("x-key", "t")]);
        assert!(!kept.has_token(&"receipt-2".parse().unwrap(), "t"));
        assert_ne!(kept.token.as_ref(), Some(&kept.headers[0].1));
        kept.token = kept.token.map(|digest| digest.replace("sha256-receipt", "sha256-unheard-of"));
        assert!(!kept.has_token(&webhook(), "t"));
        assert!(!kept.is_empty() && SenderCredentials::default().is_empty());
        assert!(!SenderCredentials::default().has_token(&webhook(), ""));
    }

    #[test]
    fn only_so_many_headers_are_kept_and_authorization_among_them() {
        let long = "x".repeat(HEADER_BYTES + 1);
        let many = (0..500).map(|_| ("x-noise", "n")).chain([("x-long", long.as_str()), ("authorization", "Basic b")]);
        let kept = SenderCredentials::new(&webhook(), "t", many);
        assert_eq!((kept.headers.len(), kept.headers[0].0.as_str()), (HEADERS_MAX, "authorization"));
    }
}
