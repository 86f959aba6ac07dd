//! The rules of reading a kept report again, once the hub has learnt to read it.

use jiff::Timestamp;

use super::transition::{Draft, Ruling};
use super::{Alert, Attempt, Reason, Report, Reported, Reservation, State, Status, Why};
use crate::domain::result::TestResult;

impl Draft<'_> {
    /// A kept report counts as of when it came, and for the sitting that was open
    /// then: it undoes nothing that the vendor has said since. What was noted of it
    /// while it could not be read does not stand in its way.
    pub(super) fn reprocessed(&mut self, report: &Report, attempt: u32) -> Ruling {
        let own = self.r.reference.as_ref();
        if !own.is_some_and(|own| own.is_same_test(&report.reference)) {
            return Ruling::Refused(Why::OtherTest);
        }
        let is_last_word = self.is_last_word(report, attempt);
        let ruling = match &report.says {
            Reported::UnknownStatus { .. } => Ruling::Duplicate,
            // Of these, only fresh news can tell a beginning from a reset.
            Reported::Ready | Reported::InProgress => Ruling::Refused(Why::Stale),
            Reported::Completed(result) => self.grades_sitting(result, report, attempt),
            Reported::CompletedWithoutScores if is_last_word => self.statement(report),
            Reported::CompletedWithoutScores => self.notes_unreadable_grade(report, attempt),
            _ if is_last_word => self.statement(report),
            _ => Ruling::Refused(Why::Stale),
        };
        if let Ruling::Applied(_) = ruling
            && is_last_word
        {
            self.remember_applied(&report.digest);
        }
        ruling
    }

    /// Whether nothing newer was heard than the report.
    fn is_last_word(&self, report: &Report, attempt: u32) -> bool {
        let current = self.r.attempt();
        current.number == attempt && current.observed_at <= Some(report.observed_at)
    }

    fn grades_sitting(&mut self, result: &TestResult, report: &Report, number: u32) -> Ruling {
        let is_current = number == self.r.attempt().number;
        let Some(attempt) = self.sitting(number) else { return Ruling::Refused(Why::Stale) };
        if attempt.shows_newer_than(report) {
            return Ruling::Refused(Why::Stale);
        }
        if attempt.shows_exactly(result, report) {
            return Ruling::Duplicate;
        }
        let revises = attempt.graded.is_some();
        attempt.show(result, report);
        attempt.superseded.retain(|digest| *digest != report.digest);
        if !is_current {
            attempt.status = Status::Completed;
        }
        self.tell_unreadable(report);
        if !is_current {
            return Ruling::Applied(Some(Why::EarlierSitting));
        }
        let late = self.has_ended() || self.r.state == State::Invalidated;
        if self.is_completed_by(report) {
            self.attempt().late |= late;
            self.enter(State::Completed);
            return Ruling::Applied(if late { Some(Why::Late) } else { revises.then_some(Why::Revision) });
        }
        Ruling::Applied(revises.then_some(Why::Revision))
    }

    /// Whether the current sitting's grade, which shows by now, is what it came to.
    /// What the vendor said later stands, but for what a grade overrides anyway.
    fn is_completed_by(&self, report: &Report) -> bool {
        let attempt = self.r.attempt();
        match self.r.state {
            State::Completed | State::AwaitingScore { .. } => true,
            State::UnderReview { .. } if self.r.reason == Some(Reason::ResultUnreadable) => {
                attempt.unreadable_grade.is_none()
            }
            _ => attempt.observed_at <= Some(report.observed_at),
        }
    }

    fn notes_unreadable_grade(&mut self, report: &Report, number: u32) -> Ruling {
        let Some(attempt) = self.sitting(number) else { return Ruling::Refused(Why::Stale) };
        if attempt.is_graded() {
            return Ruling::Duplicate;
        }
        attempt.note_unreadable(report);
        self.alert(Alert::CompleteWithoutScores);
        let is_earlier = number != self.r.attempt().number;
        Ruling::Applied(is_earlier.then_some(Why::EarlierSitting))
    }

    pub(super) fn sitting(&mut self, number: u32) -> Option<&mut Attempt> {
        self.r.attempts.iter_mut().find(|attempt| attempt.number == number)
    }
}

impl Reservation {
    /// The number of the sitting that was open at a time.
    pub fn sitting_at(&self, time: Timestamp) -> u32 {
        let was_open = |attempt: &&Attempt| attempt.opened_at.is_none_or(|opened| opened <= time);
        self.attempts.iter().rev().find(was_open).map_or(1, |attempt| attempt.number)
    }
}
