//! The vendors: two connectors side by side, behind the ports of the core.

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
use std::time::Duration;

use jiff::Timestamp;
use shared_core::domain::ids::{
    Account, AccountName, ClientId, Digest, InboundWebhookId, ReservationId, Vendor, VendorReference,
};
use shared_core::domain::launch::Launch;
use shared_core::domain::limiter::Priority;
use shared_core::domain::order::Order;
use shared_core::domain::reservation::{CallOutcome, NotProcessed, Report, RequestDigest};
use shared_core::domain::sensitive::Sensitive;
use shared_core::ports::{
    AuthOutcome, Clock, Links, LookupError, ObservedTest, OrderProblem, Purchase, RateLimits, RawDocument,
    ResendOutcome, Scores, Secrets, SenderCredentials,
};

pub use call::{CallTimeouts, Http};
pub use fields::ProfileError;
use truenorth::assessments::Catalogue;
use truenorth::client::Client;
use truenorth::limiter::Limiter;
use truenorth::rate_limited::RateLimitedClient;
use webhook_auth::WebhookAuthError;

/// Both vendors, for all accounts whose profiles the secrets hold.
pub struct Vendors<S, L, C> {
    secrets: S,
    clock: C,
    http: Http,
    limiter: Limiter<L>,
    catalogue: Catalogue,
}

/// What an account's profile says of every order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountTerms {
    /// Days after which an unused test is given up, where the order says nothing.
    pub default_expiry_days: u32,
}

/// Something that an account sells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProductOffer {
    /// What an order names: iTEP's product code, or TrueNorth's assessment id.
    pub product: String,
    /// For people; an order at TrueNorth may use it too.
    pub name: String,
}

/// Reads a document again that is kept beside a reservation, as of when it came;
/// `None` where it is none of the vendor's or names no test.
pub fn read_again(reference: &VendorReference, document: &RawDocument, observed_at: Timestamp) -> Option<Report> {
    let digest = document.digest.clone();
    match reference {
        VendorReference::Itep { .. } => {
            let read = itep::webhook::read_data(document.bytes.clone()).ok()?;
            let reference = VendorReference::itep(&read.test_id);
            let (status, unreadable) = (read.status, read.unreadable);
            Some(Report { receipt: None, digest, reference, observed_at, status, unreadable })
        }
        VendorReference::Truenorth { user_id, .. } => {
            let seen = truenorth::convert::kept(user_id, &document.bytes, observed_at)?;
            let ObservedTest { reference, status, unreadable, .. } = seen;
            Some(Report { receipt: None, digest, reference, observed_at, status, unreadable })
        }
    }
}

/// The name of the secret that holds an account's profile.
pub fn secret_name(account: &Account) -> String {
    format!("hub/{}/{}", account.vendor, account.name)
}

impl<S: Secrets, L: RateLimits, C: Clock> Vendors<S, L, C> {
    /// The vendors. Nothing is connected or fetched before it is needed.
    pub fn new(secrets: S, limits: L, clock: C, timeouts: CallTimeouts) -> Self {
        let (http, limiter) = (Http::new(timeouts), Limiter::new(limits));
        Self { secrets, clock, http, limiter, catalogue: Catalogue::default() }
    }

    /// What an account's profile says of every order.
    ///
    /// # Errors
    /// [`OrderProblem::AccountUnavailable`].
    pub async fn terms(&self, account: &Account) -> Result<AccountTerms, OrderProblem> {
        let default_expiry_days = match account.vendor {
            Vendor::Itep => self.itep(account).await?.default_expiry_days,
            Vendor::Truenorth => self.truenorth(account).await?.default_expiry_days,
        };
        Ok(AccountTerms { default_expiry_days })
    }

    /// What an account sells, for a client of it: iTEP as configured, TrueNorth as it says now.
    ///
    /// # Errors
    /// [`LookupError`].
    pub async fn products(&self, account: &Account, client: &ClientId) -> Result<Vec<ProductOffer>, LookupError> {
        match account.vendor {
            Vendor::Itep => {
                let profile = self.itep(account).await?;
                let sold = profile.products.iter().filter(|product| profile.sells(product).is_some());
                Ok(sold.map(|code| ProductOffer { product: code.clone(), name: code.clone() }).collect())
            }
            Vendor::Truenorth => {
                let profile = self.truenorth(account).await?;
                let list = self.catalogue.all(&self.limited(&profile, account, Some(client))).await?;
                let offer = |known: &truenorth::wire::Assessment| ProductOffer {
                    product: known.assessment_id.clone(),
                    name: known.name.clone(),
                };
                Ok(list.iter().map(offer).collect())
            }
        }
    }

