//! A vendor that gives no clear answers is left alone, and bought from again by itself.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use shared_core::domain::breaker::OperatorAction;
use shared_core::ports::VendorEnv;
use shared_core::usecases::breaker;

use crate::in_process;
use crate::world::{Answer, Vendor, World};

async fn order(world: &World, vendor: Vendor, key: &str) -> Answer {
    let answer = world.reserve(key, &world.order(vendor)).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    answer
}

/// Orders until the account pauses: three doubts.
async fn three_doubts(world: &World, vendor: Vendor) {
    for n in 0..3 {
        let answer = order(world, vendor, &format!("doubt-{n}")).await;
        assert_eq!(answer.body["status"], "in_doubt", "{answer:?}");
    }
}

fn reservations_sold(sales: &[Value], ids: &[String]) -> Vec<usize> {
    ids.iter().map(|id| sales.iter().filter(|sale| sale["reservation_id"] == id.as_str()).count()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn after_three_doubts_orders_wait_without_a_call_and_are_sold_once_each_when_the_vendor_is_back() {
    for vendor in Vendor::ALL {
        let world = World::new().await;
        world.fault(vendor, json!({ "match": "purchase", "fault": "5xx-before", "times": 3 })).await;
        three_doubts(&world, vendor).await;
        let calls = world.purchase_calls(vendor).await;
        let mut waiting = Vec::new();
        for n in 0..6 {
            let answer = order(&world, vendor, &format!("waits-{n}")).await;
            let told = (&answer.body["status"], &answer.body["status_reason"]);
            assert_eq!(told, (&json!("pending"), &json!("account_paused")), "{answer:?}");
            waiting.push(answer.id());
        }
        assert_eq!((calls, world.sales(vendor).await.len()), (3, 0));
        for id in &waiting {
            world.until_swept(id, "ready").await;
        }
        assert_eq!(reservations_sold(&world.sales(vendor).await, &waiting), [1; 6]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_probe_that_is_lost_is_one_more_doubt_and_holds_the_others_back() {
    let (world, vendor) = (World::new().await, Vendor::Itep);
    world.fault(vendor, json!({ "match": "purchase", "fault": "5xx-before", "times": 4 })).await;
    three_doubts(&world, vendor).await;
    let mut waiting = Vec::new();
    for n in 0..5 {
        waiting.push(order(&world, vendor, &format!("waits-{n}")).await.id());
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
    assert_eq!(reservations_sold(&world.sales(vendor).await, &ready), [1; 4]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_the_operator_paused_sells_again_once_it_is_resumed() {
    for vendor in Vendor::ALL {
        let (world, hub) = (World::new().await, in_process::hub());
        let (account, by) = (world.account_at(vendor), OperatorAction::new("ann", Timestamp::now()));
        breaker::pause(hub.breakers(), &account, &by).await.expect("storage");
        let answer = order(&world, vendor, "order").await;
        assert_eq!(answer.body["status_reason"], "account_paused", "{answer:?}");
        world.run("expire-reservations").await;
        assert_eq!(world.purchase_calls(vendor).await, 0);
        breaker::resume(hub.breakers(), &account, &by).await.expect("storage");
        world.until_swept(&answer.id(), "ready").await;
        assert_eq!(world.sales(vendor).await.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_in_trouble_leaves_the_others_alone() {
    let (troubled, well) = (World::new().await, World::new().await);
    troubled.fault(Vendor::Itep, json!({ "match": "purchase", "fault": "5xx-before", "times": 3 })).await;
    three_doubts(&troubled, Vendor::Itep).await;
    troubled.buy(Vendor::Truenorth).await;
    well.buy(Vendor::Itep).await;
}
