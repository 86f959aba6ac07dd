//! Stories of kept reports that are read again, and what holds of every one.

use proptest::prelude::*;

use super::sequences::{always, lives};
use super::*;

/// Hears again of a document that was received at second 0, in the sitting that was open then.
fn hears_again(life: &mut Life, document: &str, status: ReportedStatus) -> Heard {
    let receipt = Some("original".parse().unwrap());
    let report = Report { receipt, ..report(life.vendor(), at(0), document, status) };
    life.hears(&read_again(report, life.reservation.sitting_at(at(0))))
}

fn unknown_then(later: &[ReportedStatus]) -> Life {
    let mut life = Life::ready(ITEP);
    assert_eq!(life.itep("odd", unheard_of()), Noted(NoteReason::UnknownStatus));
    for (n, status) in later.iter().enumerate() {
        life.waits(60).itep(&format!("later {n}"), status.clone());
    }
    life
}

#[test]
fn what_was_noted_as_unknown_completes_the_test_once_it_can_be_read() {
    let mut life = unknown_then(&[]);
    assert_eq!(life.itep("odd", unheard_of()), Duplicate);
    assert_eq!(hears_again(&mut life, "odd", completed(9)), Applied);
    assert_eq!((life.status(), life.overall()), (Status::Completed, Some(&result(9))));
    let entry = life.history.last().unwrap();
    assert_eq!((entry.event, entry.digest.as_ref()), (EventName::ReportReprocessed, Some(&digest("odd"))));
    assert_eq!(entry.detail.as_deref(), Some("received 2026-03-01T09:00:00Z: the reader was mended"));
    assert_eq!(hears_again(&mut life, "odd", completed(9)), Duplicate);
    assert_eq!(life.itep("odd", completed(9)), Duplicate);
}

#[test]
fn a_grade_that_could_not_be_read_completes_its_test() {
    for vendor in [ITEP, TRUENORTH] {
        let mut life = Life::ready(vendor);
        life.hears(&look_up(vendor, life.now, "blank", UNREADABLE));
        life.waits(8 * DAY).hears(&Event::ResultOverdue);
        assert_eq!(hears_again(&mut life, "blank", completed(9)), Applied);
        assert_eq!(life.stands(), (Status::Completed, None, Some(&result(9))));
    }
}

#[test]
fn scores_that_were_misread_or_could_not_be_read_are_corrected() {
    for unreadable in [vec![], vec![ScoreField::from(Skill::Speaking)]] {
        let mut life = Life::ready(ITEP);
        life.hears(&reported(Report { unreadable, ..posted(at(0), "r1", "graded", completed(8)) }));
        assert_eq!(hears_again(&mut life, "graded", completed(9)), Remarked(NoteReason::Revision));
        assert_eq!(life.stands(), (Status::Completed, None, Some(&result(9))));
        let attempt = life.reservation.attempt();
        assert_eq!((&attempt.unreadable[..], &attempt.superseded[..]), (&[][..], &[][..]));
    }
}

#[test]
fn what_still_cannot_be_read_or_says_nothing_new_is_not_written() {
    let mut life = unknown_then(&[]);
    assert_eq!(hears_again(&mut life, "odd", unheard_of()), Duplicate);
    let mut life = Life::graded();
    assert_eq!(hears_again(&mut life, "graded", completed(9)), Duplicate);
}

#[test]
fn an_old_grade_amends_its_own_sitting_and_never_completes_a_newer_one() {
    let mut life = Life::ready(ITEP);
    life.itep("blank", UNREADABLE);
    life.waits(HOUR).itep("reset", Ready);
    assert_eq!(hears_again(&mut life, "blank", completed(9)), Remarked(NoteReason::EarlierSitting));
    assert_eq!((life.status(), life.reservation.reason, life.overall()), (Status::Ready, Some(Reason::Reset), None));
    assert_eq!([at(0), life.now].map(|time| life.reservation.sitting_at(time)), [1, 2]);
    let [first, second] = &life.reservation.attempts[..] else { panic!("two sittings") };
    assert_eq!((first.result.as_ref(), first.status), (Some(&result(9)), Status::Completed));
    assert_eq!((second.result.as_ref(), second.status), (None, Status::Ready));
}

#[test]
fn a_sitting_that_may_have_begun_since_is_left_as_it_is_and_the_grade_kept() {
    for later in [Ready, InProgress] {
        let mut life = unknown_then(std::slice::from_ref(&later));
        let status = life.status();
        assert_eq!(hears_again(&mut life, "odd", completed(9)), Applied);
        assert_eq!((life.status(), life.overall()), (status, None));
        assert_eq!(life.reservation.attempt().result, Some(result(9)));
        assert!(life.reservation.was_sat(), "it never expires");
    }
}

