//! Unused reservations expire.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::world::{Vendor, World, reference};

pub(crate) fn soon() -> Value {
    json!((Timestamp::now() + SignedDuration::from_secs(4)).to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_that_nobody_begins_expires() {
    let world = World::new().await;
    for vendor in Vendor::ALL {
        let mut order = world.order(vendor);
        order["expires_at"] = soon();
        let bought = world.reserve(vendor.as_str(), &order).await;
        assert_eq!(bought.status, 201, "{bought:?}");
        world.until_swept(&bought.id(), "expired").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_truenorth_test_that_was_begun_is_seen_before_it_would_expire() {
    let world = World::new().await;
    let mut order = world.truenorth_order("English Speaking");
    order["expires_at"] = soon();
    let bought = world.reserve("order", &order).await;
    world.happens(Vendor::Truenorth, &reference(&bought.body), "start").await;
    world.until_swept(&bought.id(), "in_progress").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_that_comes_after_the_expiry_wins_and_is_marked_late() {
    let world = World::new().await;
    let mut order = world.itep_order();
    order["expires_at"] = soon();
    let bought = world.reserve("order", &order).await;
    world.until_swept(&bought.id(), "expired").await;
    world.happens(Vendor::Itep, &reference(&bought.body), "grade").await;
    let completed = world.until_status(&bought.id(), "completed").await;
    assert_eq!(completed["result"]["late"], true);
    assert_eq!(completed["result"]["overall"]["cefr"], "C1");
}
