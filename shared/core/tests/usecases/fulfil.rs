use shared_core::usecases::fulfil::*;

use super::*;

const ENOUGH: Duration = Duration::from_secs(25);
const TOO_LITTLE: Duration = Duration::from_millis(24_999);

fn fulfil(world: &World, left: Duration) -> FulfilOutcome {
    wait(usecases::fulfil::fulfil(world, &order("a").id, &this(world, left))).unwrap()
}

fn queued() -> Reservation {
    Reservation::queued(order("a"), at(60), at(0))
}

/// A vendor that sells, and what is kept of its account.
fn selling(reservation: Reservation, breaker: Breaker) -> World {
    let world = World::with([reservation]).at(60);
    world.kept().answer = Some(confirmed(VendorReference::itep("A1")));
    world.kept().breakers.insert(order("").account, breaker);
    world
}

fn breaker_of(world: &World) -> Breaker {
    world.kept().breakers.get(&order("").account).cloned().unwrap_or_default()
}

#[test]
fn what_waits_is_bought() {
    let world = selling(queued(), Breaker::default());
    assert_eq!((fulfil(&world, ENOUGH), world.status_of("a")), (FulfilOutcome::Called, Status::Ready));
    assert_eq!((world.calls(), breaker_of(&world)), (vec![1], Breaker::default()));
}

#[test]
fn nothing_is_bought_for_a_person_who_was_erased() {
    let mut erased = queued();
    erased.erase_person();
    let world = selling(erased, Breaker::default());
    assert_eq!((fulfil(&world, ENOUGH), world.status_of("a")), (FulfilOutcome::Called, Status::Rejected));
    assert!(world.calls().is_empty());
}

#[test]
fn a_message_that_is_early_late_or_about_nobody_does_nothing() {
    let sold = ready(order("a"), "A1");
    let calling = story(order("a"), at(1), &[]);
    for (world, second) in [
        (selling(queued(), Breaker::default()), 59),
        (selling(queued(), Breaker::default()), 90 * DAY),
        (selling(sold, Breaker::default()), 60),
        (selling(calling, Breaker::default()), 60),
        (World::with([]), 60),
    ] {
        let world = world.at(second);
        assert_eq!((fulfil(&world, ENOUGH), world.writes()), (FulfilOutcome::Nothing, 0));
        assert!(world.calls().is_empty());
    }
}

#[test]
fn the_call_that_is_made_is_the_next_one_and_so_is_the_one_whose_request_is_kept() {
    let again = story(order("a"), at(90), &[Event::LeaseLapsed { call_no: 1 }, Event::NothingSold]);
    let world = selling(again, Breaker::default()).at(100);
    world.kept().request_digest = Some(Digest::sha256(b"request"));
    world.kept().answer = Some(unknown(2));
    assert_eq!(fulfil(&world, ENOUGH), FulfilOutcome::Called);
    assert_eq!(world.calls(), [2]);
    assert_eq!(world.reservation_of("a").request_digest.map(|request_digest| request_digest.call_no), Some(2));
}

#[test]
fn who_finds_it_withdrawn_while_writing_that_a_call_begins_does_not_make_it() {
    let world = selling(queued(), Breaker::default());
    world.kept().overtaken_by = Some(after(queued(), &Event::Cancel, at(60)));
    assert_eq!((fulfil(&world, ENOUGH), world.status_of("a")), (FulfilOutcome::Nothing, Status::Cancelled));
    assert!(world.calls().is_empty());
}

#[test]
fn who_cannot_write_that_a_call_or_a_probe_or_a_repetition_begins_does_not_make_it() {
    for (case, world) in [
        ("call", selling(queued(), Breaker::default())),
        ("probe", selling(queued(), opened())),
        ("repetition", doubtful()),
    ] {
        let world = world.failing(&["write"]);
        assert!(wait(usecases::fulfil::fulfil(&world, &order("a").id, &this(&world, ENOUGH))).is_err(), "{case}");
        assert!(world.calls().is_empty(), "{case}");
        let open = breaker_of(&world).open.map(|open| (open.failed, open.probe));
        assert_eq!(open, (case == "probe").then_some((0, None)), "{case}: its place is left to another");
    }
}

#[test]
fn what_waits_at_a_held_account_is_left_to_a_later_sweep_but_not_beyond_its_expiry() {
    let soon = Order { expires_at: at(61), ..order("a") };
    let paused = Breaker::default().pause(by("ann")).unwrap();
    let probed = opened().start_probe(lease("another"), at(30)).unwrap();
    for (reservation, breaker, from, to) in [
        (queued(), paused.clone(), 360, 380),
        (queued(), probed, 90, 110),
        (Reservation::queued(soon, at(60), at(0)), paused, 61, 61),
    ] {
        let world = selling(reservation, breaker);
        assert_eq!((fulfil(&world, ENOUGH), world.writes()), (FulfilOutcome::Held, 0));
        let due_at = world.reservation_of("a").due_at.unwrap();
        assert!(due_at >= at(from) && due_at <= at(to), "{due_at}");
        assert!(world.calls().is_empty());
    }
}

