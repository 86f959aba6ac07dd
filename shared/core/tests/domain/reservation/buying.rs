//! Stories of buying once.

use super::*;

fn in_doubt() -> Life {
    let mut life = Life::calling(ITEP);
    assert_eq!(life.hears(&ended(1, unknown(1, Unknown::TimedOut))), Applied);
    life
}

/// The operator took the doubtful call for unsold, and the second is out.
fn called_again() -> Life {
    let mut life = in_doubt();
    life.hears(&Event::NothingSold);
    life.hears(&Event::CallStarted(lease(life.now)));
    life
}

#[test]
fn a_confirmed_call_makes_the_test_ready_and_claims_its_reference() {
    let life = Life::ready(ITEP);
    assert_eq!(life.status(), Status::Ready);
    assert_eq!(life.claims, [reference(ITEP, 1)]);
    assert_eq!(life.reservation.due_at, Some(at(EXPIRY)));
}

#[test]
fn an_unknown_outcome_is_doubt_that_says_what_is_known_of_it_keeps_its_evidence_and_is_told() {
    for (seen, reason, told) in [
        (Unknown::TimedOut, Reason::AnswerLost, vec![Alert::InDoubt]),
        (Unknown::ReferenceTaken, Reason::ReferenceTaken, vec![Alert::ReferenceTaken, Alert::InDoubt]),
        (Unknown::Replayed, Reason::SoldReferenceUnknown, vec![Alert::InDoubt]),
    ] {
        let mut life = Life::calling(ITEP);
        assert_eq!(life.hears(&ended(1, unknown(1, seen))), Applied);
        assert_eq!(life.stands(), (Status::InDoubt, Some(reason), None));
        assert_eq!((life.reservation.evidence.len(), life.reservation.due_at), (1, None), "{seen:?}");
        assert_eq!(life.alerts, told, "{seen:?}");
    }
}

#[test]
fn no_call_begins_while_one_is_out_or_in_doubt() {
    let start = Event::CallStarted(lease(at(DAY)));
    assert_eq!(Life::calling(ITEP).waits(DAY).hears(&start), Noted(NoteReason::NoCallDue));
    assert_eq!(in_doubt().waits(DAY).hears(&start), Noted(NoteReason::NoCallDue));
}

#[test]
fn an_unprocessed_call_waits_its_turn_and_is_then_made_anew() {
    let mut life = Life::calling(ITEP);
    let busy = CallOutcome::NotProcessed {
        why: NotProcessed::Busy,
        retry_after: Some(Duration::from_secs(60)),
        detail: Some("slow down".to_owned()),
    };
    life.hears(&ended(1, busy));
    assert_eq!(life.reservation.reason, Some(Reason::VendorBusy));
    assert!(life.reservation.due_at >= Some(at(60)), "the vendor's own wish is honoured");
    assert_eq!(life.hears(&Event::CallStarted(lease(life.now))), Noted(NoteReason::NoCallDue));
    life.waits(120);
    assert_eq!(life.hears(&Event::CallStarted(lease(life.now))), Applied);
    assert_eq!(life.reservation.calls, 2);
}

#[test]
fn a_test_past_its_expiry_is_not_bought() {
    let mut life = Life::of(Reservation::queued(order(ITEP), at(0), at(0)));
    life.waits(EXPIRY);
    assert_eq!(life.hears(&Event::CallStarted(lease(life.now))), Noted(NoteReason::NoCallDue));
    assert_eq!(life.hears(&Event::ExpiryReached), Applied);
}

#[test]
fn a_lease_lapses_into_doubt_once_it_is_over_and_not_before() {
    let mut life = Life::calling(ITEP);
    let lapse = Event::LeaseLapsed { call_no: 1 };
    assert_eq!(life.waits(LEASE - 1).hears(&lapse), Noted(NoteReason::NotDue));
    assert_eq!(life.waits(1).hears(&lapse), Applied);
    assert_eq!((life.status(), life.reservation.reason), (Status::InDoubt, Some(Reason::CallAbandoned)));
}

