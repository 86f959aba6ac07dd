//! A vendor, as its connector speaks to it.

use std::pin::Pin;
use std::time::Duration;

use jiff::Timestamp;

use super::RawDocument;
use crate::domain::deadline::Deadline;
use crate::domain::ids::{Account, ClientId, Digest, ReservationId, VendorReference};
use crate::domain::launch::Launch;
use crate::domain::order::{Fault, Order};
use crate::domain::reservation::{CallOutcome, Report, ReportedStatus, RequestDigest, Reservation};
use crate::domain::test_result::ScoreField;

pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
pub type OrderFuture<'a, T> = BoxFuture<'a, Result<T, OrderProblem>>;
pub type LookupFuture<'a, T> = BoxFuture<'a, Result<T, LookupError>>;

/// A vendor. What its protocol does not offer (see
/// [`Capabilities`](crate::domain::capabilities::Capabilities)) is never asked of it.
pub trait VendorApi: Sync {
    /// What an account's profile says of every order.
    fn terms<'a>(&'a self, account: &'a Account) -> OrderFuture<'a, AccountTerms>;

    /// What an account sells to a client.
    fn products<'a>(&'a self, account: &'a Account, client: &'a ClientId) -> LookupFuture<'a, Vec<ProductOffer>>;

    /// Checks an order against the account's terms, before anything is written.
    fn validate<'a>(&'a self, order: &'a Order) -> OrderFuture<'a, ()>;

    /// Makes one purchase call. It ends in one of the four outcomes; there is no
    /// error beside them.
    fn purchase<'a>(&'a self, order: &'a Order, call_no: u32, deadline: Deadline) -> BoxFuture<'a, CallOutcome>;

    /// The digest of the request that a call would send, where the account's vendor
    /// is known to refuse a request that it has processed; kept before the call, so
    /// that a lost one can be sent again byte by byte.
    fn request_digest<'a>(&'a self, _order: &'a Order, _call_no: u32) -> BoxFuture<'a, Option<Digest>> {
        Box::pin(std::future::ready(None))
    }

    /// Sends a doubtful call's request again, if it is byte by byte the one whose
    /// digest was kept.
    fn resend<'a>(
        &'a self,
        _order: &'a Order,
        _request: &'a RequestDigest,
        _deadline: Deadline,
    ) -> BoxFuture<'a, ResendOutcome> {
        Box::pin(std::future::ready(ResendOutcome::Impossible))
    }

    /// Whether the vendor answers at all, by a request that cannot buy anything:
    /// asked before a probe, so that a vendor that stays silent makes no doubt.
    fn probe_reachable<'a>(&'a self, account: &'a Account) -> BoxFuture<'a, bool>;

    /// Everything that the vendor says of one reservation's tests.
    fn look_up<'a>(&'a self, _account: &'a Account, _id: &'a ReservationId) -> LookupFuture<'a, Vec<ObservedTest>> {
        Box::pin(std::future::ready(Err(LookupError::no_look_up())))
    }

    /// All tests of an account that were begun in a span of time, handed to
    /// `sink` one by one as the answer streams in. Returns how many.
    fn look_up_begun<'a>(
        &'a self,
        _account: &'a Account,
        _span: TimeSpan,
        _sink: &'a mut (dyn FnMut(ReservationId, ObservedTest) + Send),
    ) -> LookupFuture<'a, usize> {
        Box::pin(std::future::ready(Err(LookupError::no_look_up())))
    }

    /// What opens a reservation's test. `None` where the vendor does not know it.
    fn launch<'a>(
        &'a self,
        reservation: &'a Reservation,
        reference: &'a VendorReference,
    ) -> LookupFuture<'a, Option<Launch>>;

    /// Parses a document of the vendor's that was kept for a test, as of when it came;
    /// `None` where it is none of the vendor's or names no test.
    fn parse_document(
        &self,
        reference: &VendorReference,
        document: &RawDocument,
        observed_at: Timestamp,
    ) -> Option<Report>;
}

/// From a moment to another, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeSpan {
    pub from: Timestamp,
    pub to: Timestamp,
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

/// What became of a request that was to be sent again.
#[derive(Debug, Clone, PartialEq)]
pub enum ResendOutcome {
    /// It was: this is what it says of the call. A refusal is none of the call's.
    Ended(CallOutcome),
    /// The vendor did not process it.
    NotProcessed,
    /// It cannot be made again as it was, or must not any more.
    Impossible,
}

/// Why an order cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderProblem {
    /// The account's profile is missing or incomplete: the operator's to mend.
    AccountUnavailable {
        /// What is missing; names no secret.
        what: String,
    },
    /// The account sells no such product.
    UnknownProduct,
    /// The order breaks rules of the vendor's.
    Faults(Vec<Fault>),
}

/// A test as a look-up saw it.
#[derive(Debug, Clone, PartialEq)]
pub struct ObservedTest {
    pub reference: VendorReference,
    /// When the look-up was sent.
    pub observed_at: Timestamp,
    /// What the vendor says of it.
    pub status: ReportedStatus,
    /// Scores that are there and cannot be read with certainty.
    pub unreadable: Vec<ScoreField>,
    /// The vendor's document.
    pub raw: RawDocument,
}

/// Why a look-up brought nothing.
#[derive(Debug, thiserror::Error)]
pub enum LookupError {
    /// The rate limit holds it; ask again then.
    #[error("the rate limit is used up")]
    RateLimited {
        /// How long to wait.
        retry_after: Duration,
    },
    /// The account's profile is missing or incomplete.
    #[error("the account is unavailable: {what}")]
    AccountUnavailable { what: String },
    /// The vendor refused our credentials.
    #[error("the vendor refused our credentials")]
    CredentialsRefused,
    /// The vendor failed, or answered what cannot be read.
    #[error("the vendor's answer cannot be used: {what}")]
    Unusable { what: String },
}

impl LookupError {
    fn no_look_up() -> Self {
        LookupError::Unusable { what: "the vendor offers no look-up".to_owned() }
    }
}
