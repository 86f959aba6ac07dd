//! The reservation and its state machine: pure code, no I/O, no clock.
//!
//! [`Reservation::apply`] takes an event and the time and rules on it; everything
//! else in the hub carries events here and carries the [`Decision`] out.
#![doc = include_str!("table.md")]

mod due;
mod event;
mod history;
mod purchase;
mod report;
mod transition;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use event::{CallOutcome, Event, Evidence, NotProcessed, Refusal, Report, Reported, Unknown};
pub use history::{EventName, HistoryEntry, Source, Verdict};
pub use transition::{Alert, Change, Decision, Effect, Why};

use super::ids::{Digest, ReceiptId, ReservationId, Vendor, VendorReference};
use super::order::Order;
use super::result::TestResult;
use super::sensitive::Sensitive;

/// How many receipts a reservation remembers, to know a second delivery again.
/// A queue redelivers within days and a test has a handful of reports.
const RECEIPTS_KEPT: usize = 32;

/// The times that the state machine goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// How purchases that were not processed are tried again.
    pub backoff: super::backoff::Backoff,
    /// How long a sat test may stay without a result before the operator is told.
    pub result_overdue: std::time::Duration,
    /// How long after a lost call a vendor may still come to sell: a look-up that
    /// finds nothing proves nothing before.
    pub doubt_quiet: std::time::Duration,
}

/// One test promised to one candidate: the hub's central record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reservation {
    /// What the client asked for.
    pub order: Order,
    /// Where the reservation stands.
    pub state: State,
    /// Why it stands there, where there is more to say.
    pub reason: Option<Reason>,
    /// The same in prose; the vendor's own words where it refused.
    pub detail: Option<String>,
    /// Counts history entries; every write is conditional on it.
    pub seq: u64,
    /// Counts changes that a client can see, from 1.
    pub version: u64,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// When a client last could see a change.
    pub updated_at: Timestamp,
    /// How many purchase calls were begun; the number of the last one.
    pub calls: u32,
    /// The vendor's own id of the test, once known.
    pub reference: Option<VendorReference>,
    /// The test's password at iTEP.
    pub password: Option<Sensitive<String>>,
    /// Tests that were sold to us beyond the one that is used.
    pub surplus: Vec<Surplus>,
    /// What is known of calls whose answer was lost, newest last.
    pub evidence: Vec<Evidence>,
    /// The sittings, at least one, the current one last.
    pub attempts: Vec<Attempt>,
    /// Receipts of the reports seen last, oldest first.
    pub receipts: Vec<ReceiptId>,
    /// When it next needs attention; `None` while it needs none.
    pub due_at: Option<Timestamp>,
}

/// A test sold beyond the one that is used: paid, and for the operator to settle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Surplus {
    /// The call that bought it.
    pub call_no: u32,
    /// The vendor's id of it.
    pub reference: VendorReference,
}

/// One sitting of the exam.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// From 1.
    pub number: u32,
    /// Where this sitting stands.
    pub status: Status,
    /// Whether the candidate finished it.
    pub finished: bool,
    /// The newest result.
    pub result: Option<TestResult>,
    /// Whether the result came after the reservation had ended.
    pub late: bool,
    /// The digest of the last report applied.
    pub applied: Option<Digest>,
    /// The digest of the last report that was only noted since.
    pub noted: Option<Digest>,
    /// The digest of the newest graded report.
    pub graded: Option<Digest>,
    /// When that one was received, or asked for.
    pub graded_at: Option<Timestamp>,
    /// Digests of its finished reports, and of graded ones that were revised.
    pub superseded: Vec<Digest>,
    /// When the newest report was received, or asked for.
    pub observed_at: Option<Timestamp>,
}

impl Attempt {
    fn new(number: u32, status: Status) -> Self {
        Self {
            number,
            status,
            finished: false,
            result: None,
            late: false,
            applied: None,
            noted: None,
            graded: None,
            graded_at: None,
            superseded: Vec::new(),
            observed_at: None,
        }
    }
}

/// Where a reservation stands, with what belongs to that state alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "snake_case")]
pub enum State {
    /// Accepted; no call is out, so never in doubt.
    Queued {
        /// When the purchase may next be tried.
        retry_at: Timestamp,
        /// How many tries the vendor did not process.
        tries: u32,
    },
    /// A purchase call may be out.
    Calling {
        /// Whose call it is and until when.
        lease: Lease,
        /// How many tries the vendor did not process before this one.
        tries: u32,
    },
    /// The vendor may hold a test for us; its answer was lost.
    InDoubt {
        /// Since when.
        since: Timestamp,
    },
    /// The vendor refused.
    Rejected,
    /// A test is assigned, not begun.
    Ready,
    /// Begun.
    InProgress,
    /// Sat, not graded.
    AwaitingScore {
        /// Since when.
        since: Timestamp,
    },
    /// The vendor is looking into it.
    UnderReview {
        /// Since when.
        since: Timestamp,
    },
    /// Graded.
    Completed,
    /// Will never have a valid result.
    Invalidated,
    /// Not begun by its expiry.
    Expired,
    /// Withdrawn by the client.
    Cancelled,
}

/// The right to make one purchase call, and the time after which its holder is
/// taken for dead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// The invocation that holds it: unique, so that a write whose answer was
    /// lost is recognised as one's own.
    pub holder: String,
    /// At least a minute longer than its holder can live.
    pub until: Timestamp,
}

/// A reservation's status as clients see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "`State` documents each")]
pub enum Status {
    Pending,
    InDoubt,
    Rejected,
    Ready,
    InProgress,
    AwaitingScore,
    UnderReview,
    Completed,
    Invalidated,
    Expired,
    Cancelled,
}

