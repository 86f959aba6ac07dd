//! Stories of reports and results.

use super::*;

fn reset() -> Life {
    let mut life = Life::graded();
    assert_eq!(life.itep("reset", Ready), Remarked(NoteReason::Reset));
    life
}

#[test]
fn complete_then_finished_is_one_result_and_a_stale_report_in_the_history() {
    let mut life = Life::graded();
    assert_eq!(life.itep("finished", AwaitingScore), Noted(NoteReason::Stale));
    assert_eq!((life.status(), life.overall()), (Status::Completed, Some(&result(9))));
    let noted = life.history.last().unwrap();
    assert_eq!((noted.event, noted.verdict), (EventName::ReportAwaitingScore, Verdict::Refused));
}

#[test]
fn a_report_delivered_three_times_is_applied_once() {
    let mut life = Life::ready(ITEP);
    let delivery = webhook("r1", "graded", completed(9));
    assert_eq!(life.hears(&delivery), Applied);
    assert_eq!(life.hears(&delivery), Duplicate);
    assert_eq!(life.hears(&webhook("r2", "graded", completed(9))), Duplicate);
    assert_eq!(life.reservation.seq, 3);
}

#[test]
fn a_reset_opens_a_second_attempt_without_a_result_until_it_is_graded_again() {
    let mut life = reset();
    assert_eq!((life.status(), life.overall()), (Status::Ready, None));
    assert_eq!(life.reservation.reason, Some(Reason::Reset));
    assert_eq!(life.reservation.attempts[0].result, Some(result(9)));
    assert_eq!(life.reservation.attempts[0].status, Status::Completed);
    life.itep("graded again", completed(11));
    assert_eq!(life.overall(), Some(&result(11)));
    assert_eq!(life.reservation.attempts[0].result, Some(result(9)));
    assert_eq!(life.reservation.attempts.len(), 2);
}

#[test]
fn going_back_to_incomplete_and_a_reset_after_an_invalidation_are_resets_too() {
    let mut invalidated = Life::graded();
    invalidated.itep("invalid", Invalidated);
    assert_eq!((invalidated.status(), invalidated.overall()), (Status::Invalidated, None));
    for (mut life, says, status) in [
        (Life::graded(), InProgress, Status::InProgress),
        (Life::finished(), InProgress, Status::InProgress),
        (invalidated, Ready, Status::Ready),
    ] {
        assert_eq!(life.itep("again", says), Remarked(NoteReason::Reset));
        assert_eq!((life.status(), life.reservation.attempts.len()), (status, 2));
    }
}

#[test]
fn two_resets_with_the_same_bytes_open_two_attempts_and_tell_the_operator() {
    for (reported, status) in [(Ready, Status::Ready), (InProgress, Status::InProgress)] {
        let mut life = Life::graded();
        assert_eq!(life.itep("reset", reported.clone()), Remarked(NoteReason::Reset));
        assert_eq!(life.itep("reset", reported.clone()), Duplicate);
        life.itep("graded again", completed(10));
        assert_eq!(life.alerts, []);
        assert_eq!(life.itep("reset", reported), Remarked(NoteReason::ResetRepeated));
        assert_eq!((life.alerts.as_slice(), life.status()), ([Alert::ResetRepeated].as_slice(), status));
        assert_eq!(life.reservation.attempts.len(), 3);
        assert_eq!(life.reservation.attempts[1].result, Some(result(10)), "the earlier sitting keeps its result");
    }
}

#[test]
fn a_reset_is_compared_with_all_earlier_ones_and_by_its_bytes_alone() {
    let mut life = reset();
    life.itep("graded again", completed(10));
    assert_eq!(life.itep("another reset", Ready), Remarked(NoteReason::Reset));
    life.itep("graded once more", completed(11));
    assert_eq!(life.itep("reset", Ready), Remarked(NoteReason::ResetRepeated));
}

#[test]
fn an_attempt_that_was_stored_before_says_not_what_opened_it() {
    let mut stored = serde_json::to_value(reset().reservation.attempt()).unwrap();
    stored.as_object_mut().unwrap().remove("opened_by").expect("a digest");
    assert_eq!(serde_json::from_value::<Attempt>(stored).unwrap().opened_by, None);
}

#[test]
fn a_reset_whose_bytes_were_noted_before_the_sitting_is_still_a_reset() {
    let mut life = Life::ready(ITEP);
    assert_eq!(life.itep("ready", Ready), Noted(NoteReason::NoChange));
    life.itep("finished", AwaitingScore);
    assert_eq!(life.itep("ready", Ready), Remarked(NoteReason::Reset));
}

