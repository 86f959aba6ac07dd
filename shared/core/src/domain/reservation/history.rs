//! What happened, from whom, when: one entry for every event, applied or not.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{CallOutcome, Event, NoteReason, Report, ReportedStatus, Reservation, Status};
use crate::domain::forward::{Extra, HasExtra, Word, has_extra};
use crate::domain::ids::{Digest, InboundWebhookId};

/// Who an event came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "who", rename_all = "snake_case")]
pub enum Source {
    /// The company's website, through the API.
    Client,
    /// The hub itself: a clock ran out.
    Hub,
    /// The vendor's answer to a purchase call.
    VendorAnswer,
    /// The vendor's webhook.
    VendorWebhook,
    /// A look-up at the vendor, of one test or of many.
    VendorLookup,
    /// The operator, by name.
    Operator {
        /// As the operator's machine or identity names them.
        name: String,
    },
    /// Somebody whom only a later release knows.
    #[serde(untagged)]
    Other(OtherSource),
}

/// A source of a later release, with whatever is said of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OtherSource {
    pub who: Word,
    #[serde(flatten)]
    pub extra: Extra,
}

impl HasExtra for Source {
    fn clear_extra(&mut self) {
        if let Source::Other(source) = self {
            source.extra.clear_extra();
        }
    }
}

/// Whether an event changed the reservation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Applied,
    /// It did not, for a reason.
    Refused,
    /// A word of a later release.
    #[serde(untagged)]
    Other(Word),
}

/// One line of a reservation's history.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HistoryEntry {
    /// From 1, without gaps.
    pub seq: u64,
    /// When the hub processed it.
    pub at: Timestamp,
    /// Who it came from.
    pub source: Source,
    pub event: EventName,
    /// Whether it changed the reservation.
    pub verdict: Verdict,
    /// Why not, or what was remarkable.
    pub why: Option<NoteReason>,
    pub from: Option<Status>,
    pub to: Status,
    /// The version that a client sees after it.
    pub version: u64,
    /// The attempt that is current after it.
    pub attempt: u32,
    /// The purchase call it is about.
    pub call_no: Option<u32>,
    /// The vendor's document it is about: the key of the raw copy.
    pub digest: Option<Digest>,
    /// The delivery that brought it.
    pub receipt: Option<InboundWebhookId>,
    /// More, in prose. A vendor's refusal is in its own words, which the hub does
    /// not choose; nothing else here is about the person.
    pub detail: Option<String>,
    #[serde(flatten)]
    pub extra: Extra,
}

has_extra!(HistoryEntry: source, extra);

impl HistoryEntry {
    /// What the detail of a grade says of which some scores cannot be read.
    pub const UNREADABLE: &str = "cannot be read:";

    /// Takes away what it may say of a person.
    pub fn erase_person(&mut self) {
        self.clear_extra();
        self.detail = None;
    }
}

/// The name of an event in histories.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventName {
    Reserved,
    CallStarted,
    CallConfirmed,
    CallRefused,
    CallNotProcessed,
    CallUnknown,
    LeaseLapsed,
    NothingSold,
    GivenUp,
    ReportReady,
    ReportInProgress,
    ReportAwaitingScore,
    ReportUnderReview,
    ReportCompleted,
    ReportWithoutScores,
    ReportInvalidated,
    ReportUnknownStatus,
    ExpiryReached,
    Cancel,
    ResultOverdue,
    ResendStarted,
    ResendImpossible,
    ResendNotProcessed,
    Reclaimed,
    ReportReprocessed,
    ReferenceCorrected,
    /// A word of a later release.
    #[serde(untagged)]
    Other(Word),
}

