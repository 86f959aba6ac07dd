//! iTEP International: buying a test ID, and parsing what its webhook reports.
//!
//! iTEP documents neither the name of the signature's header nor its encoding,
//! nor any answer to a purchase. All of that comes from the account's
//! [`profile`]; nothing of it is guessed here.

mod client;
mod convert;
pub mod inventory;
mod json;
pub mod profile;
pub(crate) mod registration;
pub(crate) mod sign;
pub mod webhook;
pub(crate) mod wire;

use std::sync::Arc;

use jiff::Timestamp;
use shared_core::domain::deadline::Deadline;
use shared_core::domain::ids::{Account, ClientId, Digest, VendorReference};
use shared_core::domain::launch::Launch;
use shared_core::domain::order::Order;
use shared_core::domain::reservation::{CallOutcome, Report, RequestDigest, Reservation};
use shared_core::ports::{
    AccountTerms, BoxFuture, Clock, LookupFuture, OrderFuture, ProductOffer, RawDocument, ResendOutcome, Secrets,
    VendorApi,
};

use super::call::{Http, PurchaseCall};
use super::fields::ProfileError;
use super::profiles::{Profiles, not_bought};
use profile::Profile;

/// iTEP's connector.
pub(super) struct Itep<S, C> {
    profiles: Profiles<S>,
    http: Arc<Http>,
    clock: C,
}

impl<S: Secrets, C: Clock> Itep<S, C> {
    pub(super) fn new(profiles: Profiles<S>, http: Arc<Http>, clock: C) -> Self {
        Self { profiles, http, clock }
    }

    async fn profile(&self, account: &Account) -> Result<Profile, ProfileError> {
        self.profiles.get(account, Profile::parse).await
    }
}

impl<S: Secrets, C: Clock> VendorApi for Itep<S, C> {
    fn terms<'a>(&'a self, account: &'a Account) -> OrderFuture<'a, AccountTerms> {
        Box::pin(async {
            let Profile { default_expiry_days, .. } = self.profile(account).await?;
            Ok(AccountTerms { default_expiry_days })
        })
    }

    /// As the profile lists them.
    fn products<'a>(&'a self, account: &'a Account, _: &'a ClientId) -> LookupFuture<'a, Vec<ProductOffer>> {
        Box::pin(async {
            let profile = self.profile(account).await?;
            let sold = profile.products.iter().filter(|product| profile.sells(product).is_some());
            Ok(sold.map(|code| ProductOffer { product: code.clone(), name: code.clone() }).collect())
        })
    }

    fn validate<'a>(&'a self, order: &'a Order) -> OrderFuture<'a, ()> {
        Box::pin(async { client::validate(&self.profile(&order.account).await?, order) })
    }

    fn purchase<'a>(&'a self, order: &'a Order, call_no: u32, deadline: Deadline) -> BoxFuture<'a, CallOutcome> {
        let call = PurchaseCall { order, call_no, deadline };
        Box::pin(async move {
            let bought = match self.profile(&order.account).await {
                Ok(profile) => client::purchase(&self.http, &profile, &self.clock, &call).await,
                Err(error) => Err(error),
            };
            bought.unwrap_or_else(|error| not_bought(&order.account, &error))
        })
    }

    fn request_digest<'a>(&'a self, order: &'a Order, call_no: u32) -> BoxFuture<'a, Option<Digest>> {
        Box::pin(async move { client::request_digest(&self.profile(&order.account).await.ok()?, order, call_no) })
    }

    fn resend<'a>(
        &'a self,
        order: &'a Order,
        request: &'a RequestDigest,
        deadline: Deadline,
    ) -> BoxFuture<'a, ResendOutcome> {
        let call = PurchaseCall { order, call_no: request.call_no, deadline };
        Box::pin(async move {
            match self.profile(&order.account).await {
                Ok(profile) => client::resend(&self.http, &profile, &self.clock, &call, &request.digest).await,
                // Without a profile nothing was sent.
                Err(_) => ResendOutcome::NotProcessed,
            }
        })
    }

    /// Without a profile nothing is asked: the purchase will say what is missing.
    fn probe_reachable<'a>(&'a self, account: &'a Account) -> BoxFuture<'a, bool> {
        Box::pin(async {
            match self.profile(account).await {
                Ok(profile) => client::probe_reachable(&self.http, &profile).await,
                Err(_) => true,
            }
        })
    }

    /// From what is stored. That an account's profile cannot be had must not keep a
    /// candidate from the test: the address of the exam's site is then absent.
    fn launch<'a>(
        &'a self,
        reservation: &'a Reservation,
        reference: &'a VendorReference,
    ) -> LookupFuture<'a, Option<Launch>> {
        Box::pin(async {
            let profile = self.profile(&reservation.order.account).await;
            let url = profile.ok().and_then(|profile| profile.exam_url);
            let (test_id, password) = (reference.test().to_owned(), reservation.password.clone());
            Ok(Some(Launch::Credentials { url, test_id, password }))
        })
    }

    fn parse_document(&self, _: &VendorReference, document: &RawDocument, observed_at: Timestamp) -> Option<Report> {
        webhook::parse_document(document, observed_at)
    }
}
