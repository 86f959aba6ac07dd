//! How the use cases reach the world. Ports speak domain types; adapters live in
//! the `shared` crate, and tests bring their own.

mod messages;
mod sender;

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

pub use messages::{CheckReason, Dismissal, InboundWebhook, Quarantined, ResultMessage, ScoreCheck};
pub use sender::{AuthOutcome, SenderCredentials};

use crate::domain::breaker::Breaker;
use crate::domain::ids::{Account, AccountName, ClientId, Digest, ReservationId, VendorReference};
use crate::domain::launch::Launch;
use crate::domain::limiter::{Booking, Levels};
use crate::domain::order::{Fault, Order};
use crate::domain::reservation::{
    Alert, CallOutcome, Change, HistoryEntry, ReportedStatus, RequestDigest, Reservation,
};
use crate::domain::sensitive::Sensitive;
use crate::domain::test_result::ScoreField;

/// The time, and waiting for it.
pub trait Clock: Sync {
    /// Now.
    fn now(&self) -> Timestamp;
    /// Waits.
    fn sleep(&self, time: Duration) -> impl Future<Output = ()> + Send;
}

/// Tells the operator. It never fails and never blocks.
pub trait Alerts: Sync {
    /// Raises an alert about a reservation, an account or a receipt, by id.
    fn raise(&self, alert: Alert, about: &str);
    /// Notes a failure that the hub recovers from by itself.
    fn note(&self, failure: &BackendError, about: &str);
}

/// Storage or queue failed. The operation may or may not have taken place.
#[derive(Debug, thiserror::Error)]
#[error("{operation} failed")]
pub struct BackendError {
    /// What was tried.
    pub operation: &'static str,
    /// NoteReason it failed.
    #[source]
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

/// The reservations.
pub trait Store: Sync {
    /// Writes a new reservation: idempotency check, intent and lease in one
    /// conditional write.
    fn reserve(&self, reservation: &Reservation) -> impl Future<Output = Result<InsertOutcome, BackendError>> + Send;

    /// Reads a reservation, consistently.
    fn reservation(&self, id: &ReservationId)
    -> impl Future<Output = Result<Option<Reservation>, BackendError>> + Send;

    /// Reads several; those that don't exist are left out, the order is kept.
    fn reservations(
        &self,
        ids: &[ReservationId],
    ) -> impl Future<Output = Result<Vec<Reservation>, BackendError>> + Send;

    /// Writes a change in one transaction: the reservation if it is still the one
    /// that was read, its history entry, its claims, and the raw document.
    fn commit(
        &self,
        change: &Change,
        raw: Option<&RawDocument>,
    ) -> impl Future<Output = Result<WriteOutcome, BackendError>> + Send;

    /// Which reservation a vendor's test belongs to.
    fn owner(
        &self,
        account: &Account,
        reference: &str,
    ) -> impl Future<Output = Result<Option<ReservationId>, BackendError>> + Send;

    /// Moves a reservation's next attention, if it is still as it was read.
    fn postpone(
        &self,
        reservation: &Reservation,
        due_at: Timestamp,
    ) -> impl Future<Output = Result<(), BackendError>> + Send;

    /// Some of what is due, the longest overdue first; at most `limit`.
    fn due(
        &self,
        now: Timestamp,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<ReservationId>, BackendError>> + Send;

    /// A reservation's history from the entry after `after` on, and whether there is more.
    fn history(
        &self,
        id: &ReservationId,
        after: u64,
        limit: usize,
    ) -> impl Future<Output = Result<(Vec<HistoryEntry>, bool), BackendError>> + Send;

    /// Ids of a client's reservations, newest first.
    fn list(&self, query: &ListQuery) -> impl Future<Output = Result<Page<ReservationId>, BackendError>> + Send;

    /// Ids of reservations that somebody works through, oldest first.
    fn worklist(
        &self,
        list: &Worklist,
        cursor: Option<&str>,
        limit: usize,
    ) -> impl Future<Output = Result<Page<ReservationId>, BackendError>> + Send;
}

/// What [`Store::reserve`] found.
#[derive(Debug, Clone, PartialEq)]
pub enum InsertOutcome {
    /// It was new and is written.
    New,
    /// There was one already, as it is now.
    Existing(Box<Reservation>),
}

/// What became of a [`Store::commit`].
#[derive(Debug, Clone, PartialEq)]
pub enum WriteOutcome {
    /// It is written.
    Done,
    /// Somebody else wrote first; nothing was written. This is what there is now.
    Conflict(Box<Reservation>),
    /// A claimed reference belongs to another reservation; nothing was written.
    ReferenceTaken,
}

/// A vendor's document as it came, kept once per digest.
#[derive(Clone, PartialEq, Eq)]
pub struct RawDocument {
    /// Its digest.
    pub digest: Digest,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl fmt::Debug for RawDocument {
    /// Without the bytes, which hold a person's results.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawDocument({}, {} bytes)", self.digest, self.bytes.len())
    }
}

/// A page of something, with the cursor of the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// Where the next begins; `None` on the last.
    pub next: Option<String>,
}

/// Which of a client's reservations to list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListQuery {
    /// Whose.
    pub client: ClientId,
    /// Only this candidate's, by the client's own id.
    pub external_id: Option<String>,
    /// Where to begin: the `next` of the page before.
    pub cursor: Option<String>,
    /// At most how many.
    pub limit: usize,
}

