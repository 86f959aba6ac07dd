//! Who may send us reports. The rules live in the account's profile, under
//! `inbound`, and can be read even where the rest of it is incomplete: what a
//! vendor reports must not be lost because we cannot buy.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use shared_core::domain::ids::{Account, Digest};
use shared_core::domain::sensitive::Sensitive;
use shared_core::ports::{Outage, Secrets};

use super::fields::{self, Fields, ProfileError};

/// An account's rules for its senders. Both lists hold every value that is
/// valid now, so that values can be rotated.
#[derive(Debug, Clone)]
pub struct Inbound {
    tokens: Vec<Sensitive<String>>,
    auth: Vec<Credential>,
}

/// A second credential, beside the token in the path.
#[derive(Debug, Clone)]
enum Credential {
    Basic(Sensitive<String>),
    Bearer(Sensitive<String>),
    Header { name: String, value: Sensitive<String> },
}

/// What a sender's credentials are worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// They are right.
    Admitted,
    /// The token in the path is wrong: somebody who knows nothing.
    WrongToken,
    /// The token is right, the second credential is missing or wrong.
    WrongCredential,
}

/// Why an account's rules cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum InboundError {
    /// The secret cannot be fetched now: accept, and check later.
    #[error("the account's profile cannot be fetched")]
    Unreachable(#[source] Outage),
    /// The rules cannot be read: the operator's to mend.
    #[error(transparent)]
    Profile(#[from] ProfileError),
}

/// Fetches an account's rules; `None` where there is no such account.
///
/// # Errors
/// [`InboundError`].
pub async fn fetch(secrets: &impl Secrets, account: &Account) -> Result<Option<Inbound>, InboundError> {
    let secret = secrets.secret(&super::secret_name(account)).await.map_err(InboundError::Unreachable)?;
    Ok(secret.map(|secret| Inbound::parse(secret.expose())).transpose()?)
}

impl Inbound {
    /// Reads `inbound` of a profile.
    ///
    /// # Errors
    /// [`ProfileError`] where it is missing or wrong. A second credential that
    /// cannot be read is an error: dropping it would let everybody in.
    pub fn parse(secret: &str) -> Result<Self, ProfileError> {
        let root = fields::parse(secret)?;
        let mut fields = Fields::of(&root);
        let tokens = fields.required_texts("inbound.tokens");
        if tokens.iter().any(|token| !fits_a_path(token)) {
            fields
                .wrong("inbound.tokens", "a list of texts of letters, digits, - . _ and ~, as they go into an address");
        }
        let auth = fields.list("inbound.auth");
        let read: Vec<_> = auth.iter().filter_map(Credential::read).collect();
        if read.len() < auth.len() {
            fields.wrong("inbound.auth", "a list of basic, bearer and header credentials");
        }
        fields.finish()?;
        Ok(Self { tokens: tokens.into_iter().map(Sensitive::new).collect(), auth: read })
    }

    /// Judges a sender by the token of the path and the request's headers, in
    /// constant time.
    pub fn admit(&self, token: &str, headers: &[(String, Sensitive<String>)]) -> Admission {
        if !self.tokens.iter().fold(false, |found, valid| found | same(valid.expose(), token)) {
            return Admission::WrongToken;
        }
        let is_valid = |credential: &Credential| headers.iter().fold(false, |found, h| found | credential.fits(h));
        if self.auth.is_empty() || self.auth.iter().fold(false, |found, credential| found | is_valid(credential)) {
            Admission::Admitted
        } else {
            Admission::WrongCredential
        }
    }
}

impl Credential {
    fn read(value: &Value) -> Option<Self> {
        let object = value.as_object().filter(|object| object.len() == 1)?;
        let text = |value: &Value, key: &str| value.get(key)?.as_str().filter(|t| !t.is_empty()).map(str::to_owned);
        if let Some(basic) = object.get("basic") {
            let pair = format!("{}:{}", text(basic, "user")?, text(basic, "password")?);
            return Some(Credential::Basic(Sensitive::new(STANDARD.encode(pair))));
        }
        if object.contains_key("bearer") {
            return Some(Credential::Bearer(Sensitive::new(text(value, "bearer")?)));
        }
        let header = object.get("header")?;
        Some(Credential::Header { name: text(header, "name")?, value: Sensitive::new(text(header, "value")?) })
    }

    fn header(&self) -> &str {
        match self {
            Credential::Basic(_) | Credential::Bearer(_) => "authorization",
            Credential::Header { name, .. } => name,
        }
    }

    fn fits(&self, (name, value): &(String, Sensitive<String>)) -> bool {
        if !name.eq_ignore_ascii_case(self.header()) {
            return false;
        }
        let value = value.expose().trim();
        match self {
            Credential::Basic(pair) => same_under(value, "basic", pair.expose()),
            Credential::Bearer(token) => same_under(value, "bearer", token.expose()),
            Credential::Header { value: valid, .. } => same(valid.expose(), value),
        }
    }
}

/// A token that an address would have to encode would never match.
fn fits_a_path(token: &str) -> bool {
    token.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b))
}

/// Whether an `Authorization` value is of a scheme and holds a secret.
fn same_under(value: &str, scheme: &str, valid: &str) -> bool {
    let (given_scheme, given) = value.split_once(' ').unwrap_or((value, ""));
    same(valid, given.trim()) & given_scheme.eq_ignore_ascii_case(scheme)
}

/// Compares secrets in a time that depends on neither: their digests are
/// compared whole.
fn same(valid: &str, given: &str) -> bool {
    let (valid, given) = (Digest::of(valid.as_bytes()), Digest::of(given.as_bytes()));
    let pairs = valid.as_str().bytes().zip(given.as_str().bytes());
    pairs.fold(0, |difference, (a, b)| difference | (a ^ b)) == 0
}

#[cfg(test)]
#[path = "inbound_tests.rs"]
mod tests;