#[test]
fn an_answer_that_comes_after_the_lease_was_taken_away_is_kept() {
    let mut life = Life::calling(ITEP);
    life.waits(LEASE).hears(&Event::LeaseLapsed { call_no: 1 });
    assert_eq!(life.waits(5).hears(&ended(1, confirmed(reference(ITEP, 1)))), Applied);
    assert_eq!(life.status(), Status::Ready);
}

#[test]
fn a_late_refusal_of_the_same_call_settles_doubt() {
    let mut life = in_doubt();
    assert_eq!(life.hears(&ended(1, refused())), Applied);
    assert_eq!(life.status(), Status::Rejected);
    assert_eq!(life.reservation.detail.as_deref(), Some("no such product"));
}

#[test]
fn a_late_answer_of_an_older_call_changes_nothing_but_a_confirmation_counts() {
    let mut life = called_again();
    assert_eq!(life.hears(&ended(1, refused())), Noted(NoteReason::OtherCall));
    assert_eq!(life.hears(&ended(1, not_processed())), Noted(NoteReason::OtherCall));
    assert_eq!(life.hears(&ended(1, unknown(1, Unknown::Unreadable))), Noted(NoteReason::OtherCall));
    assert_eq!(life.hears(&ended(1, confirmed(reference(ITEP, 1)))), Applied);
    assert_eq!(life.status(), Status::Ready);
}

#[test]
fn a_second_confirmed_call_is_surplus_kept_claimed_and_told_once() {
    let mut life = called_again();
    life.hears(&ended(1, confirmed(reference(ITEP, 1))));
    let second = ended(2, confirmed(reference(ITEP, 2)));
    assert_eq!(life.hears(&second), Noted(NoteReason::Surplus));
    assert_eq!(life.hears(&second), Duplicate);
    assert_eq!(life.reservation.reference, Some(reference(ITEP, 1)));
    assert_eq!(life.reservation.surplus, [Surplus::new(2, reference(ITEP, 2))]);
    assert_eq!(life.claims, [reference(ITEP, 1), reference(ITEP, 2)]);
    assert_eq!(life.alerts, [Alert::InDoubt, Alert::Surplus]);
}

#[test]
fn a_confirmation_after_cancel_or_expiry_keeps_the_reference_and_the_status() {
    for (end, status) in [(Event::Cancel, Status::Cancelled), (Event::ExpiryReached, Status::Expired)] {
        let mut life = in_doubt();
        life.hears(&Event::NothingSold);
        life.waits(EXPIRY).hears(&end);
        assert_eq!(life.hears(&ended(1, confirmed(reference(ITEP, 1)))), Applied);
        assert_eq!((life.status(), &life.reservation.reference), (status, &Some(reference(ITEP, 1))));
        assert_eq!(life.claims, [reference(ITEP, 1)]);
    }
}

#[test]
fn a_confirmation_after_a_refusal_is_ready_and_told() {
    let mut life = in_doubt();
    life.hears(&Event::GivenUp);
    assert_eq!((life.status(), life.reservation.reason), (Status::Rejected, Some(Reason::GivenUp)));
    assert_eq!(life.hears(&ended(1, confirmed(reference(ITEP, 1)))), Applied);
    assert_eq!(life.status(), Status::Ready);
    assert_eq!(life.alerts, [Alert::InDoubt, Alert::RefusedYetSold]);
}

#[test]
fn a_report_that_outruns_the_answer_confirms_and_the_answer_adds_the_password() {
    let mut life = Life::calling(ITEP);
    assert_eq!(life.itep("ready", Ready), Applied);
    assert_eq!(life.status(), Status::Ready);
    let answer = ended(1, confirmed_with_password(reference(ITEP, 1)));
    assert_eq!(life.hears(&answer), Applied);
    assert_eq!(life.hears(&answer), Duplicate);
    assert!(life.reservation.password.is_some());
    assert_eq!(life.claims, [reference(ITEP, 1)]);
}

