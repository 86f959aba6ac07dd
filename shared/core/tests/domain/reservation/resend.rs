//! Stories of requests that are sent again byte by byte.

use super::*;

/// In doubt since its only call, whose request has a digest.
fn doubtful() -> Life {
    let calling = Reservation::calling(order(ITEP), lease(at(0)), at(0));
    let mut life = Life::of(calling.with_request_digest(1, Some(digest("request"))));
    life.hears(&ended(1, unknown(1, Unknown::TimedOut)));
    life
}

/// Waits until the request may be sent again, and begins to.
fn resend(life: &mut Life) -> Heard {
    life.now = life.reservation.due_at.unwrap();
    life.hears(&Event::ResendStarted)
}

#[test]
fn a_request_is_sent_again_after_the_quiet_time_and_not_before() {
    let mut life = doubtful();
    assert_eq!(life.reservation.due_at, Some(at(QUIET)));
    assert_eq!(life.hears(&Event::ResendStarted), Noted(NoteReason::NotDue));
    assert_eq!(resend(&mut life), Applied);
    assert_eq!((life.status(), life.reservation.calls), (Status::InDoubt, 1), "it is no other call");
    assert_eq!(life.hears(&Event::ResendStarted), Noted(NoteReason::NotDue), "somebody else has begun to");
}

#[test]
fn a_refused_repetition_means_sold_and_stays_in_doubt_for_the_operator() {
    let mut life = doubtful();
    resend(&mut life);
    assert_eq!(life.hears(&ended(1, unknown(1, Unknown::Replayed))), Applied);
    assert_eq!((life.status(), life.reservation.reason), (Status::InDoubt, Some(Reason::SoldReferenceUnknown)));
    assert_eq!((life.reservation.due_at, life.alerts.last()), (None, Some(&Alert::InDoubt)));
    assert_eq!(life.hears(&ended(1, unknown(1, Unknown::Replayed))), Noted(NoteReason::MoreEvidence));
    assert_eq!(life.hears(&Event::ResendStarted), Noted(NoteReason::NotInDoubt), "there is nothing to learn");
    assert_eq!(life.itep("finished", AwaitingScore), Applied);
}

#[test]
fn a_repetition_that_buys_confirms_the_call() {
    let mut life = doubtful();
    resend(&mut life);
    assert_eq!(life.hears(&ended(1, confirmed(reference(ITEP, 1)))), Applied);
    assert_eq!((life.status(), life.reservation.calls), (Status::Ready, 1));
}

#[test]
fn repetitions_are_few_and_ever_further_apart() {
    let mut life = doubtful();
    let mut waits = Vec::new();
    while life.reservation.due_at.is_some() {
        let before = life.now;
        assert_eq!(resend(&mut life), Applied);
        waits.push(life.now.duration_since(before).as_secs() / QUIET);
        let said = [Event::ResendNotProcessed, ended(1, unknown(1, Unknown::TimedOut))];
        assert!(matches!(life.hears(&said[waits.len() % 2]), Noted(_)));
    }
    assert_eq!((waits, life.status()), (vec![1, 2, 4, 8, 16], Status::InDoubt));
}

#[test]
fn what_cannot_be_made_again_as_it_was_is_left_to_the_operator() {
    let mut life = doubtful();
    resend(&mut life);
    assert_eq!(life.hears(&Event::ResendImpossible), Applied);
    assert_eq!((life.status(), life.reservation.due_at), (Status::InDoubt, None));
    assert_eq!(life.reservation.request_digest, None);
}

#[test]
fn that_it_was_sent_again_is_remembered_where_it_can_be_made_no_more() {
    let mut life = doubtful();
    resend(&mut life);
    resend(&mut life);
    assert_eq!(life.hears(&Event::ResendImpossible), Applied);
    assert_eq!((life.status(), life.reservation.due_at), (Status::InDoubt, None));
    assert_eq!(life.hears(&ended(1, not_processed())), Noted(NoteReason::SentAgain));
}

#[test]
fn a_late_word_that_the_call_sold_nothing_counts_only_until_its_request_is_sent_again() {
    for (outcome, status) in [(not_processed(), Status::Pending), (refused(), Status::Rejected)] {
        let mut life = doubtful();
        assert_eq!(life.hears(&ended(1, outcome.clone())), Applied);
        assert_eq!(life.status(), status);
        let mut life = doubtful();
        resend(&mut life);
        assert_eq!(life.hears(&ended(1, outcome)), Noted(NoteReason::SentAgain));
        assert_eq!(life.status(), Status::InDoubt, "the repetition may have bought");
        assert_eq!(life.hears(&ended(1, confirmed(reference(ITEP, 1)))), Applied);
    }
}

#[test]
fn the_request_of_an_earlier_call_is_not_sent_again() {
    let mut life = doubtful();
    life.hears(&Event::NothingSold);
    life.hears(&Event::CallStarted(lease(life.now)));
    life.hears(&ended(2, unknown(2, Unknown::TimedOut)));
    assert_eq!((life.status(), life.reservation.due_at), (Status::InDoubt, None));
    assert_eq!(life.hears(&Event::ResendStarted), Noted(NoteReason::NotInDoubt));
}

#[test]
fn what_is_said_too_late_of_a_repetition_leaves_the_next_calls_request() {
    let mut life = doubtful();
    resend(&mut life);
    life.hears(&Event::NothingSold);
    life.reservation = life.reservation.clone().with_request_digest(2, Some(digest("second")));
    life.hears(&Event::CallStarted(lease(life.now)));
    assert_eq!(life.hears(&Event::ResendImpossible), Noted(NoteReason::NotInDoubt));
    assert!(life.reservation.request_digest.is_some());
}
