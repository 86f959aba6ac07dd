//! What holds whatever happens in whatever order: reports, attempts and results.

use proptest::prelude::*;

use super::sequences::{always, lives};
use super::*;

/// A grade that was held up behind a reset.
const EARLIER: Heard = Remarked(NoteReason::EarlierSitting);

fn holds(attempt: &Attempt, digest: &Digest, graded: &TestResult) -> bool {
    let is_newest = attempt.graded.as_ref() == Some(digest) && attempt.result.as_ref() == Some(graded);
    is_newest || (attempt.superseded.contains(digest) && attempt.graded.is_some() && attempt.result.is_some())
}

always! {
    fn a_result_for_a_finished_or_ended_reservation_is_applied_unless_it_is_old(told) {
        let Some(report) = told.report() else { continue };
        if !matches!(report.status, ReportedStatus::Completed(_)) || told.is_applied() {
            continue;
        }
        let known = told.before.attempts.iter().any(|attempt| {
            attempt.graded.as_ref() == Some(&report.digest) || attempt.superseded.contains(&report.digest)
        });
        let is_older = told.before.attempt().observed_at.is_some_and(|last| report.observed_at < last);
        let shows_newer = told.before.attempts.iter().any(|attempt| attempt.graded_at > Some(report.observed_at));
        let is_older = (is_older && report.receipt.is_none()) || shows_newer;
        prop_assert!(known || is_older || told.heard == Noted(NoteReason::OtherTest), "{:?}", told.heard);
    }

    fn nothing_is_completed_without_a_score(told) {
        if told.after.status() != Status::Completed {
            continue;
        }
        prop_assert!(told.after.attempt().result.is_some());
        if told.before.status() != Status::Completed {
            prop_assert!(matches!(told.says(), Some(ReportedStatus::Completed(_))));
        }
    }

    fn an_attempts_result_is_never_taken_away_nor_its_time_turned_back(told) {
        for (before, after) in told.before.attempts.iter().zip(&told.after.attempts) {
            prop_assert!(before.result.is_none() || after.result.is_some());
            prop_assert!(!before.late || after.late);
            prop_assert!(before.observed_at <= after.observed_at || told.is_correction());
        }
    }

    /// Left out are reports on another test, whose receipts stay open so that a
    /// redelivery finds its way to quarantine after a crash, and overtaken
    /// look-ups, whose bytes are news if a newer look-up brings them.
    fn the_same_report_twice_in_a_row_is_a_duplicate(told) {
        let Some(report) = told.report() else { continue };
        let overtaken = report.receipt.is_none() && told.heard == Noted(NoteReason::Stale);
        if told.heard != Noted(NoteReason::OtherTest) && !overtaken {
            let again = told.after.apply(&told.event, Source::VendorWebhook, told.now, &POLICY);
            prop_assert_eq!(again, Decision::Duplicate, "after {:?}", told.heard);
        }
    }

    fn an_unknown_status_is_told_and_taken_for_no_progress(told) {
        let Some(ReportedStatus::UnknownStatus { .. }) = told.report().map(|report| &report.status) else { continue };
        let quiet = [Duplicate, Noted(NoteReason::OtherTest), Noted(NoteReason::Stale)];
        prop_assert_eq!(told.alerts.contains(&Alert::UnknownStatus), !quiet.contains(&told.heard));
        if told.before.reference.is_some() {
            prop_assert_eq!(&told.before.state, &told.after.state);
        }
    }

    fn a_grade_without_a_readable_score_is_told_and_never_leaves_a_test_to_be_launched_or_to_expire(told) {
        let Some(report) = told.report().filter(|report| report.status == UNREADABLE) else { continue };
        let is_again = told.heard == Remarked(NoteReason::WithoutScores);
        prop_assert_eq!(told.alerts.contains(&Alert::CompleteWithoutScores), told.is_applied() && !is_again);
        let was_heard_since = told.before.attempt().observed_at > Some(report.observed_at);
        let says_more = matches!(told.before.status(), Status::UnderReview | Status::Invalidated);
        if told.is_applied() && told.heard != EARLIER && !(was_heard_since && says_more) {
            prop_assert_eq!(told.after.status(), Status::UnderReview);
            prop_assert_eq!(told.after.reason, Some(Reason::ResultUnreadable));
            prop_assert_eq!(&told.after.attempt().result, &told.before.attempt().result);
        }
    }

    fn a_reason_for_an_unreadable_result_stays_until_the_vendor_speaks(told) {
        let stays = told.before.reason != Some(Reason::ResultUnreadable) || told.after.reason == told.before.reason;
        let spoke = (told.says().is_some() || told.is_correction()) && told.is_applied();
        prop_assert!(stays || spoke, "{:?}", told.event);
    }
}