#[test]
fn a_grade_that_was_held_up_behind_a_reset_is_the_earlier_sittings_readable_or_not() {
    for (grade, shows, status, alerts) in [
        (completed(9), Some(result(9)), Status::Completed, vec![]),
        (UNREADABLE, None, Status::UnderReview, vec![Alert::CompleteWithoutScores]),
    ] {
        let mut life = Life::finished();
        let held_up = reported(posted(life.now, "late", "graded", grade.clone()));
        assert_eq!(life.waits(HOUR).itep("reset", Ready), Remarked(NoteReason::Reset));
        assert_eq!(life.hears(&held_up), Remarked(NoteReason::EarlierSitting));
        let [first, second] = &life.reservation.attempts[..] else { panic!("two sittings") };
        assert_eq!((&first.result, first.status), (&shows, status));
        assert_eq!((&second.result, second.status), (&None, Status::Ready));
        assert_eq!(life.stands(), (Status::Ready, Some(Reason::Reset), None));
        assert_eq!(life.alerts, alerts);
        assert_eq!(life.itep("graded", grade), Noted(NoteReason::Stale));
        assert_eq!(life.waits(HOUR).itep("graded again", completed(10)), Applied);
        assert_eq!(life.overall(), Some(&result(10)));
    }
}

#[test]
fn an_older_grade_of_the_earlier_sitting_does_not_replace_its_newer_one() {
    let mut life = Life::ready(ITEP);
    let held_up = reported(posted(life.now, "late", "graded", completed(9)));
    life.waits(HOUR).itep("regraded", completed(10));
    life.waits(HOUR).itep("reset", Ready);
    assert_eq!(life.hears(&held_up), Noted(NoteReason::Stale));
    let first = &life.reservation.attempts[0];
    assert_eq!((first.result.as_ref(), &first.superseded[..]), (Some(&result(10)), &[digest("graded")][..]));
}

#[test]
fn an_earlier_attempts_reports_are_stale_after_a_reset_in_whichever_order_they_came() {
    let reports = [("finished", AwaitingScore), ("graded", completed(9))];
    for order in [[0, 1], [1, 0]] {
        let mut life = Life::ready(ITEP);
        for (document, status) in order.map(|n: usize| reports[n].clone()) {
            life.itep(document, status);
        }
        life.itep("reset", Ready);
        for (document, status) in reports.clone() {
            assert_eq!(life.itep(document, status), Noted(NoteReason::Stale), "{document} after {order:?}");
        }
        assert_eq!((life.status(), life.overall()), (Status::Ready, None));
    }
}

#[test]
fn receipts_redelivered_after_a_reset_are_duplicates() {
    let mut life = Life::ready(ITEP);
    let first = [
        webhook("r1", "finished", AwaitingScore),
        webhook("r2", "review", REVIEW),
        webhook("r3", "graded", completed(9)),
        webhook("r4", "invalid", Invalidated),
    ];
    assert!(first.iter().all(|event| life.hears(event) == Applied));
    life.itep("reset", Ready);
    assert!(first.iter().all(|event| life.hears(event) == Duplicate));
    assert_eq!(life.status(), Status::Ready);
}

#[test]
fn a_grade_after_the_end_wins_readable_or_not_and_is_marked_late() {
    for end in [Event::ExpiryReached, Event::Cancel, webhook("r0", "invalid", Invalidated)] {
        for (grade, stands) in [
            (completed(9), (Status::Completed, None, Some(&result(9)))),
            (UNREADABLE, (Status::UnderReview, Some(Reason::ResultUnreadable), None)),
        ] {
            let mut life = Life::ready(ITEP);
            assert_eq!(life.waits(EXPIRY).hears(&end), Applied);
            assert_eq!(life.itep("graded", grade), Remarked(NoteReason::Late));
            assert_eq!(life.stands(), stands);
            assert!(life.reservation.attempt().late);
        }
    }
}

#[test]
fn a_sitting_after_the_end_makes_its_result_late() {
    let mut life = Life::ready(ITEP);
    life.hears(&Event::Cancel);
    assert_eq!(life.itep("finished", AwaitingScore), Remarked(NoteReason::Late));
    assert_eq!(life.itep("graded", completed(9)), Applied);
    assert!(life.reservation.attempt().late);
}

#[test]
fn another_complete_revises_and_the_earlier_one_is_stale_from_then_on() {
    let mut life = Life::graded();
    assert_eq!(life.itep("regraded", completed(10)), Remarked(NoteReason::Revision));
    assert_eq!(life.overall(), Some(&result(10)));
    assert_eq!(life.reservation.attempt().superseded, [digest("graded")]);
    assert_eq!(life.itep("graded", completed(9)), Noted(NoteReason::Stale));
    assert_eq!(life.overall(), Some(&result(10)));
}

