//! Who may send us reports. The rules live in the account's profile, under
//! `inbound`, and can be read even where the rest of it is incomplete: what a
//! vendor reports must not be lost because we cannot buy.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use shared_core::domain::ids::{Account, InboundWebhookId};
use shared_core::domain::sensitive::Sensitive;
use shared_core::ports::{AuthOutcome, BackendError, Secrets, SenderCredentials};

use super::fields::{self, ProfileError, ProfileFields};

/// An account's rules for its senders. Both lists hold every value that is
/// valid now, so that values can be rotated.
#[derive(Debug, Clone)]
pub struct WebhookAuth {
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

/// Why an account's rules cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum WebhookAuthError {
    /// The secret cannot be fetched now: accept, and check later.
    #[error("the account's profile cannot be fetched")]
    Unreachable(#[source] BackendError),
    /// The rules cannot be read: the operator's to mend.
    #[error(transparent)]
    Profile(#[from] ProfileError),
}

/// Authenticates the sender of a webhook for an account by what was presented with it.
/// It needs no more of the profile than `inbound`.
///
/// # Errors
/// [`WebhookAuthError`].
pub async fn authenticate(
    secrets: &impl Secrets,
    account: &Account,
    webhook: &InboundWebhookId,
    presented: &SenderCredentials,
) -> Result<AuthOutcome, WebhookAuthError> {
    let secret = secrets.secret(&super::secret_name(account)).await.map_err(WebhookAuthError::Unreachable)?;
    let Some(secret) = secret else { return Ok(AuthOutcome::WrongToken) };
    Ok(WebhookAuth::parse(secret.expose())?.authenticate(webhook, presented))
}

impl WebhookAuth {
    /// Reads `inbound` of a profile.
    ///
    /// # Errors
    /// [`ProfileError`] where it is missing or wrong. A second credential that
    /// cannot be read is an error: dropping it would let everybody in.
    pub fn parse(secret: &str) -> Result<Self, ProfileError> {
        let root = fields::parse(secret)?;
        let mut fields = ProfileFields::new(&root);
        let tokens = fields.required_texts("inbound.tokens");
        if tokens.iter().any(|token| !fits_a_path(token)) {
            fields.wrong("inbound.tokens", "a list of strings of letters, digits, - . _ and ~");
        }
        let auth = fields.list("inbound.auth");
        let read: Vec<_> = auth.iter().filter_map(Credential::parse).collect();
        if read.len() < auth.len() {
            fields.wrong("inbound.auth", "a list of basic, bearer and header credentials");
        }
        fields.finish()?;
        Ok(Self { tokens: tokens.into_iter().map(Sensitive::new).collect(), auth: read })
    }

    pub fn authenticate(&self, webhook: &InboundWebhookId, presented: &SenderCredentials) -> AuthOutcome {
        if !self.tokens.iter().any(|valid| presented.has_token(webhook, valid.expose())) {
            return AuthOutcome::WrongToken;
        }
        let has = |credential: &Credential| presented.has_header(webhook, credential.header(), &credential.value());
        if self.auth.is_empty() || self.auth.iter().any(has) {
            AuthOutcome::Verified
        } else {
            AuthOutcome::WrongCredential
        }
    }
}

impl Credential {
    fn parse(value: &Value) -> Option<Self> {
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

    fn value(&self) -> String {
        match self {
            Credential::Basic(pair) => format!("Basic {}", pair.expose()),
            Credential::Bearer(token) => format!("Bearer {}", token.expose()),
            Credential::Header { value, .. } => value.expose().clone(),
        }
    }
}

/// A token that an address would have to encode would never match.
fn fits_a_path(token: &str) -> bool {
    token.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b))
}

#[cfg(test)]
mod tests;
