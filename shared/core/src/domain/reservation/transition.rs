//! The decision on one event.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Event, HistoryEntry, Policy, RECENT_ENTRIES, Reason, Reservation, Source, State, Verdict, due};
use crate::domain::deadline::later;
use crate::domain::forward::{Extra, Word};
use crate::domain::ids::VendorReference;

/// What the state machine makes of an event.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    /// Something is to be written: the event was applied, or refused and noted.
    Write(Box<Change>),
    /// The hub knows this already; there is nothing to write.
    Duplicate,
}

/// One write: the reservation as it is to be, with its newest history entry, and its effects.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The reservation as it is to be. Its `seq` is one more than what must be
    /// found in the store.
    pub after: Reservation,
    /// Its newest history entry.
    pub entry: HistoryEntry,
    /// Older entries, which it no longer holds: they must be filed before it is written.
    pub to_file: Vec<HistoryEntry>,
    /// What else is to be done.
    pub effects: Vec<Effect>,
    /// Where the vendor's document comes from that is kept with it, if any.
    pub origin: Option<DocumentOrigin>,
}

/// What a kept document must be read with, should it be read again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentOrigin {
    /// When it was received, or asked for.
    pub observed_at: Timestamp,
    /// The sitting that was open then.
    pub attempt: u32,
}

impl Change {
    /// Whether the event changed the reservation, rather than being noted only.
    pub fn is_applied(&self) -> bool {
        self.entry.verdict == Verdict::Applied
    }

    /// Whether the write and its claims are one decision: together, or not at all. What a
    /// vendor names is a fact, and may be claimed before.
    pub fn decides_claims(&self) -> bool {
        let is_operators = matches!(self.entry.source, Source::Operator { .. });
        self.releases().next().is_some() || (is_operators && self.claims().next().is_some())
    }

    /// The references that must be the reservation's own when it is written.
    pub fn claims(&self) -> impl Iterator<Item = &VendorReference> {
        self.effects.iter().filter_map(|effect| match effect {
            Effect::Claim(reference) => Some(reference),
            _ => None,
        })
    }

    /// The references whose claims end with the write.
    pub fn releases(&self) -> impl Iterator<Item = &VendorReference> {
        self.effects.iter().filter_map(|effect| match effect {
            Effect::Release(reference) => Some(reference),
            _ => None,
        })
    }
}

/// What follows from a change beside the change itself.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Make the reference this reservation's own.
    Claim(VendorReference),
    /// Give the reference up: its next sale is another's.
    Release(VendorReference),
    /// Hand the reservation to the `fulfilment` queue.
    Fulfil,
    Alert(Alert),
}

/// What an operator is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Alert {
    /// A test may have been sold and we don't know.
    InDoubt,
    /// A report could not be matched or read, and is kept.
    Quarantined,
    /// A sat test has had no result for too long.
    ResultOverdue,
    /// A vendor used a status that its documents do not name.
    UnknownStatus,
    /// Graded, said the vendor, and gave no score.
    CompleteWithoutScores,
    /// A graded report has a score that cannot be read.
    ScoreUnreadable,
    /// A test was sold beyond the one that is used.
    Surplus,
    /// The vendor handed out a test twice.
    ReferenceTaken,
    /// A vendor account has no tests left.
    OutOfTests,
    /// An account's profile is missing or incomplete.
    AccountUnavailable,
    VendorCredentialsRefused,
    /// The vendor reports on a test that it had refused to sell.
    RefusedYetSold,
    /// An account's purchases wait: the vendor's answers stay unknown.
    AccountPaused,
    /// A vendor account has few tests left.
    LowStock,
    /// A report was refused because it is larger than is taken.
    ReportTooLarge,
    /// A reset came with the very bytes of an earlier one: honest, or sent again by somebody.
    ResetRepeated,
}

impl Alert {
    /// The metric's name, as the template's alarms spell it.
    pub fn metric(self) -> &'static str {
        match self {
            Alert::InDoubt => "InDoubt",
            Alert::Quarantined => "Quarantined",
            Alert::ResultOverdue => "ResultOverdue",
            Alert::UnknownStatus => "UnknownStatus",
            Alert::CompleteWithoutScores => "CompleteWithoutScores",
            Alert::ScoreUnreadable => "ScoreUnreadable",
            Alert::Surplus => "Surplus",
            Alert::ReferenceTaken => "ReferenceTaken",
            Alert::OutOfTests => "OutOfTests",
            Alert::AccountUnavailable => "AccountUnavailable",
            Alert::VendorCredentialsRefused => "VendorCredentialsRefused",
            Alert::RefusedYetSold => "RefusedYetSold",
            Alert::AccountPaused => "AccountPaused",
            Alert::LowStock => "LowStock",
            Alert::ReportTooLarge => "ReportTooLarge",
            Alert::ResetRepeated => "ResetRepeated",
        }
    }
}

