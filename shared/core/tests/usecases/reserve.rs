use shared_core::usecases::reserve::*;

use super::*;

/// What is needed to buy at once, and no more.
const ENOUGH: Duration = Duration::from_secs(25);
const TOO_LITTLE: Duration = Duration::from_millis(24_999);

/// How a request is served: with so much time, and whether the client would rather not wait.
#[derive(Clone, Copy)]
struct Serving {
    left: Duration,
    respond_async: bool,
}

fn serving(left: Duration) -> Serving {
    Serving { left, respond_async: false }
}

fn asynchronously() -> Serving {
    Serving { respond_async: true, ..serving(ENOUGH) }
}

fn try_reserve(world: &World, order: Order, serving: Serving) -> Result<ReserveOutcome, ReserveError> {
    wait(usecases::reserve::reserve(world, order, &this(world, serving.left), serving.respond_async))
}

fn selling() -> World {
    let world = World::with([]);
    world.kept().answer = Some(confirmed(VendorReference::itep("A1")));
    world
}

fn reserve(world: &World, serving: Serving) -> ReserveOutcome {
    try_reserve(world, order("a"), serving).unwrap()
}

fn with_breaker(breaker: Breaker) -> World {
    let world = selling();
    world.kept().breakers.insert(order("").account, breaker);
    world
}

#[test]
fn a_new_order_is_bought_at_once_and_says_what_opens_the_test() {
    let world = selling();
    let launch =
        Launch::Credentials { url: None, test_id: "A1".to_owned(), password: Some(Sensitive::new("p".into())) };
    world.kept().answer =
        Some(CallOutcome::Confirmed { reference: VendorReference::itep("A1"), launch: Some(launch.clone()) });
    let ReserveOutcome::New { reservation, launch: said } = reserve(&world, serving(ENOUGH)) else {
        panic!("it is new")
    };
    assert_eq!((reservation.status(), said), (Status::Ready, Some(launch)));
    assert_eq!(world.reservation_of("a"), *reservation);
    assert_eq!((world.calls(), world.kept().fulfilments.len()), (vec![1], 0));
}

#[test]
fn who_would_rather_not_wait_is_served_by_the_queue() {
    let world = selling();
    let ReserveOutcome::New { reservation, launch: None } = reserve(&world, asynchronously()) else {
        panic!("it is new")
    };
    assert_eq!(reservation.status(), Status::Pending);
    assert_eq!((world.calls().len(), &world.kept().fulfilments[..]), (0, &[order("a").id][..]));
}

#[test]
fn a_call_is_made_at_once_only_if_it_and_its_record_end_in_time() {
    for (left, validation_takes, status) in [
        (ENOUGH, 0, Status::Ready),
        (TOO_LITTLE, 0, Status::Pending),
        (ENOUGH, 1, Status::Pending),
        (ENOUGH + Duration::from_secs(1), 1, Status::Ready),
    ] {
        let world = selling();
        world.kept().validation_takes = validation_takes;
        let ReserveOutcome::New { reservation, .. } = reserve(&world, serving(left)) else { panic!("it is new") };
        let calls = u32::from(status == Status::Ready);
        assert_eq!((reservation.status(), reservation.calls), (status, calls), "{left:?} {validation_takes}");
        assert_eq!(world.kept().fulfilments.len(), usize::from(status == Status::Pending));
    }
}

#[test]
fn the_same_request_again_is_answered_with_what_it_became_and_another_under_its_key_is_refused() {
    for serving in [serving(ENOUGH), asynchronously()] {
        let world = selling();
        reserve(&world, serving);
        let known = world.reservation_of("a");
        assert_eq!(reserve(&world, serving), ReserveOutcome::Replayed(Box::new(known.clone())));
        let other = Order { fingerprint: Fingerprint::new("a", "other"), ..order("a") };
        assert_eq!(try_reserve(&world, other, serving).unwrap(), ReserveOutcome::KeyReused(Box::new(known)));
        assert_eq!(world.calls().len() + world.kept().fulfilments.len(), 1);
    }
}