    /// The exam's site of an iTEP account; TrueNorth's tests have links of their own.
    ///
    /// # Errors
    /// [`OrderProblem::AccountUnavailable`].
    pub async fn exam_url(&self, account: &Account) -> Result<Option<String>, OrderProblem> {
        match account.vendor {
            Vendor::Itep => Ok(self.itep(account).await?.exam_url),
            Vendor::Truenorth => Ok(None),
        }
    }

    /// Judges the sender of a report for an account by what was presented with its
    /// receipt. It needs no more of the profile than `inbound`.
    ///
    /// # Errors
    /// [`WebhookAuthError`].
    pub async fn authenticate(
        &self,
        account: &Account,
        receipt: &InboundWebhookId,
        presented: &SenderCredentials,
    ) -> Result<AuthOutcome, WebhookAuthError> {
        let inbound = webhook_auth::fetch(&self.secrets, account).await?;
        Ok(inbound.map_or(AuthOutcome::WrongToken, |inbound| inbound.authenticate(receipt, presented)))
    }

    async fn itep(&self, account: &Account) -> Result<itep::profile::Profile, Unavailable> {
        Ok(itep::profile::Profile::parse(self.secret(account).await?.expose())?)
    }

    async fn truenorth(&self, account: &Account) -> Result<truenorth::profile::Profile, Unavailable> {
        Ok(truenorth::profile::Profile::parse(self.secret(account).await?.expose())?)
    }

    async fn secret(&self, account: &Account) -> Result<Arc<Sensitive<String>>, Unavailable> {
        match self.secrets.secret(&secret_name(account)).await {
            Ok(Some(secret)) => Ok(secret),
            Ok(None) => Err(Unavailable { what: "the account has no profile".to_owned() }),
            Err(outage) => {
                tracing::error!(%account, error = &outage as &dyn std::error::Error, "the profile cannot be fetched");
                Err(Unavailable { what: "the account's profile cannot be fetched".to_owned() })
            }
        }
    }

    fn limited<'a>(
        &'a self,
        profile: &'a truenorth::profile::Profile,
        account: &'a Account,
        on_behalf_of: Option<&'a ClientId>,
    ) -> RateLimitedClient<'a, L, C> {
        let client = Client::new(&self.http, profile);
        RateLimitedClient { client, limiter: &self.limiter, clock: &self.clock, account, on_behalf_of }
    }
}

impl<S: Secrets, L: RateLimits, C: Clock> Purchase for Vendors<S, L, C> {
    async fn validate(&self, order: &Order) -> Result<(), OrderProblem> {
        match order.account.vendor {
            Vendor::Itep => itep::client::validate(&self.itep(&order.account).await?, order),
            Vendor::Truenorth => {
                let profile = self.truenorth(&order.account).await?;
                let limited = self.limited(&profile, &order.account, Some(&order.client));
                truenorth::purchase::validate(&limited, &self.catalogue, order).await
            }
        }
    }

    /// Without a profile nothing is asked: the purchase will say what is missing.
    async fn probe_reachable(&self, account: &Account) -> bool {
        match account.vendor {
            Vendor::Itep => match self.itep(account).await {
                Ok(profile) => itep::client::probe_reachable(&self.http, &profile).await,
                Err(_) => true,
            },
            Vendor::Truenorth => match self.truenorth(account).await {
                Ok(profile) => {
                    let limited = self.limited(&profile, account, None).within(call::SIGN_OF_LIFE);
                    let asked = limited.call(Priority::Purchase, limited.client.assessments()).await;
                    !matches!(asked, Err(LookupError::Unusable { .. } | LookupError::Held { .. }))
                }
                Err(_) => true,
            },
        }
    }

    async fn request_digest(&self, order: &Order, call_no: u32) -> Option<Digest> {
        match order.account.vendor {
            Vendor::Itep => itep::client::request_digest(&self.itep(&order.account).await.ok()?, order, call_no),
            Vendor::Truenorth => None,
        }
    }

