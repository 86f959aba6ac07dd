//! What each operation costs: calls, which must not grow unnoticed, and capacity
//! units, for `shared/README.md`.

mod lives;
mod powertools;
mod rows;
mod tally;

use std::time::Duration;

use shared::aws::{Access, ApiKey};
use shared_core::domain::ids::{Mode, Vendor};
use shared_core::domain::limiter::{Caller, Levels, Plan, Priority, plan};
use shared_core::domain::reservation::{Event, Lease, Reservation};
use shared_core::ports::*;

use crate::fixtures::*;
use crate::world::World;
use lives::TEST;
use tally::Tally;

#[tokio::test]
async fn operations_cost_what_the_design_allows() {
    let world = World::new().await;
    let mut tally = Tally::new(&world);
    lives::an_itep_test(&mut tally).await;
    lives::a_truenorth_test(&mut tally).await;
    powertools::an_itep_test(&mut tally).await;
    buying(&mut tally).await;
    reading(&mut tally).await;
    guarding(&mut tally).await;
    tally.publish().await;
}

async fn buying(tally: &mut Tally<'_>) {
    let store = &tally.world.store;
    let again = Reservation::queued(order("k", Vendor::Itep), at(2), at(2));
    let found = tally.of("repeated order", "1 PutItem", store.insert(&again)).await;
    assert!(matches!(found.unwrap(), InsertOutcome::Existing(_)));
    let owner = store.owner(&again.order.account, TEST);
    tally.of("find the owner of a TestID", "1 GetItem", owner).await.unwrap().unwrap();
    let queued = Reservation::queued(order("queued", Vendor::Truenorth), at(2), at(2));
    tally.of("reserve for later", "1 PutItem", reserve(store, &queued)).await;
    let lease = Lease { holder: "worker".to_owned(), until: at(90) };
    let started = change(&queued, &Event::CallStarted(lease), at(3));
    let calling = tally.of("take the lease", "1 PutItem", commit(store, started)).await;
    let sold = confirmed(&calling, "b5f0e4a2-6a0f-4f1e-9a57-1f5ddc1f0a11", at(4));
    tally.of("claim and outcome, later", "2 PutItem", commit(store, sold)).await;
}

async fn reading(tally: &mut Tally<'_>) {
    let store = &tally.world.store;
    for n in 0..20 {
        reserve(store, &Reservation::queued(order(&format!("q{n}"), Vendor::Itep), at(1000 + n), at(n))).await;
    }
    tally.of("sweep with nothing due", "4 Query", store.due(at(500), 100)).await.unwrap();
    tally.of("sweep with 20 due", "4 Query", store.due(at(2000), 100)).await.unwrap();
    let query = ListQuery { client: client(), external_id: None, cursor: None, limit: 20 };
    let page = tally.of("list 20: index", "1 Query", store.list(&query)).await.unwrap();
    tally.of("list 20: reservations", "1 BatchGetItem", store.reservations(&page.items)).await.unwrap();
    tally.of("history, filed entries", "1 Query", store.filed_entries(&page.items[0], 0, 100)).await.unwrap();
    let in_doubt = store.worklist(&Worklist::InDoubt(Mode::Live), None, 100);
    tally.of("worklist, empty", "1 Query", in_doubt).await.unwrap();
    let first = store.reservation(&page.items[0]).await.unwrap().unwrap();
    tally.of("postpone", "1 UpdateItem", store.postpone(&first, at(3000))).await.unwrap();
}

async fn guarding(tally: &mut Tally<'_>) {
    let (store, account) = (&tally.world.store, "another".parse().unwrap());
    let buyer = client();
    let caller = Caller { priority: Priority::Purchase, client: Some(&buyer) };
    let Plan::Book(booking) = plan(&Levels::default(), caller, at(0).as_millisecond()) else { panic!("unused") };
    tally.of("TrueNorth call: book a slot", "1 UpdateItem", store.book(&account, &booking)).await.unwrap();
    tally.of("poll: begin", "1 UpdateItem", store.begin(&account, at(0), at(60))).await.unwrap();
    let mark = PollMark { seen_to: Some(at(0)), cursor: None };
    tally.of("poll: end", "1 UpdateItem", store.end(&account, &mark)).await.unwrap();
    let id = order("k", Vendor::Itep).id;
    let stamp = store.may_look_up(&id, at(0), Duration::from_secs(30));
    tally.of("look-up stamp", "1 UpdateItem", stamp).await.unwrap();
    tally.of("count a link", "1 UpdateItem", store.count_link(&id, at(0))).await.unwrap();
    let access = Access::new(store.clone(), Duration::from_secs(60));
    let stranger = ApiKey::generate(Mode::Live).unwrap().expose();
    tally.of("API key, unknown", "1 GetItem", access.authenticate(stranger.expose(), at(0))).await.unwrap();
    tally.of("API key, remembered", "none", access.authenticate(stranger.expose(), at(1))).await.unwrap();
}