#[test]
fn a_report_settles_doubt_whatever_it_says() {
    for status in [Ready, InProgress, unheard_of(), UNREADABLE] {
        let mut life = in_doubt();
        life.itep("any", status.clone());
        assert_eq!(life.reservation.reference, Some(reference(ITEP, 1)), "{status:?}");
        assert_ne!(life.status(), Status::InDoubt, "{status:?}");
    }
}

#[test]
fn a_reference_that_was_handed_out_twice_is_told_in_whatever_state() {
    let mut evidence = Evidence::without_answer(1, at(0), Unknown::ReferenceTaken);
    evidence.reference = Some(reference(ITEP, 9));
    let taken = ended(1, CallOutcome::Unknown(evidence));
    for mut life in [Life::calling(ITEP), in_doubt(), Life::ready(TRUENORTH)] {
        life.hears(&taken);
        assert!(life.alerts.contains(&Alert::ReferenceTaken));
        assert_eq!(life.reservation.evidence.last().unwrap().reference, Some(reference(ITEP, 9)));
    }
}

#[test]
fn cancelling_is_refused_during_a_call_and_once_begun_and_final_otherwise() {
    assert_eq!(Life::calling(ITEP).hears(&Event::Cancel), Noted(NoteReason::PurchaseInProgress));
    assert_eq!(in_doubt().hears(&Event::Cancel), Noted(NoteReason::PurchaseInProgress));
    let mut life = Life::ready(ITEP);
    assert_eq!(life.hears(&Event::Cancel), Applied);
    assert_eq!(life.hears(&Event::Cancel), Duplicate);
    let mut begun = Life::ready(TRUENORTH);
    begun.truenorth("begun", InProgress);
    assert_eq!(begun.hears(&Event::Cancel), Noted(NoteReason::Begun));
}

#[test]
fn nothing_sold_queues_the_purchase_at_once() {
    let mut life = in_doubt();
    assert_eq!(life.hears(&Event::NothingSold), Applied);
    assert!(life.reservation.may_call(life.now));
    assert_eq!(life.fulfilments, 1);
    assert_eq!(life.hears(&Event::NothingSold), Noted(NoteReason::NotInDoubt));
}

#[test]
fn a_truenorth_doubt_is_due_for_a_look_up_after_the_quiet_time_an_itep_doubt_never() {
    let lost = ended(1, unknown(1, Unknown::TimedOut));
    let lapsed = Event::LeaseLapsed { call_no: 1 };
    for event in [lost, lapsed] {
        let mut life = Life::calling(TRUENORTH);
        life.waits(LEASE).hears(&event);
        assert_eq!((life.status(), life.reservation.due_at), (Status::InDoubt, Some(at(LEASE + QUIET))));
        let mut life = Life::calling(ITEP);
        life.waits(LEASE).hears(&event);
        assert_eq!((life.status(), life.reservation.due_at), (Status::InDoubt, None));
    }
    let mut life = Life::calling(TRUENORTH);
    life.hears(&ended(1, unknown(1, Unknown::ReferenceTaken)));
    assert_eq!((life.status(), life.reservation.due_at), (Status::InDoubt, None), "the operator's to settle");
}

#[test]
fn a_look_up_that_finds_nothing_proves_it_only_after_the_quiet_time() {
    let mut life = Life::calling(TRUENORTH);
    life.hears(&ended(1, unknown(1, Unknown::TimedOut)));
    life.waits(QUIET);
    let too_early = Event::NothingFound { asked_at: at(QUIET - 1) };
    assert_eq!(life.hears(&too_early), Noted(NoteReason::NotDue));
    assert_eq!((life.status(), life.fulfilments), (Status::InDoubt, 0));
    assert_eq!(life.hears(&Event::NothingFound { asked_at: at(QUIET) }), Applied);
    assert!(life.reservation.may_call(life.now));
    assert_eq!(life.fulfilments, 1);
}