#[test]
fn what_the_vendor_said_since_stands() {
    for (later, status) in
        [(REVIEW, Status::UnderReview), (Invalidated, Status::Invalidated), (completed(10), Status::Completed)]
    {
        let mut life = unknown_then(&[later]);
        hears_again(&mut life, "odd", completed(9));
        assert_eq!(life.status(), status);
        let shows = if status == Status::Completed { result(10) } else { result(9) };
        assert_eq!(life.reservation.attempt().result, Some(shows));
    }
}

#[test]
fn a_finished_report_since_does_not_keep_the_grade_from_completing() {
    for (first, since) in [(unheard_of(), Applied), (UNREADABLE, Noted(NoteReason::Stale))] {
        let mut life = Life::ready(ITEP);
        life.itep("first", first);
        assert_eq!(life.waits(60).itep("finished", AwaitingScore), since);
        assert_eq!(hears_again(&mut life, "first", completed(9)), Applied);
        assert_eq!(life.stands(), (Status::Completed, None, Some(&result(9))));
    }
}

#[test]
fn a_newer_grade_that_cannot_be_read_is_still_to_be_checked() {
    let mut life = unknown_then(&[UNREADABLE]);
    assert_eq!(hears_again(&mut life, "odd", completed(9)), Applied);
    assert_eq!((life.status(), life.reservation.reason), (Status::UnderReview, Some(Reason::ResultUnreadable)));
    assert_eq!(life.overall(), Some(&result(9)));
}

#[test]
fn after_an_expiry_it_wins_and_is_marked_late() {
    let mut life = unknown_then(&[]);
    life.waits(EXPIRY).hears(&Event::ExpiryReached);
    assert_eq!(hears_again(&mut life, "odd", completed(9)), Remarked(NoteReason::Late));
    assert_eq!((life.status(), life.reservation.attempt().late), (Status::Completed, true));
}

#[test]
fn one_that_is_a_grade_without_a_readable_score_by_now_is_held_for_review() {
    let mut life = unknown_then(&[]);
    assert_eq!(hears_again(&mut life, "odd", UNREADABLE), Applied);
    assert_eq!((life.status(), life.reservation.reason), (Status::UnderReview, Some(Reason::ResultUnreadable)));
    assert_eq!(hears_again(&mut life, "odd", UNREADABLE), Noted(NoteReason::WithoutScores));
    let mut life = unknown_then(&[Ready]);
    assert_eq!(hears_again(&mut life, "odd", UNREADABLE), Applied);
    assert_eq!(life.status(), Status::Ready);
    assert_eq!(hears_again(&mut life, "odd", UNREADABLE), Duplicate);
}

#[test]
fn anything_else_counts_only_as_the_vendors_last_word() {
    let mut life = unknown_then(&[]);
    assert_eq!(hears_again(&mut life, "odd", AwaitingScore), Applied);
    assert_eq!(life.status(), Status::AwaitingScore);
    let mut life = unknown_then(&[InProgress]);
    assert_eq!(hears_again(&mut life, "odd", AwaitingScore), Noted(NoteReason::Stale));
    for status in [Ready, InProgress] {
        assert_eq!(hears_again(&mut unknown_then(&[]), "odd", status), Noted(NoteReason::Stale));
    }
}

#[test]
fn a_document_about_another_test_is_none_of_its_own() {
    let mut life = Life::ready(ITEP);
    let foreign = Report { reference: reference(ITEP, 2), ..posted(at(0), "original", "odd", completed(9)) };
    assert_eq!(life.hears(&read_again(foreign, 1)), Noted(NoteReason::OtherTest));
}

always! {
    fn reading_again_changes_one_sitting_opens_none_and_shows_no_older_grade(told) {
        let Event::Reprocessed { report, attempt: number, .. } = &told.event else { continue };
        prop_assert_eq!(told.before.attempts.len(), told.after.attempts.len());
        for (before, after) in told.before.attempts.iter().zip(&told.after.attempts) {
            let is_older = before.graded != after.graded && before.graded_at > after.graded_at;
            prop_assert!(!is_older, "an older grade shows");
            prop_assert!(before.result.is_none() || after.result.is_some(), "a result is lost");
            if before.number != *number {
                prop_assert_eq!(before, after);
            }
        }
        let is_grade = matches!(report.status, ReportedStatus::Completed(_) | UNREADABLE);
        if is_grade && *number != told.before.attempt().number {
            prop_assert_eq!(&told.before.state, &told.after.state);
        }
    }

    fn reading_the_same_again_at_once_writes_nothing_more(told) {
        let Event::Reprocessed { report, .. } = &told.event else { continue };
        if told.is_applied() && matches!(report.status, ReportedStatus::Completed(_)) {
            let again = told.after.apply(&told.event, Source::Hub, told.now, &POLICY);
            prop_assert_eq!(again, Decision::Duplicate);
        }
    }
}
