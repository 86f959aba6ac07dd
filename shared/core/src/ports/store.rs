//! What is stored.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;

use super::Quarantined;
use crate::domain::breaker::Breaker;
use crate::domain::ids::{Account, AccountName, ClientId, Digest, Mode, ReservationId, VendorReference};
use crate::domain::limiter::{Booking, Levels};
use crate::domain::reservation::{Change, DocumentOrigin, HistoryEntry, Reservation};
use crate::error::BackendError;

pub trait Store: Sync {
    /// Writes a new reservation: idempotency check, intent and lease in one
    /// conditional write.
    fn insert(&self, reservation: &Reservation) -> impl Future<Output = Result<InsertOutcome, BackendError>> + Send;

    /// Reads a reservation, consistently.
    fn reservation(&self, id: &ReservationId)
    -> impl Future<Output = Result<Option<Reservation>, BackendError>> + Send;

    /// Reads several; those that don't exist are left out, the order is kept.
    fn reservations(
        &self,
        ids: &[ReservationId],
    ) -> impl Future<Output = Result<Vec<Reservation>, BackendError>> + Send;

    /// Keeps a vendor's document. One that is kept already stays that of its first receipt.
    fn keep_document(
        &self,
        id: &ReservationId,
        document: &RawDocument,
        origin: Option<&DocumentOrigin>,
    ) -> impl Future<Output = Result<(), BackendError>> + Send;

    /// Files history entries beside their reservation, each once.
    fn file(
        &self,
        id: &ReservationId,
        entries: &[HistoryEntry],
    ) -> impl Future<Output = Result<(), BackendError>> + Send;

    /// Makes a vendor's test a reservation's own, unless it is another's.
    fn claim(
        &self,
        account: &Account,
        reference: &VendorReference,
        owner: &ReservationId,
    ) -> impl Future<Output = Result<ClaimOutcome, BackendError>> + Send;

    /// Writes a changed reservation, if it is still the one that was read.
    fn write(&self, change: &Change) -> impl Future<Output = Result<WriteOutcome, BackendError>> + Send;

    /// The same in one transaction with the change's claims and releases.
    fn write_with_claims(&self, change: &Change) -> impl Future<Output = Result<WriteOutcome, BackendError>> + Send;

    /// Which reservation a vendor's test belongs to.
    fn owner(
        &self,
        account: &Account,
        reference: &str,
    ) -> impl Future<Output = Result<Option<ReservationId>, BackendError>> + Send;

    /// Moves a reservation's `due_at`, if it is still as it was read.
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

    /// The filed entries of a reservation's history after one, and whether there are more.
    fn filed_entries(
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

/// What [`Store::insert`] found.
#[derive(Debug, Clone, PartialEq)]
pub enum InsertOutcome {
    /// It was new and is written.
    New,
    /// There was one already, as it is now.
    Existing(Box<Reservation>),
}

/// What became of a [`Store::claim`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClaimOutcome {
    Done,
    /// It belongs to another reservation.
    Taken,
}

/// What became of a [`Store::write`].
#[derive(Debug, Clone, PartialEq)]
pub enum WriteOutcome {
    Done,
    /// Somebody else wrote first; nothing was written. This is what there is now.
    Conflict(Box<Reservation>),
    /// A claimed reference belongs to another reservation; nothing was written.
    ReferenceTaken,
}

/// A vendor's document as it came, kept once per digest.
#[derive(Clone, PartialEq, Eq)]
pub struct RawDocument {
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
    pub items: Vec<T>,
    /// Where the next begins; `None` on the last.
    pub next: Option<String>,
}

/// Which of a client's reservations to list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListQuery {
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
    /// Those that an operator must settle, of a mode.
    InDoubt(Mode),
    /// Those of a TrueNorth account whose tests are still open.
    Open(AccountName),
    /// Those of an iTEP account that ended with a test which was not begun, as far
    /// as is known.
    Unused(AccountName),
}

/// Reports that could not be used, kept until the operator has looked.
pub trait Quarantine: Sync {
    fn keep(&self, item: &Quarantined) -> impl Future<Output = Result<(), BackendError>> + Send;
    /// Lists what is kept of a mode, oldest first.
    fn quarantined(
        &self,
        mode: Mode,
        cursor: Option<&str>,
        limit: usize,
    ) -> impl Future<Output = Result<Page<Quarantined>, BackendError>> + Send;
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
#[expect(clippy::large_enum_variant, reason = "one for each write of a breaker, which is rare")]
pub enum ReplaceOutcome {
    Done,
    /// Somebody else wrote first; nothing was written. This is what there is now.
    Overtaken(Breaker),
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