#[test]
fn a_grade_that_was_held_up_is_kept_but_never_shown_over_a_newer_one() {
    let mut life = Life::ready(ITEP);
    let received_at =
        |seconds, receipt, document, overall| reported(posted(at(seconds), receipt, document, completed(overall)));
    assert_eq!(life.hears(&received_at(20, "r2", "regraded", 10)), Applied);
    assert_eq!(life.hears(&received_at(10, "r1", "graded", 9)), Noted(NoteReason::Stale));
    assert_eq!((life.status(), life.overall()), (Status::Completed, Some(&result(10))));
    assert_eq!(life.reservation.attempt().superseded, [digest("graded")]);
}

#[test]
fn a_review_keeps_the_result_and_another_grade_after_it_is_a_revision() {
    let mut life = Life::graded();
    assert_eq!(life.itep("review", REVIEW), Applied);
    assert_eq!((life.status(), life.overall()), (Status::UnderReview, Some(&result(9))));
    assert_eq!(life.itep("regraded", completed(10)), Remarked(NoteReason::Revision));
}

#[test]
fn a_review_that_upholds_the_grade_completes_again() {
    let mut life = Life::graded();
    life.itep("problem", PROBLEM);
    assert_eq!(life.reservation.reason, Some(Reason::VendorProblem));
    assert_eq!(life.itep("graded", completed(9)), Applied);
    assert_eq!((life.status(), life.reservation.reason), (Status::Completed, None));
    assert_eq!(life.reservation.attempt().superseded, []);
}

#[test]
fn a_grade_under_review_does_not_go_back_to_awaiting_its_score() {
    let mut life = Life::graded();
    life.itep("review", REVIEW);
    assert_eq!(life.itep("finished", AwaitingScore), Noted(NoteReason::Stale));
    assert_eq!((life.status(), life.overall()), (Status::UnderReview, Some(&result(9))));
}

#[test]
fn an_unknown_status_is_told_and_changes_nothing() {
    let mut life = Life::ready(ITEP);
    let before = life.reservation.state.clone();
    assert_eq!(life.itep("paused", unheard_of()), Noted(NoteReason::UnknownStatus));
    assert_eq!((life.reservation.state.clone(), life.reservation.version), (before, 2));
    assert_eq!(life.alerts, [Alert::UnknownStatus]);
}

#[test]
fn a_report_on_another_test_is_noted_only_and_its_receipt_stays_open() {
    let mut life = Life::ready(TRUENORTH);
    let foreign = webhook("r1", "graded", completed(9));
    assert_eq!(life.hears(&foreign), Noted(NoteReason::OtherTest));
    assert_eq!((life.status(), life.overall()), (Status::Ready, None));
    assert_eq!(life.reservation.receipts, []);
}

#[test]
fn truenorth_going_backwards_is_stale() {
    let mut life = Life::ready(TRUENORTH);
    life.truenorth("begun", InProgress);
    assert_eq!(life.truenorth("not begun", Ready), Noted(NoteReason::Stale));
    life.truenorth("pending", AwaitingScore);
    assert_eq!(life.truenorth("begun again", InProgress), Noted(NoteReason::Stale));
    life.truenorth("graded", completed(9));
    assert_eq!(life.truenorth("pending again", AwaitingScore), Noted(NoteReason::Stale));
    assert_eq!((life.status(), life.reservation.attempts.len()), (Status::Completed, 1));
}

#[test]
fn an_answer_to_an_older_look_up_is_stale() {
    let mut life = Life::ready(TRUENORTH);
    life.waits(60).truenorth("review", REVIEW);
    let older = look_up(TRUENORTH, at(30), "begun", InProgress);
    assert_eq!(life.hears(&older), Noted(NoteReason::Stale));
    let as_old = look_up(TRUENORTH, at(60), "begun", InProgress);
    assert_eq!(life.hears(&as_old), Applied);
}

#[test]
fn a_result_that_an_overtaken_look_up_brought_counts_when_it_is_seen_again() {
    let mut life = Life::ready(TRUENORTH);
    life.waits(60).truenorth("review", REVIEW);
    assert_eq!(life.hears(&look_up(TRUENORTH, at(30), "graded", completed(9))), Noted(NoteReason::Stale));
    assert_eq!(life.waits(60).truenorth("graded", completed(9)), Applied);
    assert_eq!(life.overall(), Some(&result(9)));
}

