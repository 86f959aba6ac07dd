//! Stories of tests that nobody used and that are sold again.

use super::*;

/// Expired with its test; the list that shows it unused is of a day later.
fn expired() -> Life {
    let mut life = Life::ready(ITEP);
    life.now = at(EXPIRY);
    assert_eq!(life.hears(&Event::ExpiryReached), Applied);
    life.waits(DAY);
    life
}

fn given_up() -> Life {
    let mut life = expired();
    assert_eq!(life.hears(&reclaimed(reference(ITEP, 1), life.now)), Applied);
    life
}

#[test]
fn an_unused_test_is_released_with_a_line_that_says_which_and_why() {
    let life = given_up();
    assert_eq!((life.status(), &life.reservation.reference, life.claims.len()), (Status::Expired, &None, 0));
    assert_eq!(life.reservation.released, [reference(ITEP, 1)]);
    let entry = life.history.last().unwrap();
    assert_eq!((entry.event, entry.verdict), (EventName::Reclaimed, Verdict::Applied));
    assert_eq!(entry.detail.as_deref(), Some("TEST1: nobody came"));
}

#[test]
fn reclaiming_again_or_hearing_its_sale_again_does_nothing() {
    let mut life = given_up();
    assert_eq!(life.hears(&reclaimed(reference(ITEP, 1), life.now)), Duplicate);
    assert_eq!(life.hears(&ended(1, confirmed(reference(ITEP, 1)))), Duplicate);
    assert_eq!((&life.reservation.reference, life.claims.len()), (&None, 0));
}

#[test]
fn a_test_that_is_one_too_many_does_not_take_the_released_ones_place() {
    let mut life = Life::ready(ITEP);
    life.hears(&ended(1, confirmed(reference(ITEP, 2))));
    life.now = at(EXPIRY);
    life.hears(&Event::ExpiryReached);
    assert_eq!(life.hears(&reclaimed(reference(ITEP, 1), life.now)), Applied);
    assert_eq!(life.hears(&ended(1, confirmed(reference(ITEP, 2)))), Duplicate);
    assert_eq!((&life.reservation.reference, &life.claims), (&None, &vec![reference(ITEP, 2)]));
}

#[test]
fn what_the_client_withdrew_is_released_too_but_not_before_its_expiry() {
    let mut life = Life::ready(ITEP);
    life.hears(&Event::Cancel);
    life.now = at(2 * EXPIRY);
    assert_eq!(life.hears(&reclaimed(reference(ITEP, 1), at(EXPIRY - 1))), Noted(NoteReason::NotDue));
    assert_eq!(life.hears(&reclaimed(reference(ITEP, 1), at(EXPIRY))), Applied);
    assert_eq!(life.status(), Status::Cancelled);
}

#[test]
fn a_test_that_was_begun_or_is_another_or_may_still_be_begun_is_left_alone() {
    let mut ready = Life::ready(ITEP);
    assert_eq!(ready.hears(&reclaimed(reference(ITEP, 1), at(EXPIRY))), Noted(NoteReason::NotDue));
    let mut again = Life::graded();
    again.itep("reset", Ready);
    assert_eq!(again.status(), Status::Ready);
    assert_eq!(again.hears(&reclaimed(reference(ITEP, 1), at(EXPIRY))), Noted(NoteReason::Begun));
    let mut graded = expired();
    graded.itep("graded", completed(9));
    assert_eq!(graded.hears(&reclaimed(reference(ITEP, 1), graded.now)), Noted(NoteReason::Begun));
    let mut other = expired();
    assert_eq!(other.hears(&reclaimed(reference(ITEP, 2), other.now)), Noted(NoteReason::OtherTest));
    assert_eq!(other.claims, [reference(ITEP, 1)]);
}

#[test]
fn a_sitting_takes_the_test_back_where_nobody_else_has_it() {
    for status in [InProgress, AwaitingScore, completed(9)] {
        let mut life = given_up();
        assert_eq!(life.itep("sat", status), Remarked(NoteReason::Late));
        // The claim is refused where the test is another's by now.
        assert_eq!((life.reservation.reference.clone(), life.claims.len()), (Some(reference(ITEP, 1)), 1));
        assert_eq!(life.reservation.released, []);
    }
}

#[test]
fn a_report_of_no_sitting_does_not_take_the_test_back() {
    for status in [Ready, Invalidated, unheard_of()] {
        let mut life = given_up();
        assert!(matches!(life.itep("unused", status), Noted(_)));
        assert_eq!((&life.reservation.reference, life.claims.len()), (&None, 0));
    }
}

#[test]
fn a_report_of_another_test_is_not_taken_for_the_one_that_was_given_up() {
    let mut life = given_up();
    let graded = Report { reference: reference(ITEP, 2), ..posted(at(0), "r9", "graded", completed(9)) };
    assert_eq!(life.hears(&reported(graded)), Noted(NoteReason::OtherTest));
    assert_eq!((&life.reservation.reference, life.claims.len()), (&None, 0));
}
