//! The vendors: a connector each, behind [`VendorApi`]. What a connector sends and
//! parses stays in its own folder; what stands beside the folders is common to them.

pub mod bounds;
pub mod call;
mod fields;
pub mod itep;
mod json;
mod score_reader;
pub mod truenorth;
pub mod webhook_auth;

#[cfg(test)]
mod testing;

use std::sync::Arc;

use shared_core::domain::ids::{Account, Vendor};
use shared_core::domain::reservation::{CallOutcome, NotProcessed};
use shared_core::ports::{Clock, ErrorChain, LookupError, OrderProblem, RateLimits, Secrets, VendorApi};

pub use call::{CallTimeouts, Http};
pub use fields::ProfileError;
use itep::Itep;
use truenorth::TrueNorth;

/// The connectors, for all accounts whose profiles the secrets hold.
pub struct Connectors<S, L, C> {
    itep: Itep<S, C>,
    truenorth: TrueNorth<S, L, C>,
}

impl<S: Secrets + Clone, L: RateLimits, C: Clock + Clone> Connectors<S, L, C> {
    /// Nothing is connected or fetched before it is needed.
    pub fn new(secrets: S, limits: L, clock: C, timeouts: CallTimeouts) -> Self {
        let http = Arc::new(Http::new(timeouts));
        Self {
            itep: Itep::new(Profiles(secrets.clone()), Arc::clone(&http), clock.clone()),
            truenorth: TrueNorth::new(Profiles(secrets), http, clock, limits),
        }
    }

    pub fn get(&self, vendor: Vendor) -> &dyn VendorApi {
        match vendor {
            Vendor::Itep => &self.itep,
            Vendor::Truenorth => &self.truenorth,
        }
    }
}

/// The name of the secret that holds an account's profile.
pub fn secret_name(account: &Account) -> String {
    format!("hub/{}/{}", account.vendor, account.name)
}

struct Profiles<S>(S);

impl<S: Secrets> Profiles<S> {
    async fn get<P>(
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
fn not_bought(account: &Account, error: &ProfileError) -> CallOutcome {
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

#[cfg(test)]
mod tests;