#[test]
fn a_look_up_that_finds_nothing_new_writes_nothing() {
    for (document, status) in
        [("begun", InProgress), ("pending", AwaitingScore), ("review", REVIEW), ("empty", UNREADABLE)]
    {
        let mut life = Life::ready(TRUENORTH);
        life.truenorth(document, status.clone());
        assert_eq!(life.truenorth(document, status.clone()), Duplicate, "{document}");
        match status {
            // Another grade is kept, whatever can be read of it.
            UNREADABLE => {
                assert_eq!(life.truenorth("other bytes", status.clone()), Noted(NoteReason::WithoutScores))
            }
            _ => assert_eq!(life.truenorth("other bytes", status.clone()), Duplicate, "{document}"),
        }
        assert_eq!(life.truenorth("other bytes", status), Duplicate, "{document}");
    }
}

#[test]
fn an_overdue_result_is_told_once_for_each_wait_also_beside_another_reason() {
    let mut unreadable = Life::ready(ITEP);
    unreadable.itep("blank", UNREADABLE);
    for (mut life, stands, alerts) in [
        (Life::finished(), (Status::AwaitingScore, Some(Reason::ResultOverdue), None), vec![Alert::ResultOverdue]),
        (
            unreadable,
            (Status::UnderReview, Some(Reason::ResultUnreadable), None),
            vec![Alert::CompleteWithoutScores, Alert::ResultOverdue],
        ),
    ] {
        assert_eq!(life.reservation.due_at, Some(at(7 * DAY)));
        assert_eq!(life.waits(7 * DAY - 1).hears(&Event::ResultOverdue), Noted(NoteReason::NotDue));
        assert_eq!(life.waits(1).hears(&Event::ResultOverdue), Applied);
        assert_eq!(life.hears(&Event::ResultOverdue), Duplicate);
        assert_eq!(life.stands(), stands);
        assert_eq!((&life.alerts, life.reservation.due_at), (&alerts, None));
        life.waits(DAY).itep("review", REVIEW);
        assert_eq!(life.reservation.due_at, Some(at(15 * DAY)), "the vendor spoke: another wait begins");
    }
}

#[test]
fn a_review_of_what_waits_for_its_score_does_not_begin_the_wait_anew() {
    let mut life = Life::finished();
    life.waits(DAY).itep("review", REVIEW);
    life.waits(DAY).itep("finished later", AwaitingScore);
    assert_eq!(life.reservation.due_at, Some(at(7 * DAY)));
}

#[test]
fn a_test_was_sat_once_it_has_a_result_or_was_reset() {
    let mut life = Life::ready(ITEP);
    assert!(!life.reservation.was_sat());
    life.itep("begun", InProgress);
    assert!(!life.reservation.was_sat());
    life.itep("graded", completed(9));
    assert!(life.reservation.was_sat() && life.reservation.holds_result());
    assert!(reset().reservation.was_sat());
}

#[test]
fn incomplete_after_a_review_goes_on_with_what_was_not_finished_and_resets_what_was() {
    let mut life = Life::ready(ITEP);
    life.itep("problem", PROBLEM);
    assert_eq!(life.itep("incomplete", InProgress), Applied);
    life.itep("finished", AwaitingScore);
    life.itep("review", REVIEW);
    assert_eq!(life.itep("incomplete again", InProgress), Remarked(NoteReason::Reset));
}

#[test]
fn the_receipts_seen_last_are_remembered_and_no_more() {
    let mut life = Life::ready(ITEP);
    let report = |n| webhook(&format!("r{n}"), &format!("graded {n}"), completed(9));
    for n in 0..40 {
        life.hears(&report(n));
    }
    assert_eq!(life.reservation.receipts.len(), 32);
    assert_eq!(life.reservation.receipts.last().map(InboundWebhookId::as_str), Some("r39"));
}

#[test]
fn a_report_that_was_held_up_on_our_side_does_not_undo_newer_ones() {
    for (document, status) in
        [("reset", Ready), ("problem", ReportedStatus::UnderReview { problem: true }), ("invalidated", Invalidated)]
    {
        let mut life = Life::finished();
        let held_up = reported(posted(life.now, "held-up", document, status));
        life.waits(60);
        life.itep("graded", completed(9));
        assert_eq!(life.hears(&held_up), Noted(NoteReason::Stale), "{document}");
        assert_eq!(life.overall(), Some(&result(9)));
    }
}

#[test]
fn a_test_that_was_sat_and_is_to_be_sat_again_does_not_expire_with_or_without_a_result() {
    for mut life in [Life::graded(), Life::finished()] {
        life.itep("reset", Ready);
        assert_eq!((life.status(), life.reservation.due_at), (Status::Ready, None));
        assert_eq!(life.waits(EXPIRY).hears(&Event::ExpiryReached), Noted(NoteReason::Begun));
    }
}
