//! An account's endpoints under its rate limit.

use std::time::Duration;

use shared_core::domain::ids::{Account, ClientId};
use shared_core::domain::limiter::{Caller, Priority};
use shared_core::ports::{Clock, LookupError, RateLimits};

use super::client::{Client, Failure};
use super::rate_limiter::{Limiter, RateLimited};

/// The wait after a 429 that names none.
const AFTER_TOO_FAST: Duration = Duration::from_secs(1);

/// One account's endpoints, with the limiter that they share.
pub(crate) struct RateLimitedClient<'a, L, C> {
    pub(crate) client: Client<'a>,
    /// The limiter of all accounts.
    pub(crate) limiter: &'a Limiter<L>,
    pub(crate) clock: &'a C,
    pub(crate) account: &'a Account,
    /// The client on whose behalf they are called, if any.
    pub(crate) on_behalf_of: Option<&'a ClientId>,
}

impl<L: RateLimits, C: Clock> RateLimitedClient<'_, L, C> {
    /// The same with less time for each call.
    pub(crate) fn within(self, time: Duration) -> Self {
        Self { client: self.client.within(time), ..self }
    }

    /// Waits for a place, then makes a call that may be repeated.
    ///
    /// # Errors
    /// [`LookupError`]; a 429 empties the bucket on the way.
    pub(crate) async fn call<T>(
        &self,
        priority: Priority,
        call: impl Future<Output = Result<T, Failure>> + Send,
    ) -> Result<T, LookupError> {
        self.pass(priority).await.map_err(|held| LookupError::RateLimited { retry_after: held.retry_after })?;
        match call.await {
            Ok(answer) => Ok(answer),
            Err(failure) => Err(self.lookup_error(failure).await),
        }
    }

    /// Waits for a place.
    ///
    /// # Errors
    /// [`RateLimited`].
    pub(crate) async fn pass(&self, priority: Priority) -> Result<(), RateLimited> {
        let caller = Caller { priority, client: self.on_behalf_of };
        self.limiter.pass(self.clock, &self.account.name, caller).await
    }

    async fn lookup_error(&self, failure: Failure) -> LookupError {
        match failure {
            Failure::CredentialsRefused => LookupError::CredentialsRefused,
            Failure::TooFast { retry_after } => {
                self.limiter.empty(self.clock, &self.account.name).await;
                LookupError::RateLimited { retry_after: retry_after.unwrap_or(AFTER_TOO_FAST) }
            }
            failure => LookupError::Unusable { what: failure.to_string() },
        }
    }
}