#[test]
fn the_probe_asks_for_a_sign_of_life_and_closes_the_breaker_by_buying() {
    let world = selling(queued(), opened());
    assert_eq!(fulfil(&world, ENOUGH), FulfilOutcome::Called);
    assert_eq!((world.status_of("a"), breaker_of(&world).is_quiet()), (Status::Ready, true));
    assert_eq!(world.kept().asked_for_a_sign, 1);
}

#[test]
fn nothing_is_bought_from_a_vendor_that_gives_no_sign_of_life() {
    let world = selling(queued(), opened());
    world.kept().is_silent = true;
    assert_eq!(fulfil(&world, ENOUGH), FulfilOutcome::Held);
    let open = breaker_of(&world).open.unwrap();
    assert_eq!((open.failed, open.probe_at, open.probe), (1, at(60 + 60), None));
    assert!(world.reservation_of("a").due_at >= Some(at(120)));
    assert_eq!((world.raised(), world.writes()), (vec![Alert::AccountPaused], 0));
    assert!(world.calls().is_empty());
}

#[test]
fn one_probe_in_sixteen_buys_without_asking() {
    let mut breaker = opened();
    breaker.open.as_mut().unwrap().failed = 15;
    let world = selling(queued(), breaker);
    world.kept().is_silent = true;
    assert_eq!((fulfil(&world, ENOUGH), world.status_of("a")), (FulfilOutcome::Called, Status::Ready));
    assert_eq!(world.kept().asked_for_a_sign, 0);
}

#[test]
fn three_lost_answers_in_a_row_open_the_breaker_and_tell_the_operator() {
    let world = World::with(["a", "b", "c"].map(|key| Reservation::queued(order(key), at(60), at(0)))).at(60);
    world.kept().answer = Some(unknown(1));
    for key in ["a", "b", "c"] {
        assert!(breaker_of(&world).open.is_none());
        wait(usecases::fulfil::fulfil(&world, &order(key).id, &this(&world, ENOUGH))).unwrap();
    }
    assert_eq!(breaker_of(&world).open.map(|open| open.since), Some(at(60)));
    assert_eq!(world.raised().into_iter().filter(|alert| *alert == Alert::AccountPaused).count(), 1);
}

/// A doubtful call whose request may be sent again from second 990 on.
fn doubtful() -> World {
    let repeatable = Reservation::calling(order("a"), lease("worker"), at(0))
        .with_request_digest(1, Some(Digest::sha256(b"request")));
    let world = World::with([after(repeatable, &Event::LeaseLapsed { call_no: 1 }, at(90))]).at(990);
    world.kept().answer_again = Some(ResendOutcome::Ended(confirmed(VendorReference::itep("A1"))));
    world
}

#[test]
fn a_doubtful_request_is_sent_again_when_it_is_due_and_its_answer_settles_it() {
    let early = doubtful().at(989);
    assert_eq!((fulfil(&early, ENOUGH), early.calls().len()), (FulfilOutcome::Nothing, 0));
    let world = doubtful();
    assert_eq!((fulfil(&world, ENOUGH), world.status_of("a")), (FulfilOutcome::Called, Status::Ready));
    assert_eq!((world.calls(), world.times_to_answer()), (vec![1], vec![TIMEOUTS.call]));
}

#[test]
fn a_doubtful_request_is_not_sent_again_without_time_or_while_the_operator_pauses() {
    let world = doubtful();
    assert_eq!((fulfil(&world, TOO_LITTLE), world.writes()), (FulfilOutcome::Nothing, 0));
    world.kept().breakers.insert(order("").account, opened());
    assert_eq!(fulfil(&world, ENOUGH), FulfilOutcome::Called, "an open breaker does not hold it");
    let paused = doubtful();
    paused.kept().breakers.insert(order("").account, Breaker::default().pause(by("ann")).unwrap());
    assert_eq!((fulfil(&paused, ENOUGH), paused.writes()), (FulfilOutcome::Held, 0));
    assert!(paused.reservation_of("a").due_at >= Some(at(990 + 300)));
    assert!(paused.calls().is_empty());
}

#[test]
fn a_repetition_that_teaches_nothing_leaves_the_doubt() {
    for (answer, may_try_again) in [(ResendOutcome::NotProcessed, true), (ResendOutcome::Impossible, false)] {
        let world = doubtful();
        world.kept().answer_again = Some(answer);
        assert_eq!(fulfil(&world, ENOUGH), FulfilOutcome::Called);
        let doubt = world.reservation_of("a");
        assert_eq!((doubt.status(), doubt.request_digest.is_some()), (Status::InDoubt, may_try_again));
    }
}

#[test]
fn a_repetition_that_somebody_else_begins_in_this_moment_is_left_to_them() {
    let world = doubtful();
    let begun = after(world.reservation_of("a"), &Event::ResendStarted, at(990));
    world.kept().overtaken_by = Some(begun);
    assert_eq!((fulfil(&world, ENOUGH), world.calls()), (FulfilOutcome::Nothing, vec![]));
}
