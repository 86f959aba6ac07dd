//! Lists, worklists, histories and the quarantine, page by page.

use std::collections::HashSet;

use jiff::ToSpan;
use shared::aws::{Cursor, InvalidCursor};
use shared_core::domain::ids::{Mode, ReservationId, Vendor};
use shared_core::domain::reservation::{Event, Reservation};
use shared_core::ports::{ListQuery, Quarantine, Quarantined, Store, Worklist};

use crate::fixtures::*;
use crate::world::World;

fn of_client(external_id: Option<&str>, cursor: Option<String>, limit: usize) -> ListQuery {
    ListQuery { client: client(), external_id: external_id.map(str::to_owned), cursor, limit }
}

/// Reserves so many tests, a second apart; the first is the oldest.
async fn reserve_many(world: &World, count: i64) -> Vec<ReservationId> {
    let mut ids = Vec::new();
    for n in 0..count {
        let mut order = order(&n.to_string(), Vendor::Itep);
        order.candidate.as_mut().unwrap().external_id = if n % 2 == 0 { "even".into() } else { "odd".into() };
        let reservation = Reservation::queued(order, at(n), at(n));
        reserve(&world.store, &reservation).await;
        ids.push(reservation.id().clone());
    }
    ids
}

#[tokio::test]
async fn a_clients_reservations_come_newest_first_page_by_page() {
    let world = World::new().await;
    let mut expected = reserve_many(&world, 7).await;
    expected.reverse();
    let (mut seen, mut cursor, mut sizes) = (Vec::new(), None, Vec::new());
    loop {
        let page = world.store.list(&of_client(None, cursor, 3)).await.unwrap();
        sizes.push(page.items.len());
        seen.extend(page.items);
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!((seen, sizes), (expected, vec![3, 3, 1]));
    let exactly = world.store.list(&of_client(None, None, 7)).await.unwrap();
    assert_eq!((exactly.items.len(), exactly.next), (7, None));
}

#[tokio::test]
async fn a_candidates_reservations_are_theirs_and_their_clients_only() {
    let world = World::new().await;
    let all = reserve_many(&world, 6).await;
    let page = world.store.list(&of_client(Some("odd"), None, 10)).await.unwrap();
    assert_eq!(page.items, [5, 3, 1].map(|n: usize| all[n].clone()));
    assert_eq!(world.store.list(&of_client(Some("nobody"), None, 10)).await.unwrap().items, []);
    let another = ListQuery { client: "another".parse().unwrap(), ..of_client(Some("odd"), None, 10) };
    assert_eq!(world.store.list(&another).await.unwrap().items, []);
}

#[tokio::test]
async fn a_bad_cursor_is_told_from_an_outage() {
    let world = World::new().await;
    for cursor in ["", "next", "MjAyNi0xMS0yMw", "!!"] {
        assert_eq!(cursor.parse::<Cursor>(), Err(InvalidCursor));
        let failed = world.store.list(&of_client(None, Some(cursor.to_owned()), 3)).await.unwrap_err();
        assert!(failed.source.is::<InvalidCursor>(), "{failed:?}");
    }
}

#[tokio::test]
async fn worklists_hold_the_doubtful_and_what_is_open_at_truenorth() {
    let world = World::new().await;
    let (mut doubtful, mut open) = (Vec::new(), Vec::new());
    for n in 0..4 {
        let truenorth = calling(&format!("t{n}"), Vendor::Truenorth, at(n));
        let itep = calling(&format!("i{n}"), Vendor::Itep, at(n));
        reserve(&world.store, &truenorth).await;
        reserve(&world.store, &itep).await;
        open.push(commit(&world.store, confirmed(&truenorth, &format!("A{n}"), at(10))).await);
        doubtful.push(commit(&world.store, lost(&itep, at(100 - n))).await);
    }
    let ids = |reservations: &[Reservation]| reservations.iter().map(|r| r.id().clone()).collect::<Vec<_>>();
    let in_doubt = world.store.worklist(&Worklist::InDoubt(Mode::Live), None, 10).await.unwrap();
    doubtful.reverse();
    assert_eq!((in_doubt.items, in_doubt.next), (ids(&doubtful), None));

    let list = Worklist::Open(account_name());
    let first = world.store.worklist(&list, None, 3).await.unwrap();
    assert_eq!(first.items, ids(&open[..3]));
    let cancelled = change(&open[3], &Event::Cancel, at(200));
    commit(&world.store, cancelled).await;
    let second = world.store.worklist(&list, first.next.as_deref(), 3).await.unwrap();
    assert_eq!((second.items, second.next), (vec![], None));
    let settled = confirmed(&doubtful[0], "3279B035APR", at(300));
    commit(&world.store, settled).await;
    let in_doubt = world.store.worklist(&Worklist::InDoubt(Mode::Live), None, 10).await.unwrap();
    assert_eq!(in_doubt.items, ids(&doubtful[1..]));
}

#[tokio::test]
async fn a_worklist_holds_what_ended_unused_at_itep_until_its_test_is_reclaimed() {
    let world = World::new().await;
    let list = Worklist::Unused(account_name());
    for (key, vendor) in [("i", Vendor::Itep), ("t", Vendor::Truenorth)] {
        let bought = calling(key, vendor, at(0));
        reserve(&world.store, &bought).await;
        let ready = commit(&world.store, confirmed(&bought, "3279B035APR", at(1))).await;
        assert_eq!(world.store.worklist(&list, None, 10).await.unwrap().items, [], "it is not over");
        let expiry = ready.order.expires_at;
        let expired = commit(&world.store, change(&ready, &Event::ExpiryReached, expiry)).await;
        let unused = world.store.worklist(&list, None, 10).await.unwrap().items;
        assert_eq!(unused.contains(expired.id()), vendor == Vendor::Itep);
        let reference = expired.reference.clone().unwrap();
        let event = Event::Reclaimed { reference, seen_at: expiry, reason: "nobody came".to_owned() };
        commit(&world.store, change(&expired, &event, expiry)).await;
        assert_eq!(world.store.worklist(&list, None, 10).await.unwrap().items, []);
    }
}

#[tokio::test]
async fn a_history_goes_on_after_the_entry_that_was_read_last() {
    let world = World::new().await;
    let reserved = reserved(&world.store, "k").await;
    let mut current = commit(&world.store, confirmed(&reserved, "3279B035APR", at(1))).await;
    for n in 0..11 {
        current = commit(&world.store, change(&current, &Event::ExpiryReached, at(2 + n))).await;
    }
    let (first, more) = history(&world.store, current.id(), 1, 5).await;
    assert_eq!((first.iter().map(|e| e.seq).collect::<Vec<_>>(), more), ((2..=6).collect(), true));
    let (rest, more) = history(&world.store, current.id(), 6, 7).await;
    assert_eq!((rest.iter().map(|e| e.seq).collect::<Vec<_>>(), more), ((7..=13).collect(), false));
}

#[tokio::test]
async fn many_reservations_are_read_in_the_order_asked_for() {
    let world = World::new().await;
    let mut ids = reserve_many(&world, 120).await;
    ids.sort();
    let nobodys = ReservationId::derive(&client(), "never written");
    let asked: Vec<_> = [&ids[..60], &[nobodys], &ids[60..], &ids[..1]].concat();
    let read = world.store.reservations(&asked).await.unwrap();
    let expected: Vec<_> = [&ids[..], &ids[..1]].concat();
    assert_eq!(read.iter().map(|r| r.id().clone()).collect::<Vec<_>>(), expected);
    assert_eq!(world.store.reservations(&[]).await.unwrap(), []);
    assert_eq!(read.iter().map(Reservation::id).collect::<HashSet<_>>().len(), 120);
}

#[tokio::test]
async fn the_quarantine_keeps_each_receipt_once_and_lists_the_oldest_first() {
    let world = World::new().await;
    for n in [3, 1, 2] {
        world.store.keep(&quarantined(n, "no such test")).await.unwrap();
    }
    world.store.keep(&quarantined(2, "said again")).await.unwrap();
    let first = world.store.quarantined(Mode::Live, None, 2).await.unwrap();
    assert_eq!(first.items, [quarantined(1, "no such test"), quarantined(2, "no such test")]);
    let rest = world.store.quarantined(Mode::Live, first.next.as_deref(), 10).await.unwrap();
    assert_eq!((rest.items, rest.next), (vec![quarantined(3, "no such test")], None));
    let failed = world.store.quarantined(Mode::Live, Some("!!"), 2).await.unwrap_err();
    assert!(failed.source.is::<InvalidCursor>());
}

#[tokio::test]
async fn a_replayed_report_is_marked_and_kept_anew_if_it_fails_again() {
    let world = World::new().await;
    let first = quarantined(1, "no such test");
    world.store.keep(&first).await.unwrap();
    let marked = Quarantined { replayed_at: Some(at(2000)), ..first };
    world.store.mark_handled(&marked).await.unwrap();
    assert_eq!(world.store.quarantined(Mode::Live, None, 10).await.unwrap().items, [marked]);
    let again = quarantined(1, "still no such test");
    world.store.keep(&again).await.unwrap();
    world.store.keep(&quarantined(1, "a second delivery")).await.unwrap();
    assert_eq!(world.store.quarantined(Mode::Live, None, 10).await.unwrap().items, [again]);
    let nobodys = quarantined(9, "never kept");
    world.store.mark_handled(&nobodys).await.unwrap();
    assert_eq!(world.store.quarantined(Mode::Live, None, 10).await.unwrap().items.len(), 1);
}

fn quarantined(n: i64, why: &str) -> Quarantined {
    let receipt = receipt(&format!("receipt-{n}"), at(n) + 5.milliseconds(), vec![0, 255, 13, 10]);
    Quarantined::new(receipt, why, at(1000))
}
