//! How the use cases reach the world. Ports speak domain types; adapters live in
//! the `shared` crate, and tests bring their own.

mod messages;
mod sender;

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

pub use messages::{CheckReason, Dismissal, Quarantined, Receipt, ResultMessage, ScoreCheck};
pub use sender::{AuthOutcome, SenderCredentials};

use crate::domain::breaker::Breaker;
use crate::domain::ids::{Account, AccountName, ClientId, Digest, ReservationId, VendorReference};
use crate::domain::launch::Launch;
use crate::domain::limiter::{Booking, Levels};
use crate::domain::order::{Fault, Order};
use crate::domain::reservation::{Alert, CallOutcome, Change, HistoryEntry, Reported, Reservation, Seal};
use crate::domain::result::ScoreField;
use crate::domain::sensitive::Sensitive;

/// An answer that comes later, on whichever thread.
pub trait Answer<T>: Future<Output = T> + Send {}
impl<T, F: Future<Output = T> + Send> Answer<T> for F {}

/// The time, and waiting for it.
pub trait Clock: Sync {
    /// Now.
    fn now(&self) -> Timestamp;
    /// Waits.
    fn sleep(&self, time: Duration) -> impl Answer<()>;
}

/// Tells the operator. It never fails and never blocks.
pub trait Alerts: Sync {
    /// Raises an alert about a reservation, an account or a receipt, by id.
    fn raise(&self, alert: Alert, about: &str);
    /// Notes a failure that the hub recovers from by itself.
    fn note(&self, failure: &Outage, about: &str);
}

/// Storage or queue failed. The operation may or may not have taken place.
#[derive(Debug, thiserror::Error)]
#[error("{operation} failed")]
pub struct Outage {
    /// What was tried.
    pub operation: &'static str,
    /// Why it failed.
    #[source]
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

/// The reservations.
pub trait Store: Sync {
    /// Writes a new reservation: idempotency check, intent and lease in one
    /// conditional write.
    fn reserve(&self, reservation: &Reservation) -> impl Answer<Result<Reserved, Outage>>;

    /// Reads a reservation, consistently.
    fn reservation(&self, id: &ReservationId) -> impl Answer<Result<Option<Reservation>, Outage>>;

    /// Reads several; those that don't exist are left out, the order is kept.
    fn reservations(&self, ids: &[ReservationId]) -> impl Answer<Result<Vec<Reservation>, Outage>>;

    /// Writes a change in one transaction: the reservation if it is still the one
    /// that was read, its history entry, its claims, and the raw document.
    fn commit(&self, change: &Change, raw: Option<&RawDocument>) -> impl Answer<Result<Committed, Outage>>;

    /// Which reservation a vendor's test belongs to.
    fn owner(&self, account: &Account, reference: &str) -> impl Answer<Result<Option<ReservationId>, Outage>>;

    /// Moves a reservation's next attention, if it is still as it was read.
    fn postpone(&self, reservation: &Reservation, due_at: Timestamp) -> impl Answer<Result<(), Outage>>;

    /// Some of what is due, the longest overdue first; at most `limit`.
    fn due(&self, now: Timestamp, limit: usize) -> impl Answer<Result<Vec<ReservationId>, Outage>>;

    /// A reservation's history from the entry after `after` on, and whether there is more.
    fn history(
        &self,
        id: &ReservationId,
        after: u64,
        limit: usize,
    ) -> impl Answer<Result<(Vec<HistoryEntry>, bool), Outage>>;

    /// Ids of a client's reservations, newest first.
    fn list(&self, query: &ListQuery) -> impl Answer<Result<Page<ReservationId>, Outage>>;

    /// Ids of reservations that somebody works through, oldest first.
    fn worklist(
        &self,
        list: &Worklist,
        cursor: Option<&str>,
        limit: usize,
    ) -> impl Answer<Result<Page<ReservationId>, Outage>>;
}

/// What [`Store::reserve`] found.
#[derive(Debug, Clone, PartialEq)]
pub enum Reserved {
    /// It was new and is written.
    New,
    /// There was one already, as it is now.
    Existing(Box<Reservation>),
}

/// What became of a [`Store::commit`].
#[derive(Debug, Clone, PartialEq)]
pub enum Committed {
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
    fn keep(&self, item: &Quarantined) -> impl Answer<Result<(), Outage>>;
    /// Lists what is kept, oldest first.
    fn kept(&self, cursor: Option<&str>, limit: usize) -> impl Answer<Result<Page<Quarantined>, Outage>>;
}

/// Messages between the functions. They are hints: the truth is in the store.
pub trait Queue: Sync {
    /// Asks `fulfil` to attend to a reservation.
    fn fulfil(&self, id: &ReservationId) -> impl Answer<Result<(), Outage>>;
    /// Hands something to `record-result`, after a delay.
    fn record(&self, message: &ResultMessage, delay: Duration) -> impl Answer<Result<(), Outage>>;
    /// Asks `score-poller` to look a test up, after a delay.
    fn check_score(&self, check: &ScoreCheck, delay: Duration) -> impl Answer<Result<(), Outage>>;
}

/// Buying from a vendor.
pub trait Purchase: Sync {
    /// Checks an order against the account's terms, before anything is written.
    fn examine(&self, order: &Order) -> impl Answer<Result<(), OrderProblem>>;

