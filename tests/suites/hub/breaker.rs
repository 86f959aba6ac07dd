//! A vendor that gives no clear answers is left alone, and bought from again by itself.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use shared_core::domain::breaker::OperatorAction;
use shared_core::domain::ids::{Account, Vendor};
use shared_core::ports::VendorEnv;
use shared_core::usecases::breaker;

use crate::in_process;
use crate::world::{Answer, Sim, World};

fn path_of(sim: Sim) -> &'static str {
    match sim {
        Sim::Itep => "ecommerce_webhook.php",
        Sim::Truenorth => "assign",
    }
}

fn account(world: &World, sim: Sim) -> Account {
    let vendor: Vendor = sim.name().parse().expect("a vendor");
    Account { vendor, name: world.account.parse().expect("an account's name") }
}

async fn order(world: &World, sim: Sim, key: &str) -> Answer {
    let answer = world.reserve(key, &world.order(sim)).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    answer
}

/// Orders until the account pauses: three doubts.
async fn three_doubts(world: &World, sim: Sim) {
    for n in 0..3 {
        let answer = order(world, sim, &format!("doubt-{n}")).await;
        assert_eq!(answer.body["status"], "in_doubt", "{answer:?}");
    }
}

fn reservations_sold(sales: &[Value], ids: &[String]) -> Vec<usize> {
    ids.iter().map(|id| sales.iter().filter(|sale| sale["reservation_id"] == id.as_str()).count()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn after_three_doubts_orders_wait_without_a_call_and_are_sold_once_each_when_the_vendor_is_back() {
    for sim in Sim::BOTH {
        let world = World::new().await;
        world.fault(sim, json!({ "match": "purchase", "fault": "5xx-before", "times": 3 })).await;
        three_doubts(&world, sim).await;
        let calls = world.calls(sim, path_of(sim)).await;
        let mut waiting = Vec::new();
        for n in 0..6 {
            let answer = order(&world, sim, &format!("waits-{n}")).await;
            let told = (&answer.body["status"], &answer.body["status_reason"]);
            assert_eq!(told, (&json!("pending"), &json!("account_paused")), "{answer:?}");
            waiting.push(answer.id());
        }
        assert_eq!((calls, world.sales(sim).await.len()), (3, 0));
        for id in &waiting {
            world.until_swept(id, "ready").await;
        }
        assert_eq!(reservations_sold(&world.sales(sim).await, &waiting), [1; 6]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_probe_that_is_lost_is_one_more_doubt_and_holds_the_others_back() {
    let (world, sim) = (World::new().await, Sim::Itep);
    world.fault(sim, json!({ "match": "purchase", "fault": "5xx-before", "times": 4 })).await;
    three_doubts(&world, sim).await;
    let mut waiting = Vec::new();
    for n in 0..5 {
        waiting.push(order(&world, sim, &format!("waits-{n}")).await.id());
    }
    let (mut ready, mut doubts) = (Vec::new(), 0);
    for id in &waiting {
        let bought = |reservation: &Value| reservation["status"] != "pending";
        let sweeping = async {
            loop {
                world.run("expire-reservations").await;
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
        };
        let settled = tokio::select! {
            settled = world.until(id, "an end of waiting", bought) => settled,
            () = sweeping => unreachable!("sweeping goes on for ever"),
        };
        if settled["status"] == "in_doubt" { doubts += 1 } else { ready.push(id.clone()) }
    }
    assert_eq!((doubts, ready.len()), (1, 4));
    assert_eq!(reservations_sold(&world.sales(sim).await, &ready), [1; 4]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_the_operator_paused_sells_again_once_it_is_resumed() {
    for sim in Sim::BOTH {
        let (world, hub) = (World::new().await, in_process::hub());
        let (account, by) = (account(&world, sim), OperatorAction { who: "ann".to_owned(), at: Timestamp::now() });
        breaker::pause(hub.breakers(), &account, &by).await.expect("storage");
        let answer = order(&world, sim, "order").await;
        assert_eq!(answer.body["status_reason"], "account_paused", "{answer:?}");
        world.run("expire-reservations").await;
        assert_eq!(world.calls(sim, path_of(sim)).await, 0);
        breaker::resume(hub.breakers(), &account, &by).await.expect("storage");
        world.until_swept(&answer.id(), "ready").await;
        assert_eq!(world.sales(sim).await.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_in_trouble_leaves_the_others_alone() {
    let (troubled, well) = (World::new().await, World::new().await);
    troubled.fault(Sim::Itep, json!({ "match": "purchase", "fault": "5xx-before", "times": 3 })).await;
    three_doubts(&troubled, Sim::Itep).await;
    troubled.buy(Sim::Truenorth).await;
    well.buy(Sim::Itep).await;
}
