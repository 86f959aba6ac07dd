//! The vendors' connectors, behind [`VendorApi`]. Each connector's wire formats stay in
//! its own folder; the other modules are common to all connectors.

pub mod bounds;
pub mod call;
mod fields;
pub mod itep;
mod json;
mod profiles;
mod sandbox;
mod score_reader;
pub mod truenorth;
pub mod webhook_auth;

#[cfg(test)]
pub(crate) mod testing;

use std::sync::Arc;

use shared_core::domain::ids::{Account, Mode, Vendor};
use shared_core::ports::{Clock, RateLimits, Secrets, VendorApi};

pub use call::{CallTimeouts, Http};
pub use fields::ProfileError;
use itep::Itep;
use profiles::Profiles;
pub use profiles::secret_name;
use sandbox::Sandbox;
use truenorth::TrueNorth;

/// The connectors, for all accounts whose profiles the secrets hold.
pub struct Connectors<S, L, C> {
    itep: Itep<S, C>,
    truenorth: TrueNorth<S, L, C>,
    sandbox: Sandbox<C>,
}

impl<S: Secrets + Clone, L: RateLimits, C: Clock + Clone> Connectors<S, L, C> {
    /// Nothing is connected or fetched before it is needed.
    pub fn new(secrets: S, limits: L, clock: C, timeouts: CallTimeouts) -> Self {
        let http = Arc::new(Http::new(timeouts));
        Self {
            itep: Itep::new(Profiles::new(secrets.clone()), Arc::clone(&http), clock.clone()),
            truenorth: TrueNorth::new(Profiles::new(secrets), http, clock.clone(), limits),
            sandbox: Sandbox::new(clock),
        }
    }

    /// Who sells on an account.
    pub fn get(&self, account: &Account) -> &dyn VendorApi {
        match (account.mode(), account.vendor) {
            (Mode::Test, _) => &self.sandbox,
            (Mode::Live, Vendor::Itep) => &self.itep,
            (Mode::Live, Vendor::Truenorth) => &self.truenorth,
        }
    }
}

#[cfg(test)]
mod tests;
