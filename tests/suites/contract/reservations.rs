//! Reserving and committing.

use futures_util::future::join_all;
use jiff::ToSpan;
use shared::aws::dynamodb::KeptDocument;
use shared_core::domain::ids::{Digest, Vendor, VendorReference};
use shared_core::domain::reservation::{CallOutcome, Event, Lease, Report, ReportedStatus, Reservation, Source, State};
use shared_core::ports::{InsertOutcome, RawDocument, Store, WriteOutcome};
use shared_core::usecases::commit::write;

use crate::fixtures::*;
use crate::world::World;

fn raw(bytes: &[u8]) -> RawDocument {
    RawDocument { digest: Digest::sha256(bytes), bytes: bytes.to_vec() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_racing_reserves_have_one_winner() {
    let world = World::new().await;
    let tries = join_all((0..100).map(|n| {
        let store = world.store.clone();
        let lease = Lease { holder: format!("invocation {n}"), until: at(90) };
        let reservation = Reservation::calling(order("k", Vendor::Itep), lease, at(0));
        tokio::spawn(async move { (store.insert(&reservation).await.unwrap(), reservation) })
    }));
    let outcomes: Vec<_> = tries.await.into_iter().map(Result::unwrap).collect();
    let winners: Vec<_> = outcomes.iter().filter(|(found, _)| *found == InsertOutcome::New).collect();
    assert_eq!(winners.len(), 1);
    let winner = InsertOutcome::Existing(Box::new(winners[0].1.clone()));
    assert_eq!(outcomes.iter().filter(|(found, _)| *found == winner).count(), 99);
}

#[tokio::test]
async fn a_repeated_reserve_finds_the_reservation_as_it_is_now() {
    let world = World::new().await;
    let first = reserved(&world.store, "k").await;
    let ready = commit(&world.store, confirmed(&first, "3279B035APR", at(2))).await;
    let again = Reservation::queued(order("k", Vendor::Itep), at(5), at(5));
    assert_eq!(world.store.insert(&again).await.unwrap(), InsertOutcome::Existing(Box::new(ready)));
}

#[tokio::test]
async fn whoever_holds_the_lease_may_reserve_again_without_knowing_of_the_first_time() {
    let world = World::new().await;
    let reservation = reserved(&world.store, "k").await;
    reserve(&world.store, &reservation).await;
}

#[tokio::test]
async fn a_conflicting_write_changes_no_reservation_and_shows_what_there_is() {
    let world = World::new().await;
    let read = reserved(&world.store, "k").await;
    let current = commit(&world.store, lost(&read, at(1))).await;
    let late = confirmed(&read, "3279B035APR", at(2));
    let document = raw(b"{}");
    let outcome = write(&world.store, &late, Some(&document)).await.unwrap();
    assert_eq!(outcome, WriteOutcome::Conflict(Box::new(current.clone())));
    assert_eq!(world.store.reservation(read.id()).await.unwrap(), Some(current));
    let owner = world.store.owner(&account(Vendor::Itep), "3279B035APR").await.unwrap();
    assert_eq!(owner.as_ref(), Some(read.id()), "what the vendor named stays claimed");
    assert_eq!(history(&world.store, read.id(), 1, 10).await.0.len(), 1);
}

#[tokio::test]
async fn a_commit_that_is_sent_again_is_done_once() {
    let world = World::new().await;
    let reservation = reserved(&world.store, "k").await;
    let change = confirmed(&reservation, "3279B035APR", at(1));
    let document = raw(b"{\"Status\":\"Ready\"}");
    for _ in 0..3 {
        assert_eq!(write(&world.store, &change, Some(&document)).await.unwrap(), WriteOutcome::Done);
    }
    let (history, more) = history(&world.store, reservation.id(), 1, 10).await;
    assert_eq!((history, more), (vec![change.entry], false));
}

#[tokio::test]
async fn a_reference_has_one_owner() {
    let world = World::new().await;
    let (one, other) = (reserved(&world.store, "one").await, reserved(&world.store, "other").await);
    commit(&world.store, confirmed(&one, "3279B035APR", at(1))).await;
    let second = confirmed(&other, "3279B035APR", at(1));
    assert_eq!(write(&world.store, &second, None).await.unwrap(), WriteOutcome::ReferenceTaken);
    let itep = account(Vendor::Itep);
    assert_eq!(world.store.owner(&itep, "3279B035APR").await.unwrap().as_ref(), Some(one.id()));
    assert_eq!(world.store.reservation(other.id()).await.unwrap().as_ref(), Some(&other));
    assert_eq!(history(&world.store, other.id(), 1, 10).await.0, []);
    assert_eq!(world.store.owner(&account(Vendor::Truenorth), "3279B035APR").await.unwrap(), None);
    commit(&world.store, confirmed(&other, "3279b035apr", at(2))).await;
    assert_eq!(world.store.owner(&itep, "3279b035apr").await.unwrap().as_ref(), Some(other.id()));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operators_decision_that_lost_is_not_half_written() {
    let world = World::new().await;
    let read = reserved(&world.store, "k").await;
    let tries = join_all((0..20).map(|n| {
        let outcome = CallOutcome::Confirmed { reference: VendorReference::itep(&format!("T{n}")), launch: None };
        let event = Event::CallEnded { call_no: read.calls, outcome };
        let operator = Source::Operator { name: "ann".to_owned() };
        let (store, change) = (world.store.clone(), change_by(operator, &read, &event, at(n)));
        tokio::spawn(async move { (write(&store, &change, Some(&raw(b"{}"))).await.unwrap(), change) })
    }));
    let outcomes: Vec<_> = tries.await.into_iter().map(Result::unwrap).collect();
    let winners: Vec<_> = outcomes.iter().filter(|(outcome, _)| *outcome == WriteOutcome::Done).collect();
    assert_eq!(winners.len(), 1);
    let (_, winner) = winners[0];
    let history = history(&world.store, read.id(), 1, 100).await.0;
    assert_eq!(history, vec![winner.entry.clone()]);
    for n in 0..20 {
        let owner = world.store.owner(&account(Vendor::Itep), &format!("T{n}")).await.unwrap();
        let won = winner.after.reference.as_ref().is_some_and(|reference| reference.test() == format!("T{n}"));
        assert_eq!(owner.is_some(), won, "T{n}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn writers_who_plan_again_after_a_conflict_all_get_through() {
    let world = World::new().await;
    let read = reserved(&world.store, "k").await;
    let ready = commit(&world.store, confirmed(&read, "3279B035APR", at(1))).await;
    let writers = join_all((0..5).map(|n| {
        let (store, mut current) = (world.store.clone(), ready.clone());
        tokio::spawn(async move {
            loop {
                let change = change(&current, &Event::ExpiryReached, at(10 + n));
                match write(&store, &change, None).await.unwrap() {
                    WriteOutcome::Done => break,
                    WriteOutcome::Conflict(now) => current = *now,
                    WriteOutcome::ReferenceTaken => panic!("nothing is claimed"),
                }
            }
        })
    }));
    writers.await.into_iter().for_each(Result::unwrap);
    let history = history(&world.store, read.id(), 1, 100).await.0;
    assert_eq!(history.iter().map(|entry| entry.seq).collect::<Vec<_>>(), (2..=7).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_reclaimed_test_has_no_owner_until_it_is_sold_again() {
    let world = World::new().await;
    let (old, next) = (reserved(&world.store, "old").await, reserved(&world.store, "next").await);
    let itep = account(Vendor::Itep);
    let owner = async || world.store.owner(&itep, "3279B035APR").await.unwrap();
    let ready = commit(&world.store, confirmed(&old, "3279B035APR", at(1))).await;
    let expiry = ready.order.expires_at;
    let expired = commit(&world.store, change(&ready, &Event::ExpiryReached, expiry)).await;
    let sale = confirmed(&next, "3279B035APR", at(2));
    assert_eq!(write(&world.store, &sale, None).await.unwrap(), WriteOutcome::ReferenceTaken);
    let reference = expired.reference.clone().unwrap();
    let event = Event::Reclaimed { reference, seen_at: expiry, reason: "nobody came".to_owned() };
    let reclaimed = change(&expired, &event, expiry);
    commit(&world.store, reclaimed.clone()).await;
    assert_eq!(owner().await, None);
    assert_eq!(write(&world.store, &reclaimed, None).await.unwrap(), WriteOutcome::Done, "said twice");
    let history = history(&world.store, old.id(), 3, 10).await.0;
    assert_eq!(history, std::slice::from_ref(&reclaimed.entry));
    commit(&world.store, sale).await;
    assert_eq!(owner().await.as_ref(), Some(next.id()));
    let begun = Report { status: ReportedStatus::InProgress, ..graded(&ready) };
    let begun = change(&reclaimed.after, &Event::Reported(Box::new(begun)), expiry);
    assert_eq!(write(&world.store, &begun, None).await.unwrap(), WriteOutcome::ReferenceTaken, "it is another's");
}

#[tokio::test]
async fn a_postponement_holds_unless_the_reservation_has_changed() {
    let world = World::new().await;
    let read = reserved(&world.store, "k").await;
    let later = at(500) + 123_456_789.nanoseconds();
    world.store.postpone(&read, later).await.unwrap();
    assert_eq!(world.store.reservation(read.id()).await.unwrap().unwrap().due_at, Some(later));
    assert_eq!(world.store.due(later, 10).await.unwrap(), []);
    assert_eq!(world.store.due(later + 1.millisecond(), 10).await.unwrap(), [read.id().clone()]);
    let current = commit(&world.store, lost(&read, at(1))).await;
    world.store.postpone(&read, at(900)).await.unwrap();
    assert_eq!(world.store.reservation(read.id()).await.unwrap(), Some(current));
}

#[tokio::test]
async fn the_due_index_holds_what_is_due_the_longest_overdue_first() {
    let world = World::new().await;
    let mut ids = Vec::new();
    for n in 0..12 {
        let reservation = Reservation::queued(order(&n.to_string(), Vendor::Itep), at(100 - n), at(0));
        reserve(&world.store, &reservation).await;
        ids.push(reservation.id().clone());
    }
    assert_eq!(world.store.due(at(88), 100).await.unwrap(), []);
    assert_eq!(world.store.due(at(91), 100).await.unwrap(), [11, 10, 9].map(|n: usize| ids[n].clone()));
    assert_eq!(world.store.due(at(100), 2).await.unwrap(), [11, 10].map(|n: usize| ids[n].clone()));
    let last = world.store.reservation(&ids[11]).await.unwrap().unwrap();
    commit(&world.store, change(&last, &Event::Cancel, at(89))).await;
    assert_eq!(world.store.due(at(90), 100).await.unwrap(), [ids[10].clone()]);
}

#[tokio::test]
async fn everything_that_is_known_of_a_reservation_reads_back() {
    let world = World::new().await;
    let reservation = calling("k", Vendor::Itep, at(0) + 7.nanoseconds());
    reserve(&world.store, &reservation).await;
    let doubtful = commit(&world.store, lost(&reservation, at(30))).await;
    assert!(matches!(doubtful.state, State::InDoubt { .. }));
    let ready = commit(&world.store, confirmed(&doubtful, "3279B035APR", at(40))).await;
    let completed = change(&ready, &Event::Reported(Box::new(graded(&ready))), at(50));
    let document = raw(&[0, 159, 146, 150]);
    assert_eq!(write(&world.store, &completed, Some(&document)).await.unwrap(), WriteOutcome::Done);
    assert_eq!(world.store.reservation(reservation.id()).await.unwrap(), Some(completed.after));
    let history = history(&world.store, reservation.id(), 3, 10).await.0;
    assert_eq!(history, [completed.entry]);
    assert_eq!(history[0].source, Source::Hub);
}

#[tokio::test]
async fn a_document_is_kept_once_with_when_it_first_came_and_for_which_sitting() {
    let world = World::new().await;
    let reservation = reserved(&world.store, "k").await;
    let ready = commit(&world.store, confirmed(&reservation, "3279B035APR", at(40))).await;
    let completed = change(&ready, &Event::Reported(Box::new(graded(&ready))), at(50));
    let (first, document) = (completed.origin.unwrap(), raw(b"{}"));
    write(&world.store, &completed, Some(&document)).await.unwrap();
    let later = Report { observed_at: at(99), unreadable: Vec::new(), ..graded(&ready) };
    let later = Event::Reprocessed { report: Box::new(later), attempt: 1, reason: "again".to_owned() };
    let revised = change(&completed.after, &later, at(100));
    write(&world.store, &revised, Some(&document)).await.unwrap();
    let kept = world.store.kept_documents(reservation.id()).await.unwrap();
    assert_eq!(kept, [KeptDocument { document, origin: Some(first) }]);
    assert_eq!(first.attempt, 1);
}

#[tokio::test]
async fn a_reservation_that_does_not_exist_cannot_be_changed() {
    let world = World::new().await;
    let nobodys = calling("k", Vendor::Itep, at(0));
    assert_eq!(world.store.reservation(nobodys.id()).await.unwrap(), None);
    assert!(write(&world.store, &lost(&nobodys, at(1)), None).await.is_err());
    world.store.postpone(&nobodys, at(5)).await.unwrap();
    assert_eq!(world.store.reservation(nobodys.id()).await.unwrap(), None);
}
