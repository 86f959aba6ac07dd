//! Where a reservation can stand, and why.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::forward::Word;

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
        since: Timestamp,
    },
    Rejected,
    /// A test is assigned, not begun.
    Ready,
    InProgress,
    /// Sat, not graded.
    AwaitingScore {
        since: Timestamp,
    },
    /// The vendor is looking into it.
    UnderReview {
        since: Timestamp,
    },
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

/// Why a reservation stands where it stands. Clients may switch on it, and must expect
/// words that they do not know.
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
    /// The vendor sold a test for this order, by its own word, and did not say which.
    SoldReferenceUnknown,
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
    /// The vendor graded the test, and none of its scores can be read; the operator is told.
    ResultUnreadable,
    /// The vendor had the test sat again: a new attempt is open.
    Reset,
    /// A word of a later release.
    #[serde(untagged)]
    Other(Word),
}