/// Why an event changed nothing, or what was remarkable about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoteReason {
    /// It is older than what is known.
    Stale,
    /// It says what is known already.
    NoChange,
    /// The status is not in the vendor's documents.
    UnknownStatus,
    /// Graded again, and still none of its scores can be read.
    WithoutScores,
    /// It is about another test than this reservation's.
    OtherTest,
    /// It is about a call that no longer matters.
    OtherCall,
    /// There is no call to begin: none is due, or one is out already.
    NoCallDue,
    /// The time for it has not come.
    NotDue,
    NotInDoubt,
    /// A purchase is out or in doubt.
    PurchaseInProgress,
    /// The test has begun.
    Begun,
    /// The reservation has ended.
    Ended,
    /// Another call was confirmed before: this test is surplus.
    Surplus,
    /// More evidence for the same doubt.
    MoreEvidence,
    /// The vendor did not process a repetition.
    NotProcessed,
    /// The call's request was sent again since, and that may have been processed.
    SentAgain,
    /// The reservation had ended; the vendor's word is kept.
    Late,
    /// Another result for a graded attempt.
    Revision,
    /// The vendor had the test sat again.
    Reset,
    /// The same, by the very bytes of an earlier reset: honest, or sent again by somebody.
    ResetRepeated,
    /// A grade of a sitting before the current one.
    EarlierSitting,
    /// A word of a later release.
    #[serde(untagged)]
    Other(Word),
}

/// What a rule says. Rules edit a draft and say whether that is an application.
pub(super) enum RuleOutcome {
    Applied(Option<NoteReason>),
    Refused(NoteReason),
    Duplicate,
}

pub(super) const APPLIED: RuleOutcome = RuleOutcome::Applied(None);

/// A reservation under edit.
pub(super) struct Draft<'a> {
    pub(super) reservation: Reservation,
    pub(super) now: Timestamp,
    pub(super) policy: &'a Policy,
    pub(super) effects: Vec<Effect>,
}

impl Draft<'_> {
    /// Enters a state; what was said of the former one goes with it.
    pub(super) fn enter(&mut self, state: State) {
        self.reservation.state = state;
        self.reservation.reason = None;
        self.reservation.detail = None;
        self.reservation.overdue = false;
        if self.reservation.reference.is_some() {
            self.reservation.mark_attempt();
        }
    }

    pub(super) fn set_reason(&mut self, reason: Reason, detail: Option<String>) {
        self.reservation.reason = Some(reason);
        self.reservation.detail = detail;
    }

    pub(super) fn alert(&mut self, alert: Alert) {
        self.effects.push(Effect::Alert(alert));
    }
}

impl Reservation {
    /// Rules on one event.
    pub fn apply(&self, event: &Event, source: Source, now: Timestamp, policy: &Policy) -> Decision {
        let mut draft = Draft { reservation: self.clone(), now, policy, effects: Vec::new() };
        let (verdict, why) = match draft.rule(event) {
            RuleOutcome::Duplicate => return Decision::Duplicate,
            RuleOutcome::Applied(why) => (Verdict::Applied, why),
            RuleOutcome::Refused(why) => (Verdict::Refused, Some(why)),
        };
        let Draft { reservation: mut after, effects, .. } = draft;
        after.seq += 1;
        if verdict == Verdict::Applied {
            after.version += 1;
            after.updated_at = now;
        }
        after.due_at = due::next(&after, policy);
        let entry = self.entry(&after, event, source, verdict, why, now);
        let is_full = after.recent.len() >= RECENT_ENTRIES;
        let to_file = if is_full { std::mem::take(&mut after.recent) } else { Vec::new() };
        after.recent.push(entry.clone());
        let origin = event.report().map(|report| DocumentOrigin {
            observed_at: report.observed_at,
            attempt: after.sitting_at(report.observed_at),
        });
        Decision::Write(Box::new(Change { after, entry, to_file, effects, origin }))
    }

