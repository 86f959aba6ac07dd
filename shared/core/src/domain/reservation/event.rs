//! What can happen to a reservation.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Lease;
use crate::domain::forward::{Extra, Word, has_extra};
use crate::domain::ids::{Digest, InboundWebhookId, VendorReference};
use crate::domain::launch::Launch;
use crate::domain::sensitive::Sensitive;
use crate::domain::test_result::{ScoreField, TestResult};

/// One thing that happened, or that somebody wants.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A worker is about to call the vendor.
    CallStarted(Lease),
    /// A call ended, by an answer or without one. It may end after its lease.
    CallEnded {
        call_no: u32,
        outcome: CallOutcome,
    },
    /// A call's lease ran out: its holder is taken for dead.
    LeaseLapsed {
        call_no: u32,
    },
    /// It is certain that the calls so far sold nothing: the operator says so.
    NothingSold,
    /// A look-up at the vendor found no test. It proves that the calls so far sold
    /// nothing if it was sent long enough after the last of them.
    NothingFound {
        /// When the look-up was sent, or earlier.
        asked_at: Timestamp,
    },
    /// The operator stops looking for what the vendor did.
    GivenUp,
    /// The vendor (or the operator for it) said something about the test.
    Reported(Box<Report>),
    /// The same of a report whose sender nobody could check: the operator answers
    /// for it, and says why.
    Trusted(Box<Report>, String),
    /// The time to begin the test is over.
    ExpiryReached,
    Cancel,
    /// A sat test has had no result for too long.
    ResultOverdue,
    /// The doubtful call's request is about to be sent again, byte by byte.
    ResendStarted,
    /// It cannot be: its bytes, or the key that signed them, are others by now.
    ResendImpossible,
    /// It was not processed: nothing was learned.
    ResendNotProcessed,
    /// The operator has a kept report read again, since the hub reads it better now.
    Reprocessed {
        /// What it says now; its time is that of its receipt.
        report: Box<Report>,
        /// The sitting that was open then.
        attempt: u32,
        /// Why, in the operator's words.
        reason: String,
    },
    /// The reservation's test is another than it was taken to be: the operator says so.
    ReferenceCorrected {
        reference: VendorReference,
        /// Why, in the operator's words.
        reason: String,
    },
    /// The operator takes an unused test back, to be sold again.
    Reclaimed {
        reference: VendorReference,
        /// When the vendor's list still had it unused.
        seen_at: Timestamp,
        /// Why, in the operator's words.
        reason: String,
    },
}

/// How a purchase call ended. There is no fifth way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum CallOutcome {
    /// The vendor named the test that it sold.
    Confirmed {
        /// The vendor's id of the test.
        reference: VendorReference,
        /// What opens it, where the answer said.
        launch: Option<Launch>,
    },
    /// The vendor refused: nothing was sold, and asking again will not help.
    Refused(Refusal),
    /// The vendor did not process the request: nothing was sold, ask again later.
    NotProcessed {
        why: NotProcessed,
        /// How long the vendor (or our own limiter) asks us to wait.
        retry_after: Option<Duration>,
        /// The answer's own words, if any.
        detail: Option<String>,
    },
    /// Everything else: a test may have been sold.
    Unknown(Evidence),
}

/// A vendor's refusal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// Whether the account has no tests left.
    pub out_of_tests: bool,
    /// The vendor's own words.
    pub vendor_reason: String,
}

/// Why a request was not processed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotProcessed {
    /// No connection came about, so no byte of the request left.
    Unreachable,
    /// Held by our limiter, or refused by the vendor's.
    Busy,
    /// The vendor refused our credentials.
    CredentialsRefused,
    /// The account's profile is missing or incomplete.
    AccountUnavailable,
    /// The vendor's answer says so in a way that the account's profile lists.
    SaidSo,
    /// Too little time was left to begin the call.
    NoTime,
    /// A word of a later release.
    #[serde(untagged)]
    Other(Word),
}

/// What is known of a call whose outcome is not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    pub call_no: u32,
    /// When it ended, as far as we saw.
    pub at: Timestamp,
    /// What makes it unknown.
    pub unknown: Unknown,
    /// The answer's HTTP status, if there was one.
    pub http_status: Option<u16>,
    /// What there was of the answer's body, cut to a few KiB.
    pub body: Option<Sensitive<String>>,
    /// The reference that is somebody else's, for [`Unknown::ReferenceTaken`].
    pub reference: Option<VendorReference>,
    #[serde(flatten)]
    pub extra: Extra,
}

has_extra!(Evidence: extra);

impl Evidence {
    /// Evidence without an answer.
    pub fn without_answer(call_no: u32, at: Timestamp, unknown: Unknown) -> Self {
        Self { call_no, at, unknown, http_status: None, body: None, reference: None, extra: Extra::default() }
    }
}

/// What makes an outcome unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unknown {
    /// No answer in time.
    TimedOut,
    /// The connection broke after it had come about.
    ConnectionLost,
    /// A status that says neither yes nor no: 3xx, 408, 5xx, anything unheard of.
    UnclearStatus,
    /// Success without a vendor reference.
    NoReference,
    /// An answer that cannot be read.
    Unreadable,
    /// The worker stopped in mid-call.
    LeaseLapsed,
    /// The reference in the answer belongs to another reservation.
    ReferenceTaken,
    /// The vendor had processed this very request before: it is sold.
    Replayed,
    /// A word of a later release.
    #[serde(untagged)]
    Other(Word),
}

/// What a vendor said about a test.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The delivery that brought it; `None` when we asked.
    pub receipt: Option<InboundWebhookId>,
    /// The digest of the vendor's document.
    pub digest: Digest,
    /// Which test it is about.
    pub reference: VendorReference,
    /// When it was received, or asked for: what it says is at least as new.
    pub observed_at: Timestamp,
    pub status: ReportedStatus,
    /// Scores that are there and cannot be read with certainty.
    pub unreadable: Vec<ScoreField>,
}

/// A report's statement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum ReportedStatus {
    /// Assigned, not begun.
    Ready,
    InProgress,
    /// Sat, not graded.
    AwaitingScore,
    UnderReview {
        /// Whether for a technical problem rather than a review.
        problem: bool,
    },
    /// Graded, with its result.
    Completed(Box<TestResult>),
    /// Graded, it says, but without a single score.
    CompletedWithoutScores,
    /// Never to have a valid result.
    Invalidated,
    /// A status that the vendor's documents do not name.
    UnknownStatus {
        /// As the vendor wrote it.
        text: String,
    },
}
