//! The rules of reading a kept report again, once the hub has learnt to read it.

use jiff::Timestamp;

use super::transition::{Draft, RuleOutcome};
use super::{Alert, Attempt, NoteReason, Reason, Report, ReportedStatus, Reservation, State, Status};
use crate::domain::test_result::TestResult;

impl Draft<'_> {
    /// A kept report counts as of when it came, and for the sitting that was open
    /// then: it undoes nothing that the vendor has said since. What was noted of it
    /// while it could not be read does not stand in its way.
    pub(super) fn reprocessed(&mut self, report: &Report, attempt: u32) -> RuleOutcome {
        let own = self.reservation.reference.as_ref();
        if !own.is_some_and(|own| own.is_same_test(&report.reference)) {
            return RuleOutcome::Refused(NoteReason::OtherTest);
        }
        let is_last_word = self.is_last_word(report, attempt);
        let outcome = match &report.status {
            ReportedStatus::UnknownStatus { .. } => RuleOutcome::Duplicate,
            // Of these, only fresh news can tell a beginning from a reset.
            ReportedStatus::Ready | ReportedStatus::InProgress => RuleOutcome::Refused(NoteReason::Stale),
            ReportedStatus::Completed(result) => self.grades_sitting(result, report, attempt),
            ReportedStatus::CompletedWithoutScores if is_last_word => self.statement(report),
            ReportedStatus::CompletedWithoutScores => self.notes_unreadable_grade(report, attempt),
            _ if is_last_word => self.statement(report),
            _ => RuleOutcome::Refused(NoteReason::Stale),
        };
        if let RuleOutcome::Applied(_) = outcome
            && is_last_word
        {
            self.remember_applied(&report.digest);
        }
        outcome
    }

    /// Whether nothing newer was heard than the report.
    fn is_last_word(&self, report: &Report, attempt: u32) -> bool {
        let current = self.reservation.attempt();
        current.number == attempt && current.observed_at <= Some(report.observed_at)
    }

    fn grades_sitting(&mut self, result: &TestResult, report: &Report, number: u32) -> RuleOutcome {
        let is_current = number == self.reservation.attempt().number;
        let Some(attempt) = self.sitting(number) else { return RuleOutcome::Refused(NoteReason::Stale) };
        if attempt.shows_newer_than(report) {
            return RuleOutcome::Refused(NoteReason::Stale);
        }
        if attempt.shows_exactly(result, report) {
            return RuleOutcome::Duplicate;
        }
        let revises = attempt.graded.is_some();
        attempt.show(result, report);
        attempt.superseded.retain(|digest| *digest != report.digest);
        if !is_current {
            attempt.status = Status::Completed;
        }
        self.tell_unreadable(report);
        if !is_current {
            return RuleOutcome::Applied(Some(NoteReason::EarlierSitting));
        }
        let late = self.has_ended() || self.reservation.state == State::Invalidated;
        if self.is_completed_by(report) {
            self.attempt().late |= late;
            self.enter(State::Completed);
            return RuleOutcome::Applied(if late {
                Some(NoteReason::Late)
            } else {
                revises.then_some(NoteReason::Revision)
            });
        }
        RuleOutcome::Applied(revises.then_some(NoteReason::Revision))
    }

    /// Whether the current sitting's grade, which shows by now, is what it came to.
    /// What the vendor said later stands, but for what a grade overrides anyway.
    fn is_completed_by(&self, report: &Report) -> bool {
        let attempt = self.reservation.attempt();
        match self.reservation.state {
            State::Completed | State::AwaitingScore { .. } => true,
            State::UnderReview { .. } if self.reservation.reason == Some(Reason::ResultUnreadable) => {
                attempt.unreadable_grade.is_none()
            }
            _ => attempt.observed_at <= Some(report.observed_at),
        }
    }

    fn notes_unreadable_grade(&mut self, report: &Report, number: u32) -> RuleOutcome {
        let Some(attempt) = self.sitting(number) else { return RuleOutcome::Refused(NoteReason::Stale) };
        if attempt.is_graded() {
            return RuleOutcome::Duplicate;
        }
        attempt.note_unreadable(report);
        self.alert(Alert::CompleteWithoutScores);
        let is_earlier = number != self.reservation.attempt().number;
        RuleOutcome::Applied(is_earlier.then_some(NoteReason::EarlierSitting))
    }

    pub(super) fn sitting(&mut self, number: u32) -> Option<&mut Attempt> {
        self.reservation.attempts.iter_mut().find(|attempt| attempt.number == number)
    }
}

impl Reservation {
    /// The number of the sitting that was open at a time.
    pub fn sitting_at(&self, time: Timestamp) -> u32 {
        let was_open = |attempt: &&Attempt| attempt.opened_at.is_none_or(|opened| opened <= time);
        self.attempts.iter().rev().find(was_open).map_or(1, |attempt| attempt.number)
    }
}