    fn entry(
        &self,
        after: &Reservation,
        event: &Event,
        source: Source,
        verdict: Verdict,
        why: Option<NoteReason>,
        now: Timestamp,
    ) -> HistoryEntry {
        HistoryEntry {
            seq: after.seq,
            at: now,
            source,
            event: event.name(),
            verdict,
            why,
            from: Some(self.status()),
            to: after.status(),
            version: after.version,
            attempt: after.attempt().number,
            call_no: event.call_no().or_else(|| matches!(event, Event::CallStarted(_)).then_some(after.calls)),
            digest: event.report().map(|report| report.digest.clone()),
            receipt: event.report().and_then(|report| report.receipt.clone()),
            detail: event.detail(),
            extra: Extra::default(),
        }
    }

    fn mark_attempt(&mut self) {
        let status = self.status();
        if let Some(attempt) = self.attempts.last_mut() {
            attempt.status = status;
        }
    }
}

impl Draft<'_> {
    fn rule(&mut self, event: &Event) -> RuleOutcome {
        match event {
            Event::CallStarted(lease) => self.call_started(lease),
            Event::CallEnded { call_no, outcome } => self.call_ended(*call_no, outcome),
            Event::LeaseLapsed { call_no } => self.lease_lapsed(*call_no),
            Event::NothingSold => self.nothing_sold(),
            Event::NothingFound { asked_at } => self.nothing_found(*asked_at),
            Event::GivenUp => self.given_up(),
            Event::Reported(report) | Event::Trusted(report, _) => self.reported(report),
            Event::ExpiryReached => self.expiry_reached(),
            Event::Cancel => self.cancel(),
            Event::ResultOverdue => self.result_overdue(),
            Event::ResendStarted => self.resend_started(),
            Event::ResendImpossible => self.resend_impossible(),
            Event::ResendNotProcessed => self.resend_not_processed(),
            Event::Reclaimed { reference, seen_at, .. } => self.reclaimed(reference, *seen_at),
            Event::Reprocessed { report, attempt, .. } => self.reprocessed(report, *attempt),
            Event::ReferenceCorrected { reference, .. } => self.reference_corrected(reference),
        }
    }

    fn expiry_reached(&mut self) -> RuleOutcome {
        match self.reservation.state {
            State::Queued { .. } | State::Ready if !self.reservation.is_past_expiry(self.now) => {
                RuleOutcome::Refused(NoteReason::NotDue)
            }
            State::Queued { .. } | State::Ready if self.reservation.was_sat() => {
                RuleOutcome::Refused(NoteReason::Begun)
            }
            State::Queued { .. } | State::Ready => {
                self.enter(State::Expired);
                APPLIED
            }
            State::Calling { .. } | State::InDoubt { .. } => RuleOutcome::Refused(NoteReason::PurchaseInProgress),
            State::InProgress | State::AwaitingScore { .. } | State::UnderReview { .. } => {
                RuleOutcome::Refused(NoteReason::Begun)
            }
            State::Expired => RuleOutcome::Duplicate,
            State::Rejected | State::Completed | State::Invalidated | State::Cancelled => {
                RuleOutcome::Refused(NoteReason::Ended)
            }
        }
    }

    fn cancel(&mut self) -> RuleOutcome {
        match self.reservation.state {
            State::Queued { .. } | State::Ready => {
                self.enter(State::Cancelled);
                APPLIED
            }
            State::Calling { .. } | State::InDoubt { .. } => RuleOutcome::Refused(NoteReason::PurchaseInProgress),
            State::InProgress | State::AwaitingScore { .. } | State::UnderReview { .. } => {
                RuleOutcome::Refused(NoteReason::Begun)
            }
            State::Cancelled => RuleOutcome::Duplicate,
            State::Rejected | State::Completed | State::Invalidated | State::Expired => {
                RuleOutcome::Refused(NoteReason::Ended)
            }
        }
    }

    fn result_overdue(&mut self) -> RuleOutcome {
        match self.reservation.state {
            State::AwaitingScore { since } | State::UnderReview { since } => {
                if self.reservation.is_overdue() {
                    return RuleOutcome::Duplicate;
                }
                if later(since, self.policy.result_overdue) > self.now {
                    return RuleOutcome::Refused(NoteReason::NotDue);
                }
                match self.reservation.reason {
                    // Why the result is missing says more than for how long.
                    Some(Reason::ResultUnreadable | Reason::Other(_)) => self.reservation.overdue = true,
                    _ => self.set_reason(Reason::ResultOverdue, None),
                }
                self.alert(Alert::ResultOverdue);
                APPLIED
            }
            _ => RuleOutcome::Refused(NoteReason::NotDue),
        }
    }
}