proptest! {
    #[test]
    fn a_result_that_was_applied_is_never_lost(lived in lives()) {
        for told in lived.told.iter().filter(|told| told.is_applied()) {
            let Some(Report { digest, status: ReportedStatus::Completed(graded), .. }) = told.report() else { continue };
            let shows = told.after.attempts.iter().rev().find(|attempt| attempt.graded.as_ref() == Some(digest));
            prop_assert_eq!(shows.and_then(|attempt| attempt.result.as_ref()), Some(&**graded), "it does not show");
            prop_assert!(told.heard == EARLIER || told.after.result() == Some(graded));
            let read_again = lived.told.iter().any(|told| matches!(&told.event, Event::Reprocessed { report, .. } if report.digest == *digest));
            prop_assert!(read_again || lived.life.reservation.attempts.iter().any(|attempt| holds(attempt, digest, graded)));
            prop_assert!(lived.life.history.iter().any(|entry| entry.digest.as_ref() == Some(digest)));
        }
    }

    /// The raw document of every report stays reachable through the history.
    #[test]
    fn every_report_has_its_digest_in_the_history(lived in lives()) {
        for report in lived.told.iter().filter_map(|told| told.report()) {
            let is_known = lived.life.history.iter().any(|entry| entry.digest.as_ref() == Some(&report.digest));
            let says_nothing_new = matches!(
                report.status,
                Ready | InProgress | AwaitingScore | ReportedStatus::UnderReview { .. }
            );
            prop_assert!(is_known || (report.receipt.is_none() && says_nothing_new), "{report:?}");
        }
    }

    #[test]
    fn attempts_are_numbered_and_earlier_ones_are_closed(lived in lives()) {
        for told in &lived.told {
            let (before, after) = (&told.before.attempts, &told.after.attempts);
            prop_assert!(after.len() == before.len() || after.len() == before.len() + 1);
            let closed = before.len() - 1;
            let shown = |attempts: &[Attempt]| {
                attempts[..closed].iter().map(|a| (a.number, a.status, a.result.clone())).collect::<Vec<_>>()
            };
            prop_assert!(told.heard == EARLIER || shown(before) == shown(after));
            prop_assert!(told.heard != EARLIER || before.last() == after.last());
            if after.len() > before.len() {
                prop_assert_eq!(before.last(), after.get(before.len() - 1), "the new attempt's report changed the old");
                let resets = [NoteReason::Reset, NoteReason::ResetRepeated].map(Remarked);
                prop_assert!(resets.contains(&told.heard) || told.is_correction(), "{:?}", told.heard);
                prop_assert_eq!(told.after.result(), None);
            }
        }
        let numbers: Vec<_> = lived.life.reservation.attempts.iter().map(|attempt| attempt.number).collect();
        prop_assert_eq!(numbers, (1..=lived.life.reservation.attempts.len() as u32).collect::<Vec<_>>());
    }

    #[test]
    fn truenorth_has_one_attempt_at_each_test(lived in lives()) {
        let is_corrected = lived.told.iter().any(|told| told.is_correction());
        prop_assert!(lived.life.reservation.vendor() == Vendor::Itep || is_corrected || lived.life.reservation.attempts.len() == 1);
    }

    #[test]
    fn a_receipt_that_was_written_once_is_a_duplicate_ever_after(lived in lives()) {
        for told in &lived.told {
            let written = !matches!(told.heard, Duplicate | Noted(NoteReason::OtherTest));
            if written && told.report().is_some_and(|report| report.receipt.is_some()) {
                let again = lived.life.reservation.apply(&told.event, Source::VendorWebhook, lived.life.now, &POLICY);
                prop_assert_eq!(again, Decision::Duplicate);
            }
        }
    }

    #[test]
    fn an_overdue_result_is_told_once_for_each_wait_and_never_early(lived in lives()) {
        let mut waits = Vec::new();
        for told in lived.told.iter().filter(|told| told.alerts.contains(&Alert::ResultOverdue)) {
            let (State::AwaitingScore { since } | State::UnderReview { since }) = told.before.state else {
                return Err(TestCaseError::fail("nothing was awaited"));
            };
            prop_assert!(since + SignedDuration::from_secs(7 * DAY) <= told.now);
            prop_assert!(!waits.contains(&since));
            waits.push(since);
        }
    }
}
