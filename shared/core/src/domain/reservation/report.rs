//! The rules of reports: progress, results, resets, revisions, stale and late news.

use jiff::Timestamp;

use super::transition::{APPLIED, Draft, RuleOutcome};
use super::{Alert, Attempt, NoteReason, RECEIPTS_KEPT, Reason, Report, ReportedStatus, State, Status};
use crate::domain::ids::Digest;
use crate::domain::test_result::TestResult;

impl Draft<'_> {
    pub(super) fn reported(&mut self, report: &Report) -> RuleOutcome {
        if report.receipt.as_ref().is_some_and(|receipt| self.reservation.receipts.contains(receipt)) {
            return RuleOutcome::Duplicate;
        }
        if self.reservation.reference.as_ref().is_some_and(|known| !known.is_same_test(&report.reference)) {
            return RuleOutcome::Refused(NoteReason::OtherTest);
        }
        if self.is_of_a_test_beside_the_released(report) {
            return RuleOutcome::Refused(NoteReason::OtherTest);
        }
        let adopts = self.reservation.reference.is_none() && !self.is_of_a_released_test_unused(report);
        if adopts {
            self.adopt(&report.reference);
        }
        let outcome = match self.known_already(report) {
            Some(outcome) => outcome,
            None => self.statement(report),
        };
        self.remember(report, &outcome);
        match outcome {
            RuleOutcome::Refused(_) | RuleOutcome::Duplicate if adopts => APPLIED,
            outcome => outcome,
        }
    }

    /// Duplicates and news that is older than what is known.
    pub(super) fn known_already(&self, report: &Report) -> Option<RuleOutcome> {
        let attempt = self.reservation.attempt();
        let digest = Some(&report.digest);
        if (attempt.applied.as_ref() == digest || attempt.noted.as_ref() == digest) && !self.is_read_anew(report) {
            return Some(RuleOutcome::Duplicate);
        }
        if self.is_overtaken(report) {
            return Some(RuleOutcome::Refused(NoteReason::Stale));
        }
        let earlier = &self.reservation.attempts[..self.reservation.attempts.len() - 1];
        let is_old = |attempt: &Attempt| {
            attempt.superseded.contains(&report.digest)
                || attempt.graded.as_ref() == digest
                || attempt.could_not_read(&report.digest)
        };
        let of_earlier_attempt = earlier.iter().any(is_old);
        let is_stale = match report.status {
            ReportedStatus::Completed(_) | ReportedStatus::CompletedWithoutScores => {
                of_earlier_attempt || attempt.superseded.contains(&report.digest)
            }
            ReportedStatus::AwaitingScore => of_earlier_attempt,
            _ => false,
        };
        is_stale.then_some(RuleOutcome::Refused(NoteReason::Stale))
    }

    /// Whether the same bytes say now what they did not say before: the hub has
    /// learnt to read them, or to count a grade without a readable score.
    fn is_read_anew(&self, report: &Report) -> bool {
        let attempt = self.reservation.attempt();
        match report.status {
            ReportedStatus::Completed(_) => attempt.could_not_read(&report.digest),
            ReportedStatus::CompletedWithoutScores => !attempt.is_graded(),
            _ => false,
        }
    }

    /// Whether newer news was heard already: an older look-up came back late, or
    /// a webhook's report was held up on our side. A graded report that iTEP sent
    /// is never too late to be kept; only a newer grade keeps it from being shown.
    fn is_overtaken(&self, report: &Report) -> bool {
        let grades = matches!(report.status, ReportedStatus::Completed(_) | ReportedStatus::CompletedWithoutScores);
        let is_grade = report.receipt.is_some() && grades;
        !is_grade && self.reservation.attempt().observed_at.is_some_and(|last| report.observed_at < last)
    }

    pub(super) fn statement(&mut self, report: &Report) -> RuleOutcome {
        match &report.status {
            ReportedStatus::Ready => self.reported_ready(report),
            ReportedStatus::InProgress => self.reported_in_progress(report),
            ReportedStatus::AwaitingScore => self.reported_awaiting_score(report),
            ReportedStatus::UnderReview { problem } => self.reported_under_review(*problem, report),
            ReportedStatus::Completed(result) => self.reported_completed(result, report),
            ReportedStatus::Invalidated => self.reported_invalidated(),
            ReportedStatus::CompletedWithoutScores => self.reported_completed_without_scores(report),
            ReportedStatus::UnknownStatus { .. } => {
                self.alert(Alert::UnknownStatus);
                RuleOutcome::Refused(NoteReason::UnknownStatus)
            }
        }
    }

    fn reported_ready(&mut self, report: &Report) -> RuleOutcome {
        match self.reservation.state {
            State::Expired | State::Cancelled => self.no_change(report),
            State::Ready => self.no_change(report),
            _ => self.reset(State::Ready, report),
        }
    }

    fn reported_in_progress(&mut self, report: &Report) -> RuleOutcome {
        match self.reservation.state {
            State::InProgress => self.no_change(report),
            State::UnderReview { .. } if !self.reservation.attempt().finished => self.progress(State::InProgress),
            State::AwaitingScore { .. } | State::UnderReview { .. } | State::Completed | State::Invalidated => {
                self.reset(State::InProgress, report)
            }
            _ => self.progress(State::InProgress),
        }
    }

    /// iTEP's webhook fires on resets and not on beginnings, so going back *is* a
    /// reset. TrueNorth documents none: going back there is old news. The bytes of an
    /// earlier reset may be sent again by whoever has seen them, and an honest second
    /// reset looks the same: it counts, since the candidate may have to sit again,
    /// and the operator is told.
    fn reset(&mut self, state: State, report: &Report) -> RuleOutcome {
        if !self.reservation.vendor().capabilities().reports_resets {
            return RuleOutcome::Refused(NoteReason::Stale);
        }
        let is_repeated =
            self.reservation.attempts.iter().any(|attempt| attempt.opened_by.as_ref() == Some(&report.digest));
        let attempt = self.reservation.attempt().after_reset(report, state.status());
        self.reservation.attempts.push(attempt);
        self.enter(state);
        self.set_reason(Reason::Reset, None);
        if is_repeated {
            self.alert(Alert::ResetRepeated);
        }
        RuleOutcome::Applied(Some(if is_repeated { NoteReason::ResetRepeated } else { NoteReason::Reset }))
    }

    fn reported_awaiting_score(&mut self, report: &Report) -> RuleOutcome {
        match self.reservation.state {
            State::AwaitingScore { .. } => self.no_change(report),
            State::Completed | State::Invalidated => RuleOutcome::Refused(NoteReason::Stale),
            State::UnderReview { .. } if self.reservation.attempt().is_graded() => {
                RuleOutcome::Refused(NoteReason::Stale)
            }
            _ => {
                let outcome = self.progress(State::AwaitingScore { since: self.waits_since() });
                self.attempt().finished = true;
                outcome
            }
        }
    }

    fn reported_under_review(&mut self, problem: bool, report: &Report) -> RuleOutcome {
        let reason = if problem { Reason::VendorProblem } else { Reason::VendorReview };
        if matches!(self.reservation.state, State::UnderReview { .. }) && self.reservation.reason == Some(reason) {
            return self.no_change(report);
        }
        let outcome = self.progress(State::UnderReview { since: self.waits_since() });
        self.set_reason(reason, None);
        outcome
    }

    /// Since when a result is awaited. Once the operator was told that it is
    /// overdue, the vendor's next word begins another wait.
    fn waits_since(&self) -> Timestamp {
        match self.reservation.state {
            State::UnderReview { since } | State::AwaitingScore { since } if !self.reservation.is_overdue() => since,
            _ => self.now,
        }
    }

    fn reported_completed(&mut self, result: &TestResult, report: &Report) -> RuleOutcome {
        if self.is_of_earlier_sitting(report) {
            return self.grades_earlier_sitting(result, report);
        }
        if self.attempt().shows_newer_than(report) {
            self.attempt().superseded.push(report.digest.clone());
            return RuleOutcome::Refused(NoteReason::Stale);
        }
        let revises = self.reservation.attempt().graded.as_ref().is_some_and(|earlier| *earlier != report.digest);
        let late = self.has_ended() || self.reservation.state == State::Invalidated;
        let is_doubted = self.reservation.attempt().has_newer_unreadable(report);
        self.attempt().show(result, report);
        self.tell_unreadable(report);
        self.attempt().late |= late;
        match self.reservation.state {
            State::UnderReview { .. } if is_doubted => {}
            _ => self.enter(State::Completed),
        }
        RuleOutcome::Applied(if late { Some(NoteReason::Late) } else { revises.then_some(NoteReason::Revision) })
    }

    /// A grade of which no score can be read is no result, but proves that the test
    /// was sat: the operator is told, and nobody can launch it or have it expire.
    fn reported_completed_without_scores(&mut self, report: &Report) -> RuleOutcome {
        let is_earlier = self.is_of_earlier_sitting(report);
        let Some(attempt) = self.sitting_of(report) else { return RuleOutcome::Refused(NoteReason::Stale) };
        if attempt.shows_newer_than(report) || attempt.has_newer_unreadable(report) {
            attempt.superseded.push(report.digest.clone());
            return RuleOutcome::Refused(NoteReason::Stale);
        }
        let names_others = attempt.unreadable != report.unreadable;
        attempt.note_unreadable(report);
        if is_earlier {
            attempt.status = Status::UnderReview;
        } else if self.reservation.reason == Some(Reason::ResultUnreadable) {
            let why = NoteReason::WithoutScores;
            return if names_others { RuleOutcome::Applied(Some(why)) } else { RuleOutcome::Refused(why) };
        }
        self.alert(Alert::CompleteWithoutScores);
        if is_earlier {
            return RuleOutcome::Applied(Some(NoteReason::EarlierSitting));
        }
        self.holds_for_review(report)
    }

    /// A review or an invalidation that was heard since says more than the grade.
    fn holds_for_review(&mut self, report: &Report) -> RuleOutcome {
        let was_heard_since = self.reservation.attempt().observed_at > Some(report.observed_at);
        if was_heard_since && matches!(self.reservation.state, State::UnderReview { .. } | State::Invalidated) {
            return APPLIED;
        }
        let late = self.has_ended() || self.reservation.state == State::Invalidated;
        self.enter(State::UnderReview { since: self.waits_since() });
        self.set_reason(Reason::ResultUnreadable, None);
        self.attempt().late |= late;
        RuleOutcome::Applied(late.then_some(NoteReason::Late))
    }

    fn is_of_earlier_sitting(&self, report: &Report) -> bool {
        self.reservation.attempt().opened_at.is_some_and(|opened| report.observed_at < opened)
    }

    /// The sitting that was open when a report was received.
    fn sitting_of(&mut self, report: &Report) -> Option<&mut Attempt> {
        self.sitting(self.reservation.sitting_at(report.observed_at))
    }

    /// A grade that was held up on our side behind a reset: it is of the sitting
    /// that was open when it was received.
    fn grades_earlier_sitting(&mut self, result: &TestResult, report: &Report) -> RuleOutcome {
        let Some(attempt) = self.sitting_of(report) else { return RuleOutcome::Refused(NoteReason::Stale) };
        if attempt.shows_newer_than(report) {
            attempt.superseded.push(report.digest.clone());
            return RuleOutcome::Refused(NoteReason::Stale);
        }
        attempt.show(result, report);
        attempt.status = Status::Completed;
        self.tell_unreadable(report);
        RuleOutcome::Applied(Some(NoteReason::EarlierSitting))
    }

    pub(super) fn tell_unreadable(&mut self, report: &Report) {
        if !report.unreadable.is_empty() {
            self.alert(Alert::ScoreUnreadable);
        }
    }

    fn reported_invalidated(&mut self) -> RuleOutcome {
        match self.reservation.state {
            State::Invalidated | State::Expired | State::Cancelled => RuleOutcome::Refused(NoteReason::NoChange),
            _ => self.progress(State::Invalidated),
        }
    }

    /// Moves on within the attempt. A sitting wins over an expiry or a
    /// withdrawal, which were only what we knew.
    fn progress(&mut self, state: State) -> RuleOutcome {
        let late = self.has_ended();
        self.enter(state);
        self.attempt().late |= late;
        RuleOutcome::Applied(late.then_some(NoteReason::Late))
    }

    /// A look-up that finds what is known is no event; a webhook is.
    fn no_change(&self, report: &Report) -> RuleOutcome {
        match report.receipt {
            None => RuleOutcome::Duplicate,
            Some(_) => RuleOutcome::Refused(NoteReason::NoChange),
        }
    }

    pub(super) fn has_ended(&self) -> bool {
        matches!(self.reservation.status(), Status::Expired | Status::Cancelled)
    }

    fn remember(&mut self, report: &Report, outcome: &RuleOutcome) {
        if let Some(receipt) = &report.receipt {
            if self.reservation.receipts.len() == RECEIPTS_KEPT {
                self.reservation.receipts.remove(0);
            }
            self.reservation.receipts.push(receipt.clone());
        }
        let observed = Some(report.observed_at);
        let overtaken = self.is_overtaken(report);
        let digest = report.digest.clone();
        let finished = matches!(report.status, ReportedStatus::AwaitingScore);
        let attempt = self.attempt();
        attempt.observed_at = attempt.observed_at.max(observed);
        if finished && !attempt.superseded.contains(&digest) {
            attempt.superseded.push(digest.clone());
        }
        match outcome {
            RuleOutcome::Applied(Some(NoteReason::EarlierSitting)) => {}
            // What was noted before is news again: the same bytes may say that
            // the vendor went back.
            RuleOutcome::Applied(_) => self.remember_applied(&digest),
            // The same bytes from a newer look-up are news.
            RuleOutcome::Refused(_) if overtaken => {}
            RuleOutcome::Refused(_) => attempt.noted = Some(digest),
            RuleOutcome::Duplicate => {}
        }
    }

    pub(super) fn remember_applied(&mut self, digest: &Digest) {
        let attempt = self.attempt();
        attempt.applied = Some(digest.clone());
        attempt.noted = None;
    }

    pub(super) fn attempt(&mut self) -> &mut Attempt {
        let last = self.reservation.attempts.len() - 1;
        &mut self.reservation.attempts[last]
    }
}
