//! The reservation and its state machine: pure code, no I/O, no clock.
//!
//! [`Reservation::apply`] takes an event and the time and decides; everything
//! else in the hub carries events here and carries the [`Decision`] out.
#![doc = include_str!("reservation/transitions.md")]

mod attempt;
mod correct;
mod due;
mod event;
mod history;
mod purchase;
mod reclaim;
mod report;
mod reprocess;
mod resend;
mod state;
mod transition;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use attempt::{Attempt, UnreadableGrade};
pub use event::{CallOutcome, Event, Evidence, NotProcessed, Refusal, Report, ReportedStatus, Unknown};
pub use history::{EventName, HistoryEntry, OtherSource, Source, Verdict};
pub use resend::RequestDigest;
pub use state::{Lease, Reason, State, Status};
pub use transition::{Alert, Change, Decision, DocumentOrigin, Effect, NoteReason};

use super::forward::{Extra, HasExtra as _, has_extra};
use super::ids::{InboundWebhookId, ReservationId, Vendor, VendorReference};
use super::order::Order;
use super::sensitive::Sensitive;
use super::test_result::TestResult;

/// How many receipts a reservation remembers, to know a second delivery again.
/// A queue redelivers within days and a test has a handful of reports.
const RECEIPTS_KEPT: usize = 32;

/// How many history entries a reservation holds itself. An ordinary test has no more, so
/// that none of them is written a second time.
const RECENT_ENTRIES: usize = 4;

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
    /// Whether the operator was told that the result is overdue, where the reason says something else.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub overdue: bool,
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
    /// Tests that were its own until they were reclaimed unused, or were taken for its own by mistake.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub released: Vec<VendorReference>,
    /// What the last call's request was, where it may be sent again.
    #[serde(rename = "seal", default, skip_serializing_if = "Option::is_none")]
    pub request_digest: Option<RequestDigest>,
    /// What is known of calls whose answer was lost, newest last.
    pub evidence: Vec<Evidence>,
    /// The sittings, at least one, the current one last.
    #[serde(deserialize_with = "attempt::at_least_one")]
    pub attempts: Vec<Attempt>,
    /// Receipts of the reports seen last, oldest first.
    pub receipts: Vec<InboundWebhookId>,
    /// When the sweep must look at it; `None` while it need not.
    pub due_at: Option<Timestamp>,
    /// The newest history entries, oldest first; those before them are filed apart.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recent: Vec<HistoryEntry>,
    #[serde(flatten)]
    pub extra: Extra,
}

has_extra!(Reservation: order, surplus, request_digest, evidence, attempts, recent, extra);

/// A test sold beyond the one that is used: paid, and for the operator to settle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Surplus {
    /// The call that bought it.
    pub call_no: u32,
    /// The vendor's id of it.
    pub reference: VendorReference,
    #[serde(flatten)]
    pub extra: Extra,
}

has_extra!(Surplus: extra);

impl Surplus {
    pub fn new(call_no: u32, reference: VendorReference) -> Self {
        Self { call_no, reference, extra: Extra::default() }
    }
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
            overdue: false,
            seq: 1,
            version: 1,
            created_at: now,
            updated_at: now,
            calls,
            reference: None,
            password: None,
            surplus: Vec::new(),
            released: Vec::new(),
            request_digest: None,
            evidence: Vec::new(),
            attempts: vec![Attempt::first()],
            receipts: Vec::new(),
            due_at: None,
            recent: Vec::new(),
            extra: Extra::default(),
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

    /// Takes away all that it holds of a person: what was ordered for whom, the password, the
    /// vendor's words, the address of a score report. What stays is the ledger: ids, product,
    /// statuses, times, references, and scores without a person. Documents and filed history
    /// entries are items beside it.
    pub fn erase_person(&mut self) {
        // It may say anything.
        self.clear_extra();
        self.order.erase_person();
        (self.password, self.detail) = (None, None);
        self.evidence.iter_mut().for_each(|evidence| evidence.body = None);
        let results = self.attempts.iter_mut().filter_map(|attempt| attempt.result.as_mut());
        results.for_each(|result| result.report_url = None);
        self.recent.iter_mut().for_each(HistoryEntry::erase_person);
    }

    /// The status that clients see.
    pub fn status(&self) -> Status {
        self.state.status()
    }

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

    /// Whether only a later release knows what is in doubt, or why: nothing is bought or
    /// sent again because of it but by that release or by the operator.
    fn is_doubt_unknown(&self) -> bool {
        let mut of_last_call = self.evidence.iter().filter(|evidence| evidence.call_no == self.calls);
        matches!(self.reason, Some(Reason::Other(_)))
            || of_last_call.any(|evidence| matches!(evidence.unknown, Unknown::Other(_)))
    }

    /// Whether the vendor may still change where the test stands.
    pub fn is_open(&self) -> bool {
        matches!(self.state, State::Ready | State::InProgress | State::AwaitingScore { .. } | State::UnderReview { .. })
    }

    /// Whether the operator was told that the result is overdue.
    pub fn is_overdue(&self) -> bool {
        self.overdue || self.reason == Some(Reason::ResultOverdue)
    }

    /// Whether the test was sat before, by a grade or by a reset. Such a
    /// reservation never expires.
    pub fn was_sat(&self) -> bool {
        self.attempts.len() > 1 || self.attempt().is_graded()
    }

    /// Whether any attempt has a result.
    pub fn holds_result(&self) -> bool {
        self.attempts.iter().any(|attempt| attempt.result.is_some())
    }
}