impl Event {
    /// The event's name in histories.
    pub fn name(&self) -> EventName {
        match self {
            Event::CallStarted(_) => EventName::CallStarted,
            Event::CallEnded { outcome, .. } => match outcome {
                CallOutcome::Confirmed { .. } => EventName::CallConfirmed,
                CallOutcome::Refused(_) => EventName::CallRefused,
                CallOutcome::NotProcessed { .. } => EventName::CallNotProcessed,
                CallOutcome::Unknown(_) => EventName::CallUnknown,
            },
            Event::LeaseLapsed { .. } => EventName::LeaseLapsed,
            Event::NothingSold | Event::NothingFound { .. } => EventName::NothingSold,
            Event::GivenUp => EventName::GivenUp,
            Event::Reported(report) | Event::Trusted(report, _) => report.status.name(),
            Event::ExpiryReached => EventName::ExpiryReached,
            Event::Cancel => EventName::Cancel,
            Event::ResultOverdue => EventName::ResultOverdue,
            Event::ResendStarted => EventName::ResendStarted,
            Event::ResendImpossible => EventName::ResendImpossible,
            Event::ResendNotProcessed => EventName::ResendNotProcessed,
            Event::Reclaimed { .. } => EventName::Reclaimed,
            Event::Reprocessed { .. } => EventName::ReportReprocessed,
            Event::ReferenceCorrected { .. } => EventName::ReferenceCorrected,
        }
    }

    pub(super) fn call_no(&self) -> Option<u32> {
        match self {
            Event::CallEnded { call_no, .. } | Event::LeaseLapsed { call_no } => Some(*call_no),
            _ => None,
        }
    }

    pub(super) fn report(&self) -> Option<&super::Report> {
        match self {
            Event::Reported(report) | Event::Trusted(report, _) | Event::Reprocessed { report, .. } => Some(report),
            _ => None,
        }
    }

    pub(super) fn detail(&self) -> Option<String> {
        match self {
            Event::CallEnded { outcome: CallOutcome::Refused(refusal), .. } => Some(refusal.vendor_reason.clone()),
            Event::CallEnded { outcome: CallOutcome::NotProcessed { detail, .. }, .. } => detail.clone(),
            Event::CallEnded { outcome: CallOutcome::Unknown(evidence), .. } => Some(evidence.summary()),
            Event::Reported(report) => report.remark(),
            Event::Trusted(report, why) => Some(with(format!("trusted unchecked: {why}"), report.remark())),
            Event::Reclaimed { reference, reason, .. } | Event::ReferenceCorrected { reference, reason } => {
                Some(format!("{}: {reason}", reference.test()))
            }
            Event::Reprocessed { report, reason, .. } => {
                Some(with(format!("received {}: {reason}", report.observed_at), report.remark()))
            }
            _ => None,
        }
    }
}

fn with(detail: String, remark: Option<String>) -> String {
    remark.map_or(detail.clone(), |remark| format!("{detail}; {remark}"))
}

impl Report {
    /// What of it is no vendor's ordinary word.
    fn remark(&self) -> Option<String> {
        match &self.status {
            ReportedStatus::UnknownStatus { text } => Some(format!("status {text:?}")),
            _ if self.unreadable.is_empty() => None,
            _ => {
                let names: Vec<_> = self.unreadable.iter().map(ToString::to_string).collect();
                Some(format!("{} {}", HistoryEntry::UNREADABLE, names.join(", ")))
            }
        }
    }
}

impl ReportedStatus {
    fn name(&self) -> EventName {
        match self {
            ReportedStatus::Ready => EventName::ReportReady,
            ReportedStatus::InProgress => EventName::ReportInProgress,
            ReportedStatus::AwaitingScore => EventName::ReportAwaitingScore,
            ReportedStatus::UnderReview { .. } => EventName::ReportUnderReview,
            ReportedStatus::Completed(_) => EventName::ReportCompleted,
            ReportedStatus::CompletedWithoutScores => EventName::ReportWithoutScores,
            ReportedStatus::Invalidated => EventName::ReportInvalidated,
            ReportedStatus::UnknownStatus { .. } => EventName::ReportUnknownStatus,
        }
    }
}

impl Reservation {
    /// The first line of the history. It is derived rather than stored, so that
    /// accepting a reservation stays a single write.
    pub fn reserved_entry(&self) -> HistoryEntry {
        HistoryEntry {
            seq: 1,
            at: self.created_at,
            source: Source::Client,
            event: EventName::Reserved,
            verdict: Verdict::Applied,
            why: None,
            from: None,
            to: Status::Pending,
            version: 1,
            attempt: 1,
            call_no: None,
            digest: None,
            receipt: None,
            detail: None,
            extra: Extra::default(),
        }
    }
}