#[test]
fn the_quiet_time_begins_anew_when_the_lost_call_is_seen_to_end_later() {
    let mut life = Life::calling(TRUENORTH);
    life.waits(LEASE).hears(&Event::LeaseLapsed { call_no: 1 });
    let evidence = Evidence::without_answer(1, at(LEASE + 100), Unknown::TimedOut);
    life.waits(100).hears(&ended(1, CallOutcome::Unknown(evidence)));
    assert_eq!(life.reservation.due_at, Some(at(LEASE + 100 + QUIET)));
    life.waits(QUIET);
    assert_eq!(life.hears(&Event::NothingFound { asked_at: at(LEASE + QUIET) }), Noted(NoteReason::NotDue));
}

#[test]
fn a_look_up_that_another_call_overtook_proves_nothing() {
    let mut life = Life::calling(TRUENORTH);
    life.hears(&ended(1, unknown(1, Unknown::TimedOut)));
    life.waits(QUIET).hears(&Event::NothingFound { asked_at: at(QUIET) });
    life.hears(&Event::CallStarted(lease(life.now)));
    life.waits(1).hears(&Event::CallEnded { call_no: 2, outcome: unknown(2, Unknown::TimedOut) });
    assert_eq!(life.hears(&Event::NothingFound { asked_at: at(QUIET) }), Noted(NoteReason::NotDue));
    assert_eq!(life.status(), Status::InDoubt);
}

#[test]
fn a_call_without_time_is_handed_over() {
    let mut life = Life::calling(ITEP);
    let no_time = CallOutcome::NotProcessed { why: NotProcessed::NoTime, retry_after: None, detail: None };
    life.hears(&ended(1, no_time));
    assert_eq!((life.status(), life.fulfilments), (Status::Pending, 1));
    assert_eq!(life.reservation.due_at, Some(life.now), "it is ours to make up for");
}

#[test]
fn waits_grow_with_every_try_that_was_not_processed() {
    let mut life = Life::calling(ITEP);
    for tries in 1..4 {
        life.hears(&ended(tries, not_processed()));
        let State::Queued { retry_at, tries: counted } = life.reservation.state else {
            panic!("{:?}", life.reservation.state)
        };
        assert_eq!(counted, tries);
        assert!(retry_at <= life.now + POLICY.backoff.base * (1 << (tries - 1)));
        life.now = retry_at;
        life.hears(&Event::CallStarted(lease(life.now)));
    }
}

#[test]
fn what_an_operator_must_mend_is_told() {
    let not_processed = |why| CallOutcome::NotProcessed { why, retry_after: None, detail: None };
    let sold_out = Refusal { out_of_tests: true, vendor_reason: "none left".to_owned() };
    for (outcome, alert, reason) in [
        (not_processed(NotProcessed::CredentialsRefused), Alert::VendorCredentialsRefused, Reason::CredentialsRefused),
        (not_processed(NotProcessed::AccountUnavailable), Alert::AccountUnavailable, Reason::AccountUnavailable),
        (CallOutcome::Refused(sold_out), Alert::OutOfTests, Reason::OutOfTests),
    ] {
        let mut life = Life::calling(ITEP);
        life.hears(&ended(1, outcome));
        assert_eq!((life.alerts.as_slice(), life.reservation.reason), ([alert].as_slice(), Some(reason)));
    }
}

#[test]
fn the_newest_evidence_is_kept_and_no_more_than_a_handful() {
    let mut life = Life::calling(ITEP);
    for n in 0..9 {
        let evidence = Evidence::without_answer(1, at(n), Unknown::TimedOut);
        life.hears(&ended(1, CallOutcome::Unknown(evidence)));
    }
    let times: Vec<_> = life.reservation.evidence.iter().map(|evidence| evidence.at).collect();
    assert_eq!(times, [at(4), at(5), at(6), at(7), at(8)]);
}

#[test]
fn what_waits_because_its_account_does_says_so() {
    let held = Reservation::held(order(ITEP), at(60), at(0));
    assert_eq!((held.status(), held.reason), (Status::Pending, Some(Reason::AccountPaused)));
    assert_eq!(held.due_at, Some(at(60)));
}
