//! What opens a test, and how often.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;

use crate::world::{GRAMMAR, Vendor, World};

#[tokio::test(flavor = "multi_thread")]
async fn launch_material_is_made_when_it_is_asked_for() {
    let world = World::new().await;
    let itep = world.buy(Vendor::Itep).await;
    let launch = world.post(&format!("/v1/reservations/{}/launch", itep.id())).await;
    assert_eq!(launch.status, 200, "{launch:?}");
    assert_eq!(launch.body, itep.body["launch"]);
    assert_eq!(launch.header("cache-control"), Some("no-store"));
    let truenorth = world.reserve("another", &world.truenorth_order(GRAMMAR)).await;
    let path = format!("/v1/reservations/{}/launch", truenorth.id());
    let (first, second) = (world.post(&path).await, world.post(&path).await);
    assert_eq!((&first.body["kind"], first.status.as_u16()), (&json!("link"), 200));
    assert_ne!(first.body["url"], second.body["url"], "a link works once, so each is fresh");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reservation_gets_three_links_in_ten_seconds_and_then_a_time_to_come_again() {
    let world = World::new().await;
    let bought = world.reserve("one", &world.truenorth_order(GRAMMAR)).await;
    let path = format!("/v1/reservations/{}/launch", bought.id());
    let before = world.reservation(&bought.id()).await;
    let answers = join_all((0..8).map(|_| world.post(&path))).await;
    let (links, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
    assert_eq!((links.len(), refused.len()), (3, 5), "{answers:?}");
    for answer in refused {
        assert_eq!((answer.status.as_u16(), answer.problem()), (429, "rate-limited"), "{answer:?}");
        let seconds: u64 = answer.header("retry-after").and_then(|text| text.parse().ok()).expect("a time to wait");
        assert!((1..=10).contains(&seconds), "{seconds}");
        assert_eq!(answer.body["reservation_id"], bought.id());
    }
    assert_eq!(world.reservation(&bought.id()).await, before, "links change nothing that a client reads");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_loop_of_launches_holds_up_no_purchase_of_another_company() {
    let world = Arc::new(World::new().await);
    let bought = world.reserve("one", &world.truenorth_order(GRAMMAR)).await;
    let (path, is_over) = (format!("/v1/reservations/{}/launch", bought.id()), Arc::new(AtomicBool::new(false)));
    let looping: Vec<_> = (0..24)
        .map(|_| {
            let (world, path, is_over) = (Arc::clone(&world), path.clone(), Arc::clone(&is_over));
            tokio::spawn(async move {
                while !is_over.load(Ordering::Relaxed) {
                    world.post(&path).await;
                }
            })
        })
        .collect();
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    let key = world.another_company().await;
    let purchases = (0..6).map(async |n| {
        let request = world.http.request(Method::POST, format!("{}/v1/reservations", world.env.hub)).bearer_auth(&key);
        let request = request.header("idempotency-key", format!("order-{n}"));
        world.send(request.json(&world.truenorth_order(GRAMMAR))).await
    });
    let answers = join_all(purchases).await;
    is_over.store(true, Ordering::Relaxed);
    join_all(looping).await;
    for answer in answers {
        assert_eq!((answer.status.as_u16(), &answer.body["status"]), (201, &json!("ready")), "{answer:?}");
    }
}
