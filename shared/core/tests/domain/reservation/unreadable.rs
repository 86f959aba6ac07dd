//! Stories of grades of which no score can be read, or not every one.

use super::*;

/// A test whose grade could not be read.
fn unreadable() -> Life {
    let mut life = Life::ready(ITEP);
    assert_eq!(life.itep("blank", UNREADABLE), Applied);
    life
}

const CHECKED: (Status, Option<Reason>, Option<&TestResult>) =
    (Status::UnderReview, Some(Reason::ResultUnreadable), None);

#[test]
fn a_grade_without_a_readable_score_is_under_review_and_told() {
    for vendor in [ITEP, TRUENORTH] {
        let mut life = Life::ready(vendor);
        assert_eq!(life.hears(&look_up(vendor, life.now, "blank", UNREADABLE)), Applied);
        assert_eq!(life.stands(), CHECKED);
        assert_eq!(life.alerts, [Alert::CompleteWithoutScores]);
    }
}

#[test]
fn what_was_graded_unreadably_neither_expires_nor_is_withdrawn_nor_reclaimed() {
    let mut life = unreadable();
    life.waits(EXPIRY);
    for event in [Event::ExpiryReached, Event::Cancel, reclaimed(reference(ITEP, 1), life.now)] {
        assert_eq!(life.hears(&event), Noted(NoteReason::Begun), "{event:?}");
    }
    assert_eq!(life.stands(), CHECKED);
}

#[test]
fn a_readable_grade_completes_it_and_the_unreadable_one_is_stale_from_then_on() {
    let mut life = unreadable();
    assert_eq!(life.itep("graded", completed(9)), Applied);
    assert_eq!(life.stands(), (Status::Completed, None, Some(&result(9))));
    assert_eq!(life.itep("blank", UNREADABLE), Noted(NoteReason::Stale));
    assert_eq!(life.stands(), (Status::Completed, None, Some(&result(9))));
}

#[test]
fn the_same_bytes_complete_it_once_they_can_be_read() {
    let mut life = Life::ready(TRUENORTH);
    life.truenorth("report", UNREADABLE);
    assert_eq!(life.truenorth("report", UNREADABLE), Duplicate);
    assert_eq!(life.truenorth("report", completed(9)), Applied);
    assert_eq!(life.stands(), (Status::Completed, None, Some(&result(9))));
    assert_eq!(life.reservation.attempt().superseded, []);
}

#[test]
fn a_result_that_shows_stays_when_a_later_grade_cannot_be_read() {
    let mut life = Life::graded();
    assert_eq!(life.waits(60).itep("blank", UNREADABLE), Applied);
    assert_eq!(life.stands(), (Status::UnderReview, Some(Reason::ResultUnreadable), Some(&result(9))));
    assert_eq!(life.waits(60).itep("regraded", completed(10)), Remarked(NoteReason::Revision));
    assert_eq!(life.stands(), (Status::Completed, None, Some(&result(10))));
}

#[test]
fn both_orders_of_a_readable_grade_and_a_newer_unreadable_one_end_alike() {
    let held_up = reported(posted(at(10), "r1", "graded", completed(9)));
    let newer = reported(posted(at(20), "r2", "blank", UNREADABLE));
    for events in [[&held_up, &newer], [&newer, &held_up]] {
        let mut life = Life::ready(ITEP);
        assert_eq!(events.map(|event| life.hears(event)), [Applied, Applied]);
        assert_eq!(life.stands(), (Status::UnderReview, Some(Reason::ResultUnreadable), Some(&result(9))));
    }
}

#[test]
fn an_unreadable_grade_that_was_held_up_behind_a_newer_grade_is_stale() {
    let mut life = Life::ready(ITEP);
    let held_up = reported(posted(at(10), "r1", "blank", UNREADABLE));
    life.waits(20).itep("graded", completed(9));
    assert_eq!(life.hears(&held_up), Noted(NoteReason::Stale));
    assert_eq!(life.alerts, []);
    let mut life = Life::ready(ITEP);
    life.waits(20).itep("blank again", UNREADABLE);
    assert_eq!(life.hears(&held_up), Noted(NoteReason::Stale));
    assert_eq!(life.alerts, [Alert::CompleteWithoutScores]);
}

#[test]
fn an_unreadable_grade_is_not_too_late_behind_a_finished_report_that_overtook_it() {
    let mut life = Life::ready(ITEP);
    let held_up = reported(posted(at(10), "r1", "blank", UNREADABLE));
    life.waits(20).itep("finished", AwaitingScore);
    assert_eq!(life.hears(&held_up), Applied);
    assert_eq!(life.stands(), CHECKED);
}

#[test]
fn another_unreadable_grade_is_kept_and_rings_no_second_alarm() {
    let mut life = unreadable();
    assert_eq!(life.waits(60).itep("blank again", UNREADABLE), Noted(NoteReason::WithoutScores));
    assert_eq!(life.alerts, [Alert::CompleteWithoutScores]);
    assert_eq!(life.itep("graded", completed(9)), Applied);
    let unread = ["blank", "blank again"].map(digest);
    assert_eq!(life.reservation.attempt().superseded, unread);
}

