//! The sandbox: both vendors in test mode. It lives in the process and calls nobody; it
//! sells every product of every account to anybody.

use std::future::ready;

use jiff::{SignedDuration, Timestamp};
use shared_core::domain::deadline::Deadline;
use shared_core::domain::ids::{Account, ClientId, Digest, ReservationId, Vendor, VendorReference};
use shared_core::domain::launch::Launch;
use shared_core::domain::order::Order;
use shared_core::domain::reservation::{CallOutcome, Report, ReportedStatus, Reservation};
use shared_core::domain::sensitive::Sensitive;
use shared_core::ports::{
    AccountTerms, BoxFuture, Clock, LookupFuture, ObservedTest, OrderFuture, ProductOffer, RawDocument, VendorApi,
};
use uuid::Uuid;

/// As long as the simulated accounts' tests may wait.
const DEFAULT_EXPIRY_DAYS: u32 = 90;
/// As long as a sign-in link of TrueNorth's lives.
const LINK_LIFE: SignedDuration = SignedDuration::from_mins(5);

pub(super) struct Sandbox<C> {
    clock: C,
}

impl<C: Clock> Sandbox<C> {
    pub(super) fn new(clock: C) -> Self {
        Self { clock }
    }

    fn launch_of(&self, reference: &VendorReference) -> Launch {
        let expires_at = self.clock.now().checked_add(LINK_LIFE).unwrap_or(Timestamp::MAX);
        match reference {
            // RFC 2606: leads nowhere.
            VendorReference::Truenorth { user_id, .. } => {
                let url = Sensitive::new(format!("https://sandbox.invalid/sign-in?token={user_id}"));
                Launch::Link { url, expires_at }
            }
            VendorReference::Itep { test_id } => Launch::Credentials {
                url: Some("https://sandbox.invalid/".to_owned()),
                test_id: test_id.clone(),
                password: Some(Sensitive::from("sandbox")),
            },
        }
    }
}

/// The one test that a reservation has, in its vendor's form.
fn reference(vendor: Vendor, id: &ReservationId) -> VendorReference {
    let digest = Digest::sha256(id.as_str().as_bytes());
    let hex = digest.as_str();
    match vendor {
        Vendor::Itep => VendorReference::itep(&hex[..11].to_ascii_uppercase()),
        Vendor::Truenorth => VendorReference::truenorth(&uuid(&hex[..32]), &uuid(&hex[32..])),
    }
}

fn uuid(hex: &str) -> String {
    Uuid::try_parse(hex).unwrap_or_default().to_string()
}

impl<C: Clock> VendorApi for Sandbox<C> {
    fn terms<'a>(&'a self, _: &'a Account) -> OrderFuture<'a, AccountTerms> {
        Box::pin(ready(Ok(AccountTerms { default_expiry_days: DEFAULT_EXPIRY_DAYS })))
    }

    fn products<'a>(&'a self, account: &'a Account, _: &'a ClientId) -> LookupFuture<'a, Vec<ProductOffer>> {
        let name = format!("{} test in the sandbox", account.vendor.display_name());
        Box::pin(ready(Ok(vec![ProductOffer { product: "sandbox".to_owned(), name }])))
    }

    fn validate<'a>(&'a self, _: &'a Order) -> OrderFuture<'a, ()> {
        Box::pin(ready(Ok(())))
    }

    fn purchase<'a>(&'a self, order: &'a Order, _: u32, _: Deadline) -> BoxFuture<'a, CallOutcome> {
        let reference = reference(order.account.vendor, &order.id);
        let launch = Some(self.launch_of(&reference));
        Box::pin(ready(CallOutcome::Confirmed { reference, launch }))
    }

    fn probe_reachable<'a>(&'a self, _: &'a Account) -> BoxFuture<'a, bool> {
        Box::pin(ready(true))
    }

    fn look_up<'a>(&'a self, account: &'a Account, id: &'a ReservationId) -> LookupFuture<'a, Vec<ObservedTest>> {
        Box::pin(ready(Ok(vec![ObservedTest {
            reference: reference(account.vendor, id),
            observed_at: self.clock.now(),
            status: ReportedStatus::Ready,
            unreadable: Vec::new(),
            raw: RawDocument { digest: Digest::sha256(b""), bytes: Vec::new() },
        }])))
    }

    fn launch<'a>(&'a self, _: &'a Reservation, reference: &'a VendorReference) -> LookupFuture<'a, Option<Launch>> {
        Box::pin(ready(Ok(Some(self.launch_of(reference)))))
    }

    /// It sends no documents.
    fn parse_document(&self, _: &VendorReference, _: &RawDocument, _: Timestamp) -> Option<Report> {
        None
    }
}
