//! What TrueNorth's rate limit and polls rest on.

use std::time::Duration;

use futures_util::future::join_all;
use shared_core::domain::ids::{AccountName, ClientId, ReservationId};
use shared_core::domain::limiter::{BURST, Caller, EARN_MS, Levels, Plan, Priority, SHARE_EARN_MS, SPACING_MS, plan};
use shared_core::ports::{BookingOutcome, LinkCountOutcome, LinkCounts, PollMark, Polls, RateLimits};

use crate::fixtures::*;
use crate::world::World;

fn caller(client: Option<&ClientId>) -> Caller<'_> {
    Caller { priority: Priority::Purchase, client }
}

fn at_levels(slot: i64, bucket: i64) -> Levels {
    Levels { slot, bucket, ..Levels::default() }
}

/// Books until it is done, going by what each refusal shows.
async fn book(limits: &impl RateLimits, account: &AccountName, now: i64) -> Levels {
    let mut seen = Levels::default();
    loop {
        let Plan::Book(booking) = plan(&seen, caller(None), now) else { panic!("the limit is used up") };
        match limits.book(account, &booking).await.unwrap() {
            BookingOutcome::Done(levels) => return levels,
            BookingOutcome::Stale(levels) => seen = levels,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn racing_bookings_get_slots_of_their_own() {
    let world = World::new().await;
    let now = at(0).as_millisecond();
    let bookings = join_all((0..20).map(|_| {
        let store = world.store.clone();
        tokio::spawn(async move { book(&store, &account_name(), now).await })
    }));
    let mut levels: Vec<_> = bookings.await.into_iter().map(Result::unwrap).collect();
    levels.sort_by_key(|levels| levels.slot);
    let expected = (1..=20).map(|n| at_levels(now + n * SPACING_MS, now + n * EARN_MS));
    assert_eq!(levels, expected.collect::<Vec<_>>());
}

#[tokio::test]
async fn a_booking_starts_from_now_where_a_level_has_rested() {
    let world = World::new().await;
    let now = at(0).as_millisecond();
    book(&world.store, &account_name(), now).await;
    let later = now + SPACING_MS + 1;
    let levels = book(&world.store, &account_name(), later).await;
    assert_eq!(levels, at_levels(later + SPACING_MS, now + 2 * EARN_MS));
    let other: AccountName = "other".parse().unwrap();
    let fresh = book(&world.store, &other, now).await;
    assert_eq!(fresh, at_levels(now + SPACING_MS, now + EARN_MS));
}

#[tokio::test]
async fn a_booking_that_does_not_fit_is_refused_with_the_levels_as_they_are() {
    let world = World::new().await;
    let now = at(0).as_millisecond();
    world.store.empty(&account_name(), at(0)).await.unwrap();
    let Plan::Book(booking) = plan(&Levels::default(), caller(None), now) else { panic!("nothing was used") };
    let emptied = at_levels(0, now + BURST * EARN_MS);
    assert_eq!(world.store.book(&account_name(), &booking).await.unwrap(), BookingOutcome::Stale(emptied.clone()));
    assert!(matches!(plan(&emptied, caller(None), now), Plan::Hold { .. }));
    world.store.empty(&account_name(), at(-60)).await.unwrap();
    assert_eq!(world.store.book(&account_name(), &booking).await.unwrap(), BookingOutcome::Stale(emptied));
}

#[tokio::test]
async fn each_clients_share_is_counted_beside_the_levels() {
    let world = World::new().await;
    let (now, clients) = (at(0).as_millisecond(), ["acme", "other-1"].map(|name| name.parse().unwrap()));
    let mut seen = Levels::default();
    for client in [&clients[0], &clients[1], &clients[0]] {
        let Plan::Book(booking) = plan(&seen, caller(Some(client)), now) else { panic!("the limit is used up") };
        let booked = world.store.book(&account_name(), &booking).await.unwrap();
        seen = booking.book(seen);
        assert_eq!(booked, BookingOutcome::Done(seen.clone()));
    }
    assert_eq!(seen.shares, clients.clone().into_iter().zip([now + 2 * SHARE_EARN_MS, now + SHARE_EARN_MS]).collect());
    let rested = Levels { shares: Default::default(), ..seen.clone() };
    let Plan::Book(booking) = plan(&rested, caller(Some(&clients[0])), now) else { panic!("the limit is used up") };
    assert_eq!(world.store.book(&account_name(), &booking).await.unwrap(), BookingOutcome::Stale(seen));
}

#[tokio::test]
async fn a_reservation_is_given_three_links_in_any_ten_seconds() {
    let world = World::new().await;
    let [id, other] = ["k", "l"].map(|key| ReservationId::derive(&client(), key));
    let mut answers = Vec::new();
    for seconds in [0, 0, 4, 4, 9, 10, 11, 13, 14] {
        answers.push(match world.store.count_link(&id, at(seconds)).await.unwrap() {
            LinkCountOutcome::Done => 0,
            LinkCountOutcome::TooMany { retry_after } => retry_after.as_secs(),
        });
    }
    assert_eq!(answers, [0, 0, 0, 6, 1, 0, 0, 1, 0]);
    assert_eq!(world.store.count_link(&other, at(4)).await.unwrap(), LinkCountOutcome::Done);
}

#[tokio::test]
async fn a_poll_is_one_at_a_time_and_leaves_its_mark() {
    let world = World::new().await;
    let (polls, account) = (&world.store, account_name());
    assert_eq!(polls.begin(&account, at(0), at(120)).await.unwrap(), Some(PollMark::default()));
    assert_eq!(polls.begin(&account, at(119), at(300)).await.unwrap(), None);
    let mark = PollMark { seen_to: Some(at(100)), cursor: Some("further".to_owned()) };
    polls.end(&account, &mark).await.unwrap();
    assert_eq!(polls.begin(&account, at(130), at(250)).await.unwrap(), Some(mark));
    let round_over = PollMark { seen_to: Some(at(130)), cursor: None };
    polls.end(&account, &round_over).await.unwrap();
    assert_eq!(polls.begin(&account, at(140), at(260)).await.unwrap(), Some(round_over));
}

#[tokio::test]
async fn a_poll_that_outlived_its_lease_leaves_the_next_alone() {
    let world = World::new().await;
    let account = account_name();
    let another = shared::aws::DynamoStore::new(world.clients.clone(), &world.name);
    world.store.begin(&account, at(0), at(120)).await.unwrap().unwrap();
    another.begin(&account, at(121), at(240)).await.unwrap().expect("the lease has lapsed");
    let mark = PollMark { seen_to: Some(at(100)), cursor: None };
    world.store.end(&account, &mark).await.unwrap();
    assert_eq!(world.store.begin(&account, at(130), at(250)).await.unwrap(), None);
    another.end(&account, &PollMark { seen_to: Some(at(121)), cursor: None }).await.unwrap();
    let found = world.store.begin(&account, at(131), at(250)).await.unwrap().unwrap();
    assert_eq!(found.seen_to, Some(at(121)));
}

#[tokio::test]
async fn accounts_are_registered_for_polling_once() {
    let world = World::new().await;
    assert_eq!(world.store.accounts().await.unwrap(), []);
    for name in ["default", "another", "default"] {
        world.store.register_poll(&name.parse().unwrap()).await.unwrap();
    }
    let names: Vec<_> = world.store.accounts().await.unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(names, ["another", "default"]);
}

#[tokio::test]
async fn a_reservation_is_looked_up_once_in_an_interval() {
    let world = World::new().await;
    let (id, interval) = (ReservationId::derive(&client(), "k"), Duration::from_secs(30));
    let mut answers = Vec::new();
    for seconds in [0, 1, 29, 30, 31, 61] {
        answers.push(world.store.may_look_up(&id, at(seconds), interval).await.unwrap());
    }
    assert_eq!(answers, [true, false, false, true, false, true]);
}