#[test]
fn incomplete_after_it_is_a_reset_and_its_bytes_never_grade_the_next_sitting() {
    for status in [UNREADABLE, completed(9)] {
        let mut life = unreadable();
        assert_eq!(life.waits(60).itep("incomplete", InProgress), Remarked(NoteReason::Reset));
        assert_eq!(life.itep("blank", status), Noted(NoteReason::Stale));
        assert_eq!((life.status(), life.reservation.attempts.len()), (Status::InProgress, 2));
    }
}

#[test]
fn one_that_was_held_up_behind_a_review_or_an_invalidation_leaves_them_and_is_told() {
    for (later, status) in [(PROBLEM, Status::UnderReview), (Invalidated, Status::Invalidated)] {
        let mut life = Life::ready(ITEP);
        let held_up = reported(posted(at(10), "r1", "blank", UNREADABLE));
        life.waits(20).itep("later", later);
        let reason = life.reservation.reason;
        assert_eq!(life.hears(&held_up), Applied);
        assert_eq!((life.status(), life.reservation.reason), (status, reason));
        assert_eq!(life.alerts, [Alert::CompleteWithoutScores]);
    }
}

#[test]
fn another_that_names_other_scores_is_a_change_that_clients_see() {
    let mut life = unreadable();
    let version = life.reservation.version;
    let unreadable = vec![ScoreField::from(Skill::Speaking)];
    let again = Report { unreadable: unreadable.clone(), ..posted(at(60), "r9", "blank again", UNREADABLE) };
    assert_eq!(life.waits(60).hears(&reported(again)), Remarked(NoteReason::WithoutScores));
    assert_eq!((life.reservation.version, &life.reservation.attempt().unreadable), (version + 1, &unreadable));
    assert_eq!(life.alerts, [Alert::CompleteWithoutScores]);
}

#[test]
fn a_test_that_was_graded_unreadably_never_expires_wherever_it_stands() {
    let mut life = Life::ready(ITEP);
    life.reservation.attempts[0].noted = Some(digest("blank"));
    life.waits(60).itep("ready", Ready);
    life.hears(&read_again(posted(at(0), "r1", "blank", UNREADABLE), 1));
    assert_eq!((life.status(), life.reservation.was_sat(), life.reservation.due_at), (Status::Ready, true, None));
    assert_eq!(life.waits(EXPIRY).hears(&Event::ExpiryReached), Noted(NoteReason::Begun));
}

#[test]
fn a_finished_report_after_it_is_stale_also_while_it_is_reviewed() {
    let mut life = unreadable();
    assert_eq!(life.itep("finished", AwaitingScore), Noted(NoteReason::Stale));
    assert_eq!(life.stands(), CHECKED);
    assert_eq!(life.itep("review", REVIEW), Applied);
    assert_eq!(life.reservation.reason, Some(Reason::VendorReview));
    assert_eq!(life.itep("finished again", AwaitingScore), Noted(NoteReason::Stale));
}

#[test]
fn one_that_an_earlier_release_only_noted_is_heeded_when_it_is_seen_again() {
    let mut life = Life::ready(TRUENORTH);
    life.reservation.attempts[0].noted = Some(digest("blank"));
    assert_eq!(life.truenorth("blank", UNREADABLE), Applied);
    assert_eq!(life.stands(), CHECKED);
}

#[test]
fn a_grade_names_what_cannot_be_read_until_a_readable_one_comes() {
    let unreadable = vec![ScoreField::Overall, ScoreField::from(Skill::Speaking)];
    for (status, alert, comes) in [
        (completed(9), Alert::ScoreUnreadable, Remarked(NoteReason::Revision)),
        (UNREADABLE, Alert::CompleteWithoutScores, Applied),
    ] {
        let mut life = Life::ready(ITEP);
        let grade = Report { unreadable: unreadable.clone(), ..posted(at(0), "partly", "graded", status) };
        assert_eq!(life.hears(&reported(grade)), Applied);
        assert_eq!(life.reservation.attempt().unreadable, unreadable);
        assert_eq!(life.alerts, [alert]);
        assert_eq!(life.history.last().unwrap().detail.as_deref(), Some("cannot be read: overall, speaking"));
        assert_eq!(life.itep("graded again", completed(10)), comes);
        assert_eq!(life.reservation.attempt().unreadable, []);
    }
}

#[test]
fn an_attempt_that_was_stored_before_names_nothing_unreadable() {
    let mut stored = serde_json::to_value(Life::ready(ITEP).reservation.attempt()).unwrap();
    assert!(stored.as_object_mut().unwrap().remove("unreadable").is_none(), "an empty list is not stored");
    assert_eq!(serde_json::from_value::<Attempt>(stored).unwrap().unreadable, []);
}