impl Status {
    /// Every status, in the order of a reservation's life.
    pub const ALL: [Status; 11] = [
        Status::Pending,
        Status::InDoubt,
        Status::Rejected,
        Status::Ready,
        Status::InProgress,
        Status::AwaitingScore,
        Status::UnderReview,
        Status::Completed,
        Status::Invalidated,
        Status::Expired,
        Status::Cancelled,
    ];

    /// The status as the API spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Pending => "pending",
            Status::InDoubt => "in_doubt",
            Status::Rejected => "rejected",
            Status::Ready => "ready",
            Status::InProgress => "in_progress",
            Status::AwaitingScore => "awaiting_score",
            Status::UnderReview => "under_review",
            Status::Completed => "completed",
            Status::Invalidated => "invalidated",
            Status::Expired => "expired",
            Status::Cancelled => "cancelled",
        }
    }
}

impl State {
    /// The status that clients see.
    pub fn status(&self) -> Status {
        match self {
            State::Queued { .. } | State::Calling { .. } => Status::Pending,
            State::InDoubt { .. } => Status::InDoubt,
            State::Rejected => Status::Rejected,
            State::Ready => Status::Ready,
            State::InProgress => Status::InProgress,
            State::AwaitingScore { .. } => Status::AwaitingScore,
            State::UnderReview { .. } => Status::UnderReview,
            State::Completed => Status::Completed,
            State::Invalidated => Status::Invalidated,
            State::Expired => Status::Expired,
            State::Cancelled => Status::Cancelled,
        }
    }
}

/// Why a reservation stands where it stands: a closed list that clients may
/// switch on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The vendor could not be reached; the purchase is tried again.
    VendorUnreachable,
    /// The vendor's rate limit is used up; the purchase is tried again.
    VendorBusy,
    /// The vendor refused the hub's own credentials; the operator is told.
    CredentialsRefused,
    /// The account's profile is missing or incomplete; the operator is told.
    AccountUnavailable,
    /// The account's purchases wait, for the vendor or by the operator's word.
    AccountPaused,
    /// The vendor said that it did not process the request; it is tried again.
    NotProcessed,
    /// The vendor's answer was lost or is no answer: a test may have been sold.
    AnswerLost,
    /// The hub stopped in mid-call: a test may have been sold.
    CallAbandoned,
    /// The vendor handed out a test that belongs to another reservation.
    ReferenceTaken,
    /// The vendor refused; `detail` has its reason.
    VendorRefused,
    /// The vendor account has no tests left.
    OutOfTests,
    /// The operator gave up on settling what the vendor did.
    GivenUp,
    /// The vendor reviews the attempt.
    VendorReview,
    /// The vendor saw a technical problem.
    VendorProblem,
    /// The result has been missing for too long; the operator is told.
    ResultOverdue,
    /// The vendor had the test sat again: a new attempt is open.
    Reset,
}

impl Reservation {
    /// A reservation that waits for a worker: no call is out.
    pub fn queued(order: Order, retry_at: Timestamp, now: Timestamp) -> Self {
        Self::new(order, State::Queued { retry_at, tries: 0 }, 0, now)
    }

    /// A reservation that waits because its account's purchases do.
    pub fn held(order: Order, retry_at: Timestamp, now: Timestamp) -> Self {
        Self { reason: Some(Reason::AccountPaused), ..Self::queued(order, retry_at, now) }
    }

    /// A reservation whose first call is about to be made by the lease's holder.
    pub fn calling(order: Order, lease: Lease, now: Timestamp) -> Self {
        Self::new(order, State::Calling { lease, tries: 0 }, 1, now)
    }

    fn new(order: Order, state: State, calls: u32, now: Timestamp) -> Self {
        let mut reservation = Self {
            order,
            state,
            reason: None,
            detail: None,
            seq: 1,
            version: 1,
            created_at: now,
            updated_at: now,
            calls,
            reference: None,
            password: None,
            surplus: Vec::new(),
            evidence: Vec::new(),
            attempts: vec![Attempt::new(1, Status::Ready)],
            receipts: Vec::new(),
            due_at: None,
        };
        reservation.due_at = due::first(&reservation);
        reservation
    }

    /// The reservation's id.
    pub fn id(&self) -> &ReservationId {
        &self.order.id
    }

    /// Which vendor runs the test.
    pub fn vendor(&self) -> Vendor {
        self.order.account.vendor
    }

    /// The status that clients see.
    pub fn status(&self) -> Status {
        self.state.status()
    }

    /// The current attempt.
    pub fn attempt(&self) -> &Attempt {
        // A reservation is made with one attempt and attempts are only added.
        &self.attempts[self.attempts.len() - 1]
    }

    /// The result that counts now: the current attempt's, unless it was
    /// invalidated or another sitting has begun.
    pub fn result(&self) -> Option<&TestResult> {
        match self.state {
            State::Completed | State::UnderReview { .. } => self.attempt().result.as_ref(),
            _ => None,
        }
    }

    /// Whether the given invocation holds the lease of a call that is out.
    pub fn is_held_by(&self, invocation: &str) -> bool {
        matches!(&self.state, State::Calling { lease, .. } if lease.holder == invocation)
    }

    /// Whether the vendor may still change where the test stands.
    pub fn is_open(&self) -> bool {
        matches!(self.state, State::Ready | State::InProgress | State::AwaitingScore { .. } | State::UnderReview { .. })
    }

    /// Whether the test was sat before, by a result or by a reset. Such a
    /// reservation never expires.
    pub fn was_sat(&self) -> bool {
        self.attempts.len() > 1 || self.holds_result()
    }

    /// Whether any attempt has a result.
    pub fn holds_result(&self) -> bool {
        self.attempts.iter().any(|attempt| attempt.result.is_some())
    }
}

#[cfg(test)]
#[path = "tests/mod.rs"]
mod tests;