    async fn resend(&self, order: &Order, request_digest: &RequestDigest, budget: Duration) -> ResendOutcome {
        match (order.account.vendor, self.itep(&order.account).await) {
            (Vendor::Itep, Ok(profile)) => {
                let time = budget.min(self.http.timeouts().whole);
                itep::client::resend(&self.http, &profile, &self.clock, (order, request_digest), time).await
            }
            // Without a profile nothing was sent.
            (Vendor::Itep, Err(_)) => ResendOutcome::NotProcessed,
            (Vendor::Truenorth, _) => ResendOutcome::Impossible,
        }
    }

    async fn purchase(&self, order: &Order, call_no: u32, budget: Duration) -> CallOutcome {
        match self.buy(order, call_no, budget).await {
            Ok(outcome) => outcome,
            Err(Unavailable { what }) => {
                // The client sees an outcome's detail; what a profile lacks is the operator's.
                tracing::error!(account = %order.account, what, "the account cannot buy");
                CallOutcome::NotProcessed { why: NotProcessed::AccountUnavailable, retry_after: None, detail: None }
            }
        }
    }
}

impl<S: Secrets, L: RateLimits, C: Clock> Vendors<S, L, C> {
    async fn buy(&self, order: &Order, call_no: u32, budget: Duration) -> Result<CallOutcome, Unavailable> {
        let CallTimeouts { connect, whole } = self.http.timeouts();
        let begun = self.clock.now();
        // A profile that had to be fetched has used up some of the time.
        let left = || budget.min(whole).saturating_sub(self.clock.now().duration_since(begun).unsigned_abs());
        match order.account.vendor {
            Vendor::Itep => {
                let profile = self.itep(&order.account).await?;
                Ok(itep::client::purchase(&self.http, &profile, &self.clock, (order, call_no), left()).await?)
            }
            Vendor::Truenorth => {
                let profile = self.truenorth(&order.account).await?;
                let limited = self.limited(&profile, &order.account, Some(&order.client)).within(left());
                let (order, times) = ((order, call_no), (left(), connect));
                Ok(truenorth::purchase::purchase(limited, &self.catalogue, order, times).await)
            }
        }
    }
}

impl<S: Secrets, L: RateLimits, C: Clock> Scores for Vendors<S, L, C> {
    async fn look_up(&self, account: &AccountName, id: &ReservationId) -> Result<Vec<ObservedTest>, LookupError> {
        let account = truenorth_account(account);
        let profile = self.truenorth(&account).await?;
        truenorth::scores::look_up(&self.limited(&profile, &account, None), id).await
    }

    async fn sweep(
        &self,
        account: &AccountName,
        begun: (Timestamp, Timestamp),
        sink: &mut (dyn FnMut(ReservationId, ObservedTest) + Send),
    ) -> Result<usize, LookupError> {
        let account = truenorth_account(account);
        let profile = self.truenorth(&account).await?;
        truenorth::scores::sweep(&self.limited(&profile, &account, None), begun, sink).await
    }
}

impl<S: Secrets, L: RateLimits, C: Clock> Links for Vendors<S, L, C> {
    async fn link(&self, order: &Order, reference: &VendorReference) -> Result<Option<Launch>, LookupError> {
        let profile = self.truenorth(&order.account).await?;
        let limited = self.limited(&profile, &order.account, Some(&order.client));
        truenorth::links::link(&limited, order, reference).await
    }
}

fn truenorth_account(name: &AccountName) -> Account {
    Account { vendor: Vendor::Truenorth, name: name.clone() }
}

/// An account that cannot be used now, in the words of every port.
struct Unavailable {
    what: String,
}

impl From<ProfileError> for Unavailable {
    fn from(error: ProfileError) -> Self {
        Self { what: error.what }
    }
}

impl From<Unavailable> for OrderProblem {
    fn from(Unavailable { what }: Unavailable) -> Self {
        OrderProblem::AccountUnavailable { what }
    }
}

impl From<Unavailable> for LookupError {
    fn from(Unavailable { what }: Unavailable) -> Self {
        LookupError::AccountUnavailable { what }
    }
}

#[cfg(test)]
mod tests;