/// Reservations that somebody works through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Worklist {
    /// Those that an operator must settle.
    InDoubt,
    /// Those of a TrueNorth account whose tests are still open.
    Open(AccountName),
    /// Those of an iTEP account that ended with a test which was not begun, as far
    /// as is known.
    Unused(AccountName),
}

/// Reports that could not be used, kept until the operator has looked.
pub trait Quarantine: Sync {
    /// Keeps a report.
    fn keep(&self, item: &Quarantined) -> impl Future<Output = Result<(), BackendError>> + Send;
    /// Lists what is kept, oldest first.
    fn kept(
        &self,
        cursor: Option<&str>,
        limit: usize,
    ) -> impl Future<Output = Result<Page<Quarantined>, BackendError>> + Send;
}

/// Messages between the functions. They are hints: the truth is in the store.
pub trait Queue: Sync {
    /// Asks `fulfil` to attend to a reservation.
    fn fulfil(&self, id: &ReservationId) -> impl Future<Output = Result<(), BackendError>> + Send;
    /// Hands something to `record-result`, after a delay.
    fn record(&self, message: &ResultMessage, delay: Duration)
    -> impl Future<Output = Result<(), BackendError>> + Send;
    /// Asks `score-poller` to look a test up, after a delay.
    fn check_score(&self, check: &ScoreCheck, delay: Duration)
    -> impl Future<Output = Result<(), BackendError>> + Send;
}

/// Buying from a vendor.
pub trait Purchase: Sync {
    /// Checks an order against the account's terms, before anything is written.
    fn validate(&self, order: &Order) -> impl Future<Output = Result<(), OrderProblem>> + Send;

    /// Makes one purchase call. It ends in one of the four outcomes; there is no
    /// error beside them.
    fn purchase(&self, order: &Order, call_no: u32, budget: Duration) -> impl Future<Output = CallOutcome> + Send;

    /// The digest of the request that a call would send, where the account's vendor
    /// is known to refuse a request that it has processed; kept before the call, so
    /// that a lost one can be sent again byte by byte.
    fn request_digest(&self, order: &Order, call_no: u32) -> impl Future<Output = Option<Digest>> + Send {
        let _ = (order, call_no);
        std::future::ready(None)
    }

    /// Sends a doubtful call's request again, if that is byte by byte the one that
    /// was sealed.
    fn resend(
        &self,
        order: &Order,
        request_digest: &RequestDigest,
        budget: Duration,
    ) -> impl Future<Output = ResendOutcome> + Send {
        let _ = (order, request_digest, budget);
        std::future::ready(ResendOutcome::Impossible)
    }

    /// Whether the vendor answers at all, by a request that cannot buy anything:
    /// asked before a probe, so that a vendor that stays silent makes no doubt.
    fn probe_reachable(&self, account: &Account) -> impl Future<Output = bool> + Send {
        let _ = account;
        std::future::ready(true)
    }
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

/// The accounts' circuit breakers.
pub trait Breakers: Sync {
    /// An account's breaker, perhaps as it was a few seconds ago: on the ordinary
    /// path this costs nothing.
    fn breaker(&self, account: &Account) -> impl Future<Output = Result<Breaker, BackendError>> + Send;
    /// Writes a breaker, if the stored one is the one before it by `seq`.
    fn replace(
        &self,
        account: &Account,
        breaker: &Breaker,
    ) -> impl Future<Output = Result<ReplaceOutcome, BackendError>> + Send;
}

/// What became of a [`Breakers::replace`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReplaceOutcome {
    /// It is written.
    Done,
    /// Somebody else wrote first; nothing was written. This is what there is now.
    Overtaken(Breaker),
}

/// NoteReason an order cannot be taken.
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

/// Looking up scores at TrueNorth.
pub trait Scores: Sync {
    /// Everything that the vendor says of one reservation's user: its tests.
    fn look_up(
        &self,
        account: &AccountName,
        id: &ReservationId,
    ) -> impl Future<Output = Result<Vec<ObservedTest>, LookupError>> + Send;

