//! What each vendor account needs before it can be used: one secret for each.

use shared_core::domain::ids::Account;
use shared_core::domain::reservation::{CallOutcome, NotProcessed};
use shared_core::ports::{ErrorChain, LookupError, OrderProblem, Secrets};

use super::fields::ProfileError;

/// The name of the secret that holds an account's profile.
pub fn secret_name(account: &Account) -> String {
    format!("hub/{}/{}", account.vendor, account.name)
}

/// The accounts' profiles, as the secrets hold them.
pub(super) struct Profiles<S>(S);

impl<S: Secrets> Profiles<S> {
    pub(super) fn new(secrets: S) -> Self {
        Self(secrets)
    }

    pub(super) async fn get<P>(
        &self,
        account: &Account,
        parse: impl Fn(&str) -> Result<P, ProfileError>,
    ) -> Result<P, ProfileError> {
        match self.0.secret(&secret_name(account)).await {
            Ok(Some(secret)) => parse(secret.expose()),
            Ok(None) => Err(ProfileError::new("the account has no profile")),
            Err(error) => {
                tracing::error!(%account, error = %ErrorChain(&error), "account profile not fetched");
                Err(ProfileError::new("the account's profile cannot be fetched"))
            }
        }
    }
}

/// What becomes of a purchase whose account has no usable profile. The client sees an
/// outcome's detail; what the profile lacks is the operator's.
pub(super) fn not_bought(account: &Account, error: &ProfileError) -> CallOutcome {
    tracing::error!(%account, %error, "account profile unusable, nothing bought");
    CallOutcome::NotProcessed { why: NotProcessed::AccountUnavailable, retry_after: None, detail: None }
}

impl From<ProfileError> for OrderProblem {
    fn from(ProfileError { what }: ProfileError) -> Self {
        OrderProblem::AccountUnavailable { what }
    }
}

impl From<ProfileError> for LookupError {
    fn from(ProfileError { what }: ProfileError) -> Self {
        LookupError::AccountUnavailable { what }
    }
}