#[test]
fn a_write_that_was_repeated_for_us_does_not_look_like_somebody_elses() {
    let written = |holder: &str| Reservation::calling(order("a"), lease(holder), at(0));
    let ours = World::with([written("this")]);
    ours.kept().answer = Some(confirmed(VendorReference::itep("A1")));
    assert!(matches!(reserve(&ours, serving(ENOUGH)), ReserveOutcome::New { .. }));
    assert_eq!(ours.calls(), [1]);
    for (holder, serving) in [("another", serving(ENOUGH)), ("this", asynchronously())] {
        let world = World::with([written(holder)]);
        assert_eq!(reserve(&world, serving), ReserveOutcome::Replayed(Box::new(written(holder))), "{holder}");
        assert!(world.calls().is_empty());
    }
}

#[test]
fn the_order_of_a_held_account_waits_for_the_account() {
    let paused = Breaker::default().pause(by("ann")).unwrap();
    for (breaker, from) in [(paused, 300), (opened(), 30)] {
        let world = with_breaker(breaker);
        let ReserveOutcome::New { reservation, .. } = reserve(&world, serving(ENOUGH)) else { panic!("it is new") };
        assert_eq!((reservation.status(), reservation.reason), (Status::Pending, Some(Reason::AccountPaused)));
        let State::Queued { retry_at, .. } = reservation.state else { panic!("it waits") };
        assert!(retry_at >= at(from) && retry_at <= at(from + 20), "{retry_at}");
        assert_eq!((world.calls().len(), world.kept().fulfilments.len()), (0, 0));
    }
}

#[test]
fn where_a_probe_is_due_a_worker_makes_it() {
    let world = with_breaker(opened()).at(30);
    let ReserveOutcome::New { reservation, .. } = reserve(&world, serving(ENOUGH)) else { panic!("it is new") };
    assert_eq!(reservation.reason, Some(Reason::AccountPaused));
    assert_eq!((world.calls().len(), &world.kept().fulfilments[..]), (0, &[order("a").id][..]));
}

#[test]
fn an_account_whose_breaker_cannot_be_read_is_bought_from_all_the_same() {
    let world = selling().failing(&["breaker"]);
    reserve(&world, serving(ENOUGH));
    assert_eq!(world.status_of("a"), Status::Ready);
    assert!(world.kept().recoverable_errors.contains(&"itep#default".to_owned()));
}

#[test]
fn an_order_that_cannot_be_taken_leaves_nothing_behind() {
    let world = selling().failing(&["validate"]);
    let refused = try_reserve(&world, order("a"), serving(ENOUGH));
    assert!(matches!(refused, Err(ReserveError::Order(OrderProblem::UnknownProduct))));
    assert!(world.calls().is_empty() && world.kept().reservations.is_empty());
}

#[test]
fn where_storage_fails_nothing_is_bought_and_where_the_queue_does_the_sweep_goes_on() {
    let storage = selling().failing(&["insert"]);
    assert!(try_reserve(&storage, order("a"), serving(ENOUGH)).is_err());
    assert!(storage.calls().is_empty());
    let queue = selling().failing(&["fulfil"]);
    assert!(matches!(reserve(&queue, asynchronously()), ReserveOutcome::New { .. }));
    assert_eq!(queue.kept().recoverable_errors, [order("a").id.to_string()]);
    assert_eq!(queue.reservation_of("a").due_at, Some(at(0)));
}

#[test]
fn the_digest_of_what_is_sent_is_kept_with_a_call_and_with_nothing_else() {
    for (serving, call_no) in [(serving(ENOUGH), Some(1)), (asynchronously(), None)] {
        let world = selling();
        world.kept().request_digest = Some(Digest::sha256(b"request"));
        world.kept().answer = Some(unknown(1));
        reserve(&world, serving);
        assert_eq!(world.reservation_of("a").request_digest.map(|request_digest| request_digest.call_no), call_no);
    }
}