    /// All tests of an account that were begun in a span of time, handed to
    /// `sink` one by one as the answer streams in. Returns how many.
    fn sweep(
        &self,
        account: &AccountName,
        begun: (Timestamp, Timestamp),
        sink: &mut (dyn FnMut(ReservationId, ObservedTest) + Send),
    ) -> impl Future<Output = Result<usize, LookupError>> + Send;
}

/// A test as a look-up saw it.
#[derive(Debug, Clone, PartialEq)]
pub struct ObservedTest {
    /// Which test.
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

/// NoteReason a look-up brought nothing.
#[derive(Debug, thiserror::Error)]
pub enum LookupError {
    /// The rate limit holds it; ask again then.
    #[error("held by the rate limit")]
    Held {
        /// How long to wait.
        retry_after: Duration,
    },
    /// The account's profile is missing or incomplete.
    #[error("the account is unavailable: {what}")]
    AccountUnavailable {
        /// What is missing.
        what: String,
    },
    /// The vendor refused our credentials.
    #[error("the vendor refused our credentials")]
    CredentialsRefused,
    /// The vendor failed, or answered what cannot be read.
    #[error("the vendor's answer is of no use: {what}")]
    Unusable {
        /// What there was.
        what: String,
    },
}

/// CallSignal-in links at TrueNorth.
pub trait Links: Sync {
    /// Mints a single-use link to an order's test. `None` where the vendor knows no such user.
    fn link(
        &self,
        order: &Order,
        reference: &VendorReference,
    ) -> impl Future<Output = Result<Option<Launch>, LookupError>> + Send;
}

/// How many links a reservation was given of late. Links themselves are never kept.
pub trait LinkCounts: Sync {
    /// Counts one more link, unless there were [`LINKS`](crate::domain::launch::LINKS)
    /// in the last [`LINK_WINDOW`](crate::domain::launch::LINK_WINDOW).
    fn count_link(
        &self,
        id: &ReservationId,
        now: Timestamp,
    ) -> impl Future<Output = Result<LinkCountOutcome, BackendError>> + Send;
}

/// What became of a [`LinkCounts::count_link`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkCountOutcome {
    /// It is counted, and may be minted.
    Done,
    /// There were too many; nothing is counted.
    TooMany {
        /// How long to wait for the next.
        retry_after: Duration,
    },
}

/// The poll of an account: one at a time, and where the last one stopped.
pub trait Polls: Sync {
    /// The TrueNorth accounts that are polled.
    fn accounts(&self) -> impl Future<Output = Result<Vec<AccountName>, BackendError>> + Send;
    /// Takes the poll lease, if nobody holds it.
    fn begin(
        &self,
        account: &AccountName,
        now: Timestamp,
        until: Timestamp,
    ) -> impl Future<Output = Result<Option<PollMark>, BackendError>> + Send;
    /// Ends the poll and leaves a mark for the next.
    fn end(&self, account: &AccountName, mark: &PollMark) -> impl Future<Output = Result<(), BackendError>> + Send;
    /// Whether a reservation's last look-up is longer ago than the interval; if
    /// so, this one counts as its last.
    fn may_look_up(
        &self,
        id: &ReservationId,
        now: Timestamp,
        interval: Duration,
    ) -> impl Future<Output = Result<bool, BackendError>> + Send;
}

/// Where a poll stopped.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PollMark {
    /// Up to when tests begun have been seen.
    pub seen_to: Option<Timestamp>,
    /// Where the round through the open reservations goes on.
    pub cursor: Option<String>,
}

/// The stored levels of the accounts' rate limiters.
pub trait RateLimits: Sync {
    /// Makes a booking: one conditional update.
    fn book(
        &self,
        account: &AccountName,
        booking: &Booking,
    ) -> impl Future<Output = Result<BookingOutcome, BackendError>> + Send;
    /// Empties the bucket, after a 429.
    fn empty(&self, account: &AccountName, now: Timestamp) -> impl Future<Output = Result<(), BackendError>> + Send;
}

/// What became of a booking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BookingOutcome {
    /// It is made; these are the levels after it.
    Done(Levels),
    /// The levels are elsewhere; nothing was booked. Plan again with these.
    Stale(Levels),
}

/// Secrets by name, such as `hub/itep/default`.
pub trait Secrets: Sync {
    /// The secret's text, fetched once and kept for a while; `None` if there is
    /// no such secret.
    fn secret(&self, name: &str) -> impl Future<Output = Result<Option<Arc<Sensitive<String>>>, BackendError>> + Send;
}

#[cfg(test)]
mod tests;
