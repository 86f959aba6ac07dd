//! The rules of reports: progress, results, resets, revisions, stale and late news.

use jiff::Timestamp;

use super::transition::{APPLIED, Draft, Ruling};
use super::{Alert, Attempt, RECEIPTS_KEPT, Reason, Report, Reported, State, Status, Why};
use crate::domain::ids::{Digest, Vendor};
use crate::domain::result::TestResult;

impl Draft<'_> {
    pub(super) fn reported(&mut self, report: &Report) -> Ruling {
        if report.receipt.as_ref().is_some_and(|receipt| self.r.receipts.contains(receipt)) {
            return Ruling::Duplicate;
        }
        if self.r.reference.as_ref().is_some_and(|known| !known.is_same_test(&report.reference)) {
            return Ruling::Refused(Why::OtherTest);
        }
        if self.is_of_a_test_beside_the_released(report) {
            return Ruling::Refused(Why::OtherTest);
        }
        let adopts = self.r.reference.is_none() && !self.is_of_a_released_test_unused(report);
        if adopts {
            self.adopt(&report.reference);
        }
        let ruling = match self.known_already(report) {
            Some(ruling) => ruling,
            None => self.statement(report),
        };
        self.remember(report, &ruling);
        match ruling {
            Ruling::Refused(_) | Ruling::Duplicate if adopts => APPLIED,
            ruling => ruling,
        }
    }

    /// Duplicates and news that is older than what is known.
    pub(super) fn known_already(&self, report: &Report) -> Option<Ruling> {
        let attempt = self.r.attempt();
        let digest = Some(&report.digest);
        if (attempt.applied.as_ref() == digest || attempt.noted.as_ref() == digest) && !self.is_read_anew(report) {
            return Some(Ruling::Duplicate);
        }
        if self.is_overtaken(report) {
            return Some(Ruling::Refused(Why::Stale));
        }
        let earlier = &self.r.attempts[..self.r.attempts.len() - 1];
        let is_old = |attempt: &Attempt| {
            attempt.superseded.contains(&report.digest)
                || attempt.graded.as_ref() == digest
                || attempt.could_not_read(&report.digest)
        };
        let of_earlier_attempt = earlier.iter().any(is_old);
        let is_stale = match report.says {
            Reported::Completed(_) | Reported::CompletedWithoutScores => {
                of_earlier_attempt || attempt.superseded.contains(&report.digest)
            }
            Reported::AwaitingScore => of_earlier_attempt,
            _ => false,
        };
        is_stale.then_some(Ruling::Refused(Why::Stale))
    }

    /// Whether the same bytes say now what they did not say before: the hub has
    /// learnt to read them, or to heed a grade without a readable score.
    fn is_read_anew(&self, report: &Report) -> bool {
        let attempt = self.r.attempt();
        match report.says {
            Reported::Completed(_) => attempt.could_not_read(&report.digest),
            Reported::CompletedWithoutScores => !attempt.is_graded(),
            _ => false,
        }
    }

    /// Whether newer news was heard already: an older look-up came back late, or
    /// a webhook's report was held up on our side. A graded report that iTEP sent
    /// is never too late to be kept; only a newer grade keeps it from being shown.
    fn is_overtaken(&self, report: &Report) -> bool {
        let grades = matches!(report.says, Reported::Completed(_) | Reported::CompletedWithoutScores);
        let is_grade = report.receipt.is_some() && grades;
        !is_grade && self.r.attempt().observed_at.is_some_and(|last| report.observed_at < last)
    }

    pub(super) fn statement(&mut self, report: &Report) -> Ruling {
        match &report.says {
            Reported::Ready => self.says_ready(report),
            Reported::InProgress => self.says_in_progress(report),
            Reported::AwaitingScore => self.says_awaiting_score(report),
            Reported::UnderReview { problem } => self.says_under_review(*problem, report),
            Reported::Completed(result) => self.says_completed(result, report),
            Reported::Invalidated => self.says_invalidated(),
            Reported::CompletedWithoutScores => self.says_completed_without_scores(report),
            Reported::UnknownStatus { .. } => {
                self.alert(Alert::UnknownStatus);
                Ruling::Refused(Why::UnknownStatus)
            }
        }
    }

    fn says_ready(&mut self, report: &Report) -> Ruling {
        match self.r.state {
            State::Expired | State::Cancelled => self.no_change(report),
            State::Ready => self.no_change(report),
            _ => self.reset(State::Ready, report),
        }
    }

    fn says_in_progress(&mut self, report: &Report) -> Ruling {
        match self.r.state {
            State::InProgress => self.no_change(report),
            State::UnderReview { .. } if !self.r.attempt().finished => self.progress(State::InProgress),
            State::AwaitingScore { .. } | State::UnderReview { .. } | State::Completed | State::Invalidated => {
                self.reset(State::InProgress, report)
            }
            _ => self.progress(State::InProgress),
        }
    }

    /// iTEP's webhook fires on resets and not on beginnings, so going back *is* a
    /// reset. TrueNorth documents none: going back there is old news. The bytes of an
    /// earlier reset may be sent again by whoever has seen them, and an honest second
    /// reset looks the same: it is heeded, since the candidate may have to sit again,
    /// and the operator is told.
    fn reset(&mut self, state: State, report: &Report) -> Ruling {
        if self.r.vendor() == Vendor::Truenorth {
            return Ruling::Refused(Why::Stale);
        }
        let is_repeated = self.r.attempts.iter().any(|attempt| attempt.opened_by.as_ref() == Some(&report.digest));
        let attempt = self.r.attempt().after_reset(report, state.status());
        self.r.attempts.push(attempt);
        self.enter(state);
        self.because(Reason::Reset, None);
        if is_repeated {
            self.alert(Alert::ResetRepeated);
        }
        Ruling::Applied(Some(if is_repeated { Why::ResetRepeated } else { Why::Reset }))
    }

    fn says_awaiting_score(&mut self, report: &Report) -> Ruling {
        match self.r.state {
            State::AwaitingScore { .. } => self.no_change(report),
            State::Completed | State::Invalidated => Ruling::Refused(Why::Stale),
            State::UnderReview { .. } if self.r.attempt().is_graded() => Ruling::Refused(Why::Stale),
            _ => {
                let ruling = self.progress(State::AwaitingScore { since: self.waits_since() });
                self.attempt().finished = true;
                ruling
            }
        }
    }

    fn says_under_review(&mut self, problem: bool, report: &Report) -> Ruling {
        let reason = if problem { Reason::VendorProblem } else { Reason::VendorReview };
        if matches!(self.r.state, State::UnderReview { .. }) && self.r.reason == Some(reason) {
            return self.no_change(report);
        }
        let ruling = self.progress(State::UnderReview { since: self.waits_since() });
        self.because(reason, None);
        ruling
    }

    /// Since when a result is awaited. Once the operator was told that it is
    /// overdue, the vendor's next word begins another wait.
    fn waits_since(&self) -> Timestamp {
        match self.r.state {
            State::UnderReview { since } | State::AwaitingScore { since } if !self.r.is_overdue() => since,
            _ => self.now,
        }
    }

    fn says_completed(&mut self, result: &TestResult, report: &Report) -> Ruling {
        if self.is_of_earlier_sitting(report) {
            return self.grades_earlier_sitting(result, report);
        }
        if self.attempt().shows_newer_than(report) {
            self.attempt().superseded.push(report.digest.clone());
            return Ruling::Refused(Why::Stale);
        }
        let revises = self.r.attempt().graded.as_ref().is_some_and(|earlier| *earlier != report.digest);
        let late = self.has_ended() || self.r.state == State::Invalidated;
        let is_doubted = self.r.attempt().has_newer_unreadable(report);
        self.attempt().show(result, report);
        self.tell_unreadable(report);
        self.attempt().late |= late;
        match self.r.state {
            State::UnderReview { .. } if is_doubted => {}
            _ => self.enter(State::Completed),
        }
        Ruling::Applied(if late { Some(Why::Late) } else { revises.then_some(Why::Revision) })
    }

    /// A grade of which no score can be read is no result, but proves that the test
    /// was sat: the operator is told, and nobody can launch it or have it expire.
    fn says_completed_without_scores(&mut self, report: &Report) -> Ruling {
        let is_earlier = self.is_of_earlier_sitting(report);
        let Some(attempt) = self.sitting_of(report) else { return Ruling::Refused(Why::Stale) };
        if attempt.shows_newer_than(report) || attempt.has_newer_unreadable(report) {
            attempt.superseded.push(report.digest.clone());
            return Ruling::Refused(Why::Stale);
        }
        let names_others = attempt.unreadable != report.unreadable;
        attempt.note_unreadable(report);
        if is_earlier {
            attempt.status = Status::UnderReview;
        } else if self.r.reason == Some(Reason::ResultUnreadable) {
            let why = Why::WithoutScores;
            return if names_others { Ruling::Applied(Some(why)) } else { Ruling::Refused(why) };
        }
        self.alert(Alert::CompleteWithoutScores);
        if is_earlier {
            return Ruling::Applied(Some(Why::EarlierSitting));
        }
        self.holds_for_review(report)
    }

    /// A review or an invalidation that was heard since says more than the grade.
    fn holds_for_review(&mut self, report: &Report) -> Ruling {
        let was_heard_since = self.r.attempt().observed_at > Some(report.observed_at);
        if was_heard_since && matches!(self.r.state, State::UnderReview { .. } | State::Invalidated) {
            return APPLIED;
        }
        let late = self.has_ended() || self.r.state == State::Invalidated;
        self.enter(State::UnderReview { since: self.waits_since() });
        self.because(Reason::ResultUnreadable, None);
        self.attempt().late |= late;
        Ruling::Applied(late.then_some(Why::Late))
    }

    fn is_of_earlier_sitting(&self, report: &Report) -> bool {
        self.r.attempt().opened_at.is_some_and(|opened| report.observed_at < opened)
    }

    /// The sitting that was open when a report was received.
    fn sitting_of(&mut self, report: &Report) -> Option<&mut Attempt> {
        self.sitting(self.r.sitting_at(report.observed_at))
    }

    /// A grade that was held up on our side behind a reset: it is of the sitting
    /// that was open when it was received.
    fn grades_earlier_sitting(&mut self, result: &TestResult, report: &Report) -> Ruling {
        let Some(attempt) = self.sitting_of(report) else { return Ruling::Refused(Why::Stale) };
        if attempt.shows_newer_than(report) {
            attempt.superseded.push(report.digest.clone());
            return Ruling::Refused(Why::Stale);
        }
        attempt.show(result, report);
        attempt.status = Status::Completed;
        self.tell_unreadable(report);
        Ruling::Applied(Some(Why::EarlierSitting))
    }

    pub(super) fn tell_unreadable(&mut self, report: &Report) {
        if !report.unreadable.is_empty() {
            self.alert(Alert::ScoreUnreadable);
        }
    }

    fn says_invalidated(&mut self) -> Ruling {
        match self.r.state {
            State::Invalidated | State::Expired | State::Cancelled => Ruling::Refused(Why::NoChange),
            _ => self.progress(State::Invalidated),
        }
    }

    /// Moves on within the attempt. A sitting wins over an expiry or a
    /// withdrawal, which were only what we knew.
    fn progress(&mut self, state: State) -> Ruling {
        let late = self.has_ended();
        self.enter(state);
        self.attempt().late |= late;
        Ruling::Applied(late.then_some(Why::Late))
    }

    /// A look-up that finds what is known is no event; a webhook is.
    fn no_change(&self, report: &Report) -> Ruling {
        match report.receipt {
            None => Ruling::Duplicate,
            Some(_) => Ruling::Refused(Why::NoChange),
        }
    }

    pub(super) fn has_ended(&self) -> bool {
        matches!(self.r.status(), Status::Expired | Status::Cancelled)
    }

    fn remember(&mut self, report: &Report, ruling: &Ruling) {
        if let Some(receipt) = &report.receipt {
            if self.r.receipts.len() == RECEIPTS_KEPT {
                self.r.receipts.remove(0);
            }
            self.r.receipts.push(receipt.clone());
        }
        let observed = Some(report.observed_at);
        let overtaken = self.is_overtaken(report);
        let digest = report.digest.clone();
        let finished = matches!(report.says, Reported::AwaitingScore);
        let attempt = self.attempt();
        attempt.observed_at = attempt.observed_at.max(observed);
        if finished && !attempt.superseded.contains(&digest) {
            attempt.superseded.push(digest.clone());
        }
        match ruling {
            Ruling::Applied(Some(Why::EarlierSitting)) => {}
            // What was noted before is news again: the same bytes may say that
            // the vendor went back.
            Ruling::Applied(_) => self.remember_applied(&digest),
            // The same bytes from a newer look-up are news.
            Ruling::Refused(_) if overtaken => {}
            Ruling::Refused(_) => attempt.noted = Some(digest),
            Ruling::Duplicate => {}
        }
    }

    pub(super) fn remember_applied(&mut self, digest: &Digest) {
        let attempt = self.attempt();
        attempt.applied = Some(digest.clone());
        attempt.noted = None;
    }

    pub(super) fn attempt(&mut self) -> &mut Attempt {
        let last = self.r.attempts.len() - 1;
        &mut self.r.attempts[last]
    }
}
