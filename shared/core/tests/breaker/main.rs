//! An hour without a clear answer, in virtual time: the use cases as they are
//! deployed, a vendor that hangs, and a thousand purchases.

#![allow(clippy::unwrap_used, reason = "a test that meets an error has failed")]

mod clock;
mod hour;
mod seeded;

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Waker};
use std::time::Duration;

use serde_json::json;
use shared_core::domain::breaker::UNKNOWNS_TO_OPEN;
use shared_core::domain::deadline::Deadline;
use shared_core::domain::reservation::{Alert, Status};
use shared_core::ports::Clock;
use shared_core::usecases::Invocation;
use shared_core::usecases::fulfil::fulfil;
use shared_core::usecases::reserve::{ReserveOutcome, reserve};
use shared_core::usecases::sweep::sweep;
use test_support::figures;

use hour::{Hour, look_doubts_up};
use test_support::World;
use test_support::fixtures::order_at_truenorth;

const PURCHASES: usize = 1_000;
const HOUR: Duration = Duration::from_secs(3600);
/// As many workers as the template allows.
const WORKERS: usize = 5;

type Task<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

/// One company's website: orders its share one after another, evenly over an hour.
async fn site(world: &World<Hour>, caller: usize, callers: usize) {
    let mine = (caller..PURCHASES).step_by(callers);
    for n in mine {
        world.clock.sleep_until(HOUR * u32::try_from(n).unwrap() / PURCHASES as u32).await;
        let order = order_at_truenorth(&n.to_string());
        let reserved = reserve(world, order, &invocation(world, format!("site-{n}"), 29), false).await.unwrap();
        assert!(matches!(reserved, ReserveOutcome::New { .. }), "no order comes twice here");
    }
}

/// An instance of `fulfil`.
async fn worker(world: &World<Hour>, name: usize) {
    for round in 0.. {
        match world.next_to_fulfil() {
            Some(id) => {
                fulfil(world, &id, &invocation(world, format!("worker-{name}-{round}"), 60)).await.unwrap();
            }
            None => world.clock.sleep(Duration::from_secs(1)).await,
        }
    }
}

async fn sweeper(world: &World<Hour>) {
    loop {
        sweep(world, Deadline::after(world.clock.now(), Duration::from_secs(50))).await.unwrap();
        world.clock.sleep(Duration::from_secs(60)).await;
    }
}

fn invocation(world: &World<Hour>, id: String, seconds: u64) -> Invocation {
    Invocation { id, deadline: Deadline::after(world.clock.now(), Duration::from_secs(seconds)) }
}

/// Lets everything run until all is sold, or a day is over.
fn until_sold(world: &World<Hour>, callers: usize) {
    runs_until(world, callers, HOUR * 24);
    assert_eq!(world.kept().memory.results, [], "every outcome can be written");
    assert!(world.clock.passed() < HOUR * 24, "{} of {PURCHASES} are sold", world.count(Status::Ready));
}

/// Lets everything run until all is sold, or so much time has passed.
fn runs_until(world: &World<Hour>, callers: usize, limit: Duration) {
    let mut tasks: Vec<Task<'_>> = vec![Box::pin(sweeper(world)), Box::pin(look_doubts_up(world))];
    tasks.extend((0..callers).map(|caller| -> Task<'_> { Box::pin(site(world, caller, callers)) }));
    tasks.extend((0..WORKERS).map(|name| -> Task<'_> { Box::pin(worker(world, name)) }));
    let mut context = Context::from_waker(Waker::noop());
    while world.count(Status::Ready) < PURCHASES && world.clock.passed() < limit {
        tasks.retain_mut(|task| task.as_mut().poll(&mut context).is_pending());
        world.clock.advance();
    }
}

fn record(world: &World<Hour>, callers: usize) {
    let doubts = json!({callers.to_string(): world.doubts()});
    let command = "cargo test -p shared-core --test breaker";
    figures::record("breaker", command, json!({"purchases": PURCHASES, "doubts_by_callers": doubts}));
}

/// Every reservation has its one test at the vendor, and knows it.
fn assert_sold_once_each(world: &World<Hour>) {
    assert_eq!(world.count(Status::Ready), PURCHASES);
    let sales = &world.kept().sales;
    assert_eq!(sales.len(), PURCHASES, "nobody is left out");
    assert!(sales.values().all(|tests| tests.len() == 1), "nobody has two");
}

#[test]
fn a_vendor_that_hangs_for_an_hour_makes_three_doubts_and_then_sells_a_thousand_once_each() {
    let world = World::new(Hour::hanging_for(HOUR));
    until_sold(&world, 1);
    assert_sold_once_each(&world);
    record(&world, 1);
    assert_eq!(world.doubts(), UNKNOWNS_TO_OPEN as usize);
    assert_eq!(world.kept().unanswered, UNKNOWNS_TO_OPEN as usize);
    assert!(world.count_raised(Alert::AccountPaused) >= 1);
    let late = world.clock.passed() - HOUR;
    assert!(late < Duration::from_secs(1200), "all is sold {late:?} after the vendor is back");
}

#[test]
fn calls_that_are_out_when_the_vendor_begins_to_hang_are_all_that_comes_on_top() {
    for callers in [4, 20, 100] {
        let world = World::new(Hour::hanging_for(HOUR));
        until_sold(&world, callers);
        assert_sold_once_each(&world);
        record(&world, callers);
        // Orders come 3.6 s apart and a call is given up after 20 s: six are out when
        // the first is known to be lost, two more follow before the third is.
        let most = (UNKNOWNS_TO_OPEN as usize - 1 + callers).min(8);
        assert_eq!((world.doubts(), world.kept().unanswered), (most, most), "{callers} callers");
    }
}

#[test]
fn a_vendor_that_never_gives_a_sign_of_life_is_tried_all_the_same_after_a_while() {
    let world = World::new(Hour { is_mute: true, ..Hour::hanging_for(HOUR) });
    until_sold(&world, 1);
    assert_sold_once_each(&world);
    assert_eq!(world.doubts(), UNKNOWNS_TO_OPEN as usize);
}

#[test]
fn breakers_that_cannot_be_kept_stop_no_purchase() {
    let world = World::new(Hour { breakers_fail: true, ..Hour::hanging_for(Duration::ZERO) });
    until_sold(&world, 3);
    assert_sold_once_each(&world);
    assert!(world.kept().memory.recoverable_errors.len() >= PURCHASES, "and somebody is told");
}

#[test]
fn a_vendor_that_is_well_never_hears_of_a_breaker() {
    let world = World::new(Hour::hanging_for(Duration::ZERO));
    until_sold(&world, 3);
    assert_sold_once_each(&world);
    assert_eq!((world.doubts(), world.breaker_writes(), world.count_raised(Alert::AccountPaused)), (0, 0, 0));
}