    /// Makes one purchase call. It ends in one of the four outcomes; there is no
    /// error beside them.
    fn purchase(&self, order: &Order, call_no: u32, budget: Duration) -> impl Answer<CallOutcome>;

    /// The digest of the request that a call would send, where the account's vendor
    /// is known to refuse a request that it has processed; kept before the call, so
    /// that a lost one can be sent again byte by byte.
    fn seal(&self, order: &Order, call_no: u32) -> impl Answer<Option<Digest>> {
        let _ = (order, call_no);
        std::future::ready(None)
    }

    /// Sends a doubtful call's request again, if that is byte by byte the one that
    /// was sealed.
    fn resend(&self, order: &Order, seal: &Seal, budget: Duration) -> impl Answer<Resent> {
        let _ = (order, seal, budget);
        std::future::ready(Resent::Impossible)
    }

    /// Whether the vendor answers at all, by a request that cannot buy anything:
    /// asked before a probe, so that a vendor that stays silent makes no doubt.
    fn answers(&self, account: &Account) -> impl Answer<bool> {
        let _ = account;
        std::future::ready(true)
    }
}

/// What became of a request that was to be sent again.
#[derive(Debug, Clone, PartialEq)]
pub enum Resent {
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
    fn breaker(&self, account: &Account) -> impl Answer<Result<Breaker, Outage>>;
    /// Writes a breaker, if the stored one is the one before it by `seq`.
    fn replace(&self, account: &Account, breaker: &Breaker) -> impl Answer<Result<Replaced, Outage>>;
}

/// What became of a [`Breakers::replace`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Replaced {
    /// It is written.
    Done,
    /// Somebody else wrote first; nothing was written. This is what there is now.
    Overtaken(Breaker),
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

/// Looking up scores at TrueNorth.
pub trait Scores: Sync {
    /// Everything that the vendor says of one reservation's user: its tests.
    fn look_up(&self, account: &AccountName, id: &ReservationId) -> impl Answer<Result<Vec<Sighting>, LookupError>>;

    /// All tests of an account that were begun in a span of time, handed to
    /// `sink` one by one as the answer streams in. Returns how many.
    fn sweep(
        &self,
        account: &AccountName,
        begun: (Timestamp, Timestamp),
        sink: &mut (dyn FnMut(ReservationId, Sighting) + Send),
    ) -> impl Answer<Result<usize, LookupError>>;
}

/// A test as a look-up saw it.
#[derive(Debug, Clone, PartialEq)]
pub struct Sighting {
    /// Which test.
    pub reference: VendorReference,
    /// When the look-up was sent.
    pub observed_at: Timestamp,
    /// What the vendor says of it.
    pub says: Reported,
    /// Scores that are there and cannot be read with certainty.
    pub unreadable: Vec<ScoreField>,
    /// The vendor's document.
    pub raw: RawDocument,
}

/// Why a look-up brought nothing.
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

/// Sign-in links at TrueNorth.
pub trait Links: Sync {
    /// Mints a single-use link to an order's test. `None` where the vendor knows no such user.
    fn link(&self, order: &Order, reference: &VendorReference) -> impl Answer<Result<Option<Launch>, LookupError>>;
}

/// How many links a reservation was given of late. Links themselves are never kept.
pub trait LinkCounts: Sync {
    /// Counts one more link, unless there were [`LINKS`](crate::domain::launch::LINKS)
    /// in the last [`LINK_WINDOW`](crate::domain::launch::LINK_WINDOW).
    fn count_link(&self, id: &ReservationId, now: Timestamp) -> impl Answer<Result<LinkCounted, Outage>>;
}

/// What became of a [`LinkCounts::count_link`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkCounted {
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
    fn accounts(&self) -> impl Answer<Result<Vec<AccountName>, Outage>>;
    /// Takes the poll lease, if nobody holds it.
    fn begin(
        &self,
        account: &AccountName,
        now: Timestamp,
        until: Timestamp,
    ) -> impl Answer<Result<Option<PollMark>, Outage>>;
    /// Ends the poll and leaves a mark for the next.
    fn end(&self, account: &AccountName, mark: &PollMark) -> impl Answer<Result<(), Outage>>;
    /// Whether a reservation's last look-up is longer ago than the interval; if
    /// so, this one counts as its last.
    fn may_look_up(&self, id: &ReservationId, now: Timestamp, interval: Duration) -> impl Answer<Result<bool, Outage>>;
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
    fn book(&self, account: &AccountName, booking: &Booking) -> impl Answer<Result<Booked, Outage>>;
    /// Empties the bucket, after a 429.
    fn empty(&self, account: &AccountName, now: Timestamp) -> impl Answer<Result<(), Outage>>;
}

/// What became of a booking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Booked {
    /// It is made; these are the levels after it.
    Done(Levels),
    /// The levels are elsewhere; nothing was booked. Plan again with these.
    Stale(Levels),
}

/// Secrets by name, such as `hub/itep/default`.
pub trait Secrets: Sync {
    /// The secret's text, fetched once and kept for a while; `None` if there is
    /// no such secret.
    fn secret(&self, name: &str) -> impl Answer<Result<Option<Arc<Sensitive<String>>>, Outage>>;
}

#[cfg(test)]
mod tests;
