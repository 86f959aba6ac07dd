//! TrueNorth and WebCAPE, by the Enterprise API 2020q1.
//!
//! A reservation *is* a user there (`uniqueIdentifier` = reservation id), so
//! that `POST /score` tells exactly what was sold for it.

mod assessments;
pub mod client;
pub mod convert;
mod links;
pub mod profile;
mod purchase;
mod rate_limited;
mod rate_limiter;
mod score_splitter;
mod scores;
pub mod times;
pub mod webhook;
pub mod wire;

use std::sync::Arc;

use jiff::Timestamp;
use shared_core::domain::deadline::Deadline;
use shared_core::domain::ids::{Account, ClientId, ReservationId, VendorReference};
use shared_core::domain::launch::Launch;
use shared_core::domain::limiter::Priority;
use shared_core::domain::order::Order;
use shared_core::domain::reservation::{CallOutcome, Report, Reservation};
use shared_core::ports::{
    AccountTerms, BoxFuture, Clock, LookupError, LookupFuture, ObservedTest, OrderFuture, ProductOffer, RateLimits,
    RawDocument, Secrets, TimeSpan, VendorApi,
};

use super::call::{Http, PurchaseCall, REACHABILITY_TIMEOUT};
use super::fields::ProfileError;
use super::profiles::{Profiles, not_bought};
use assessments::Catalogue;
use client::Client;
use profile::Profile;
use rate_limited::RateLimitedClient;
use rate_limiter::Limiter;

/// TrueNorth's connector.
pub(super) struct TrueNorth<S, L, C> {
    profiles: Profiles<S>,
    http: Arc<Http>,
    clock: C,
    limiter: Limiter<L>,
    catalogue: Catalogue,
}

impl<S: Secrets, L: RateLimits, C: Clock> TrueNorth<S, L, C> {
    pub(super) fn new(profiles: Profiles<S>, http: Arc<Http>, clock: C, limits: L) -> Self {
        Self { profiles, http, clock, limiter: Limiter::new(limits), catalogue: Catalogue::default() }
    }

    async fn profile(&self, account: &Account) -> Result<Profile, ProfileError> {
        self.profiles.get(account, Profile::parse).await
    }

    /// The account's endpoints, on behalf of a client of the hub's where there is one.
    fn client<'a>(
        &'a self,
        profile: &'a Profile,
        account: &'a Account,
        on_behalf_of: Option<&'a ClientId>,
    ) -> RateLimitedClient<'a, L, C> {
        let client = Client::new(&self.http, profile);
        RateLimitedClient { client, limiter: &self.limiter, clock: &self.clock, account, on_behalf_of }
    }
}

impl<S: Secrets, L: RateLimits, C: Clock> VendorApi for TrueNorth<S, L, C> {
    fn terms<'a>(&'a self, account: &'a Account) -> OrderFuture<'a, AccountTerms> {
        Box::pin(async {
            let Profile { default_expiry_days, .. } = self.profile(account).await?;
            Ok(AccountTerms { default_expiry_days })
        })
    }

    /// As TrueNorth lists them now.
    fn products<'a>(&'a self, account: &'a Account, client: &'a ClientId) -> LookupFuture<'a, Vec<ProductOffer>> {
        Box::pin(async {
            let profile = self.profile(account).await?;
            let list = self.catalogue.list_for_display(&self.client(&profile, account, Some(client))).await?;
            let offers = list.iter().map(|assessment| ProductOffer {
                product: assessment.assessment_id.clone(),
                name: assessment.name.clone(),
            });
            Ok(offers.collect())
        })
    }

    fn validate<'a>(&'a self, order: &'a Order) -> OrderFuture<'a, ()> {
        Box::pin(async {
            let profile = self.profile(&order.account).await?;
            let client = self.client(&profile, &order.account, Some(&order.client));
            purchase::validate(&client, &self.catalogue, order).await
        })
    }

    fn purchase<'a>(&'a self, order: &'a Order, call_no: u32, deadline: Deadline) -> BoxFuture<'a, CallOutcome> {
        Box::pin(async move {
            let account = &order.account;
            let profile = match self.profile(account).await {
                Ok(profile) => profile,
                Err(error) => return not_bought(account, &error),
            };
            let time = self.http.time_until(deadline, &self.clock);
            let call = PurchaseCall { order, call_no, deadline: Deadline::after(self.clock.now(), time) };
            let client = self.client(&profile, account, Some(&order.client)).within(time);
            purchase::purchase(client, &self.catalogue, &call, self.http.timeouts().connect).await
        })
    }

    /// Without a profile nothing is asked: the purchase will say what is missing.
    fn probe_reachable<'a>(&'a self, account: &'a Account) -> BoxFuture<'a, bool> {
        Box::pin(async {
            let Ok(profile) = self.profile(account).await else { return true };
            let client = self.client(&profile, account, None).within(REACHABILITY_TIMEOUT);
            let asked = client.call(Priority::Purchase, client.client.assessments()).await;
            !matches!(asked, Err(LookupError::Unusable { .. } | LookupError::RateLimited { .. }))
        })
    }

    fn look_up<'a>(&'a self, account: &'a Account, id: &'a ReservationId) -> LookupFuture<'a, Vec<ObservedTest>> {
        Box::pin(async {
            let profile = self.profile(account).await?;
            scores::look_up(&self.client(&profile, account, None), id).await
        })
    }

    fn look_up_begun<'a>(
        &'a self,
        account: &'a Account,
        span: TimeSpan,
        sink: &'a mut (dyn FnMut(ReservationId, ObservedTest) + Send),
    ) -> LookupFuture<'a, usize> {
        Box::pin(async move {
            let profile = self.profile(account).await?;
            scores::look_up_begun(&self.client(&profile, account, None), span, sink).await
        })
    }

    /// A fresh single-use link.
    fn launch<'a>(
        &'a self,
        reservation: &'a Reservation,
        reference: &'a VendorReference,
    ) -> LookupFuture<'a, Option<Launch>> {
        let order = &reservation.order;
        Box::pin(async {
            let profile = self.profile(&order.account).await?;
            let client = self.client(&profile, &order.account, Some(&order.client));
            links::mint_link(&client, &order.id, reference).await
        })
    }

    fn parse_document(
        &self,
        reference: &VendorReference,
        document: &RawDocument,
        observed_at: Timestamp,
    ) -> Option<Report> {
        convert::parse_document(reference, document, observed_at)
    }
}
