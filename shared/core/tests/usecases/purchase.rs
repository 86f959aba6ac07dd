use shared_core::usecases::purchase::*;

use super::*;

const ENOUGH: Duration = Duration::from_secs(25);

/// A call that `this` is about to make for `a`.
fn selling() -> World {
    let world = World::with([Reservation::calling(order("a"), lease("this"), at(0))]);
    world.kept().answer = Some(confirmed(VendorReference::itep("A1")));
    world
}

fn call(world: &World, left: Duration) -> Result<PurchaseResult, BackendError> {
    wait(purchase(world, world.reservation_of("a"), this(world, left).deadline))
}

fn outcome_handed_on(world: &World) -> Option<(u32, CallOutcome)> {
    match world.kept().results.as_slice() {
        [] => None,
        [(ResultMessage::Outcome { reservation_id, call_no, outcome }, Duration::ZERO)] => {
            assert_eq!(*reservation_id, order("a").id);
            Some((*call_no, outcome.clone()))
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_call_begins_only_with_time_to_end_and_to_be_written_and_what_is_written_takes_no_queue() {
    for (left, status, calls) in [
        (ENOUGH, Status::Ready, 1),
        (ENOUGH - Duration::from_millis(1), Status::Pending, 0),
        (Duration::from_secs(4), Status::Pending, 0),
    ] {
        let world = selling();
        call(&world, left).unwrap();
        assert_eq!((world.status_of("a"), world.calls().len()), (status, calls), "{left:?}");
        assert_eq!(outcome_handed_on(&world), None, "{left:?}");
    }
}

#[test]
fn a_vendor_has_as_long_to_answer_as_a_call_may_take_however_much_time_is_left() {
    for left in [ENOUGH, ENOUGH * 30] {
        let world = selling();
        call(&world, left).unwrap();
        assert_eq!(world.times_to_answer(), [TIMEOUTS.call], "{left:?}");
    }
}

#[test]
fn an_outcome_that_cannot_be_written_travels_by_the_queue() {
    let world = selling().failing(&["write"]);
    let bought = call(&world, ENOUGH).unwrap();
    assert_eq!(bought.reservation.status(), Status::Pending);
    assert_eq!(outcome_handed_on(&world), Some((1, confirmed(VendorReference::itep("A1")))));
    assert_eq!(world.kept().recoverable_errors, [order("a").id.to_string()]);
    assert!(call(&selling().failing(&["write", "record"]), ENOUGH).is_err());
}

#[test]
fn a_write_that_takes_too_long_is_not_waited_for() {
    let world = selling();
    world.kept().is_stuck = true;
    world.kept().purchase_takes = 15;
    call(&world, ENOUGH).unwrap();
    assert_eq!(outcome_handed_on(&world), Some((1, confirmed(VendorReference::itep("A1")))));
    let left = Duration::from_secs(25 - 15) - TIMEOUTS.handoff_margin;
    assert_eq!(world.kept().slept[0], left, "what is left but for handing over");
}

#[test]
fn a_test_that_is_somebody_elses_leaves_the_doubt_to_the_operator() {
    let other = ready(order("b"), "A1");
    let world = World::with([Reservation::calling(order("a"), lease("this"), at(0)), other]);
    world.kept().answer = Some(confirmed(VendorReference::itep("A1")));
    let bought = call(&world, ENOUGH).unwrap().reservation;
    assert_eq!((bought.status(), bought.reason), (Status::InDoubt, Some(Reason::ReferenceTaken)));
    assert_eq!(bought.evidence[0].reference, Some(VendorReference::itep("A1")));
    assert!(world.raised().contains(&Alert::ReferenceTaken));
}

#[test]
fn the_probes_own_call_tells_the_breaker_how_it_ended() {
    let world = selling().at(30);
    let probed = opened().start_probe(lease("this"), at(30)).unwrap();
    world.kept().breakers.insert(order("a").account, probed);
    world.kept().answer = Some(unknown(1));
    call(&world, ENOUGH).unwrap();
    let open = world.kept().breakers[&order("a").account].open.clone().unwrap();
    assert_eq!((open.failed, open.probe), (1, None));
}
