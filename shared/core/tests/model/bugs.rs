//! Bugs that are put in around the production transition function, to see that
//! the properties notice.

use shared_core::domain::reservation::{
    CallOutcome, Change, Decision, Event, NotProcessed, Report, ReportedStatus, Reservation, Source, State, Status,
};

use crate::protocol::{Protocol, time};

/// Mistakes that a maintainer could make; the tests in `seeded.rs` say each in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bug {
    RetryUnknown,
    QueueLapsed,
    DiscardLateConfirmation,
    SkipLease,
    IgnoreCallNo,
    DropStaleGuard,
    SkipQuietTime,
    DateLookUpsLate,
    ShowHeldUpGrade,
    SkipClaims,
    ForgetTaken,
    OverwriteConfirmation,
    DropLateResult,
    DropGivenUp,
    ClearOnReset,
    ExpireSat,
    NoteUnreadable,
}

impl Protocol {
    /// `Reservation::apply`, with the bug put in.
    pub(crate) fn decide(&self, read: &Reservation, event: &Event, now: u8) -> Decision {
        let apply = |read: &Reservation, event: &Event| read.apply(event, Source::Hub, time(now), &self.policy());
        let Some(bug) = self.bug else { return apply(read, event) };
        let (read, event) = (misread(bug, read, event), misheard(bug, read, event, now));
        match apply(&read, &event) {
            Decision::Write(mut change) => {
                miswrite(bug, &read, &event, &mut change);
                Decision::Write(change)
            }
            decision => decision,
        }
    }

    /// Whether a report to a reservation in this state is lost by the bug.
    pub(crate) fn drops(&self, state: &State) -> bool {
        match self.bug {
            Some(Bug::DropLateResult) => matches!(state, State::Expired | State::Cancelled),
            Some(Bug::DropGivenUp) => matches!(state, State::Rejected),
            _ => false,
        }
    }
}

/// What is not seen of the reservation.
fn misread(bug: Bug, read: &Reservation, event: &Event) -> Reservation {
    let mut reservation = read.clone();
    match (bug, event) {
        (Bug::SkipLease, Event::CallStarted(_)) => {
            if let State::Calling { tries, .. } = reservation.state {
                reservation.state = State::Queued { retry_at: time(0), tries };
            }
        }
        (Bug::ShowHeldUpGrade, _) => reservation.attempts.iter_mut().for_each(|attempt| attempt.graded_at = None),
        (Bug::DropStaleGuard, _) => {
            for attempt in &mut reservation.attempts {
                attempt.superseded.clear();
                attempt.observed_at = None;
            }
        }
        (Bug::OverwriteConfirmation, Event::CallEnded { outcome: CallOutcome::Confirmed { .. }, .. }) => {
            reservation.reference = None;
        }
        _ => {}
    }
    reservation
}

/// What is taken for something else.
fn misheard(bug: Bug, read: &Reservation, event: &Event, now: u8) -> Event {
    let not_processed = CallOutcome::NotProcessed { why: NotProcessed::Busy, retry_after: None, detail: None };
    match (bug, event) {
        (Bug::RetryUnknown, Event::CallEnded { call_no, outcome: CallOutcome::Unknown(_) }) => {
            Event::CallEnded { call_no: *call_no, outcome: not_processed }
        }
        (Bug::QueueLapsed, Event::LeaseLapsed { call_no }) => {
            Event::CallEnded { call_no: *call_no, outcome: not_processed }
        }
        (Bug::IgnoreCallNo, Event::CallEnded { outcome, .. }) => {
            Event::CallEnded { call_no: read.calls, outcome: outcome.clone() }
        }
        (Bug::NoteUnreadable, Event::Reported(report)) if report.status == ReportedStatus::CompletedWithoutScores => {
            let status = ReportedStatus::UnknownStatus { text: "Complete".to_owned() };
            Event::Reported(Box::new(Report { status, ..report.as_ref().clone() }))
        }
        (Bug::DateLookUpsLate, Event::NothingFound { .. }) => Event::NothingFound { asked_at: time(now) },
        _ => event.clone(),
    }
}

/// What is written otherwise.
fn miswrite(bug: Bug, read: &Reservation, event: &Event, change: &mut Change) {
    let sat = [Status::InProgress, Status::AwaitingScore, Status::UnderReview, Status::Completed];
    match (bug, event) {
        (Bug::ClearOnReset, Event::Reported(_)) if change.after.attempts.len() > read.attempts.len() => {
            change.after.attempts.remove(0);
        }
        (Bug::ExpireSat, Event::ExpiryReached) if sat.contains(&read.status()) => {
            change.after.state = State::Expired;
            change.after.due_at = None;
        }
        _ => {}
    }
}
