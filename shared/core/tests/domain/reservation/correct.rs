//! Stories of reservations that were taken to have another test than their own.

use super::*;

fn correct(life: &mut Life) -> Heard {
    life.hears(&corrected(reference(ITEP, 2)))
}

/// A report on the test that is really its own.
fn of_the_right_test(life: &mut Life, status: ReportedStatus, observed_at: Timestamp) -> Heard {
    let report = posted(observed_at, "r9", "right", status);
    life.hears(&reported(Report { reference: reference(ITEP, 2), ..report }))
}

#[test]
fn a_report_that_was_refused_applies_after_the_correction_though_it_came_before() {
    let mut life = Life::ready(ITEP);
    let came = life.now;
    assert_eq!(of_the_right_test(&mut life, completed(9), came), Noted(NoteReason::OtherTest));
    life.waits(HOUR);
    assert_eq!(correct(&mut life), Applied);
    assert_eq!((&life.reservation.reference, &life.claims[..]), (&Some(reference(ITEP, 2)), &[reference(ITEP, 2)][..]));
    let entry = life.history.last().unwrap();
    assert_eq!((entry.event, entry.detail.as_deref()), (EventName::ReferenceCorrected, Some("TEST2: misread")));
    assert_eq!(of_the_right_test(&mut life, completed(9), came), Applied);
    assert_eq!(life.status(), Status::Completed);
}

#[test]
fn a_result_of_the_wrong_test_shows_no_longer_and_is_kept() {
    let mut life = Life::ready(ITEP);
    let came = life.now;
    life.waits(HOUR);
    life.itep("graded", completed(9));
    assert_eq!(correct(&mut life), Applied);
    assert_eq!((life.status(), life.reservation.result(), life.reservation.attempts.len()), (Status::Ready, None, 2));
    assert!(life.reservation.attempts[0].result.is_some());
    assert_eq!(of_the_right_test(&mut life, completed(5), came), Applied);
    assert_eq!((life.status(), life.reservation.attempt().number), (Status::Completed, 2));
}

#[test]
fn a_result_that_was_read_again_beside_a_test_that_is_ready_is_kept() {
    let mut life = Life::ready(ITEP);
    life.itep("odd", unheard_of());
    life.waits(60).itep("ready", Ready);
    life.hears(&read_again(posted(at(0), "r1", "odd", completed(9)), 1));
    assert_eq!((life.status(), correct(&mut life)), (Status::Ready, Applied));
    assert_eq!(life.reservation.attempts[0].result, Some(result(9)));
}

#[test]
fn a_correction_is_not_taken_back_over_a_result_that_would_not_show_again() {
    let mut life = Life::graded();
    correct(&mut life);
    let back = corrected(reference(ITEP, 1));
    assert_eq!(life.hears(&back), Noted(NoteReason::Begun));
    let mut life = Life::ready(ITEP);
    correct(&mut life);
    assert_eq!(life.hears(&back), Applied);
    assert_eq!(life.reservation.released, [reference(ITEP, 2)]);
}

#[test]
fn the_sale_of_the_wrong_test_heard_again_is_none_too_many() {
    let mut life = Life::ready(ITEP);
    correct(&mut life);
    assert_eq!(life.hears(&ended(1, confirmed(reference(ITEP, 1)))), Duplicate);
    assert_eq!(correct(&mut life), Duplicate);
}

#[test]
fn what_has_no_test_has_none_to_correct() {
    let mut life = Life::calling(ITEP);
    assert_eq!(correct(&mut life), Noted(NoteReason::PurchaseInProgress));
    life.hears(&ended(1, refused()));
    assert_eq!(correct(&mut life), Noted(NoteReason::Ended));
}
