//! Withdrawing a reservation.

use serde_json::json;

use crate::world::{Vendor, World, reference};

#[tokio::test(flavor = "multi_thread")]
async fn a_test_that_was_not_begun_can_be_withdrawn_and_stays_paid() {
    let world = World::new().await;
    for vendor in Vendor::ALL {
        let bought = world.reserve(vendor.as_str(), &world.order(vendor)).await;
        let path = format!("/v1/reservations/{}/cancel", bought.id());
        let cancelled = world.post(&path).await;
        assert_eq!((cancelled.status.as_u16(), &cancelled.body["status"]), (200, &json!("cancelled")), "{cancelled:?}");
        assert_eq!(cancelled.body["vendor_released"], false);
        assert_eq!(world.post(&path).await.status, 200, "withdrawing twice is withdrawing");
        let launch = world.post(&format!("/v1/reservations/{}/launch", bought.id())).await;
        assert_eq!((launch.status.as_u16(), launch.problem()), (409, "nothing-to-launch"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_that_was_begun_cannot_be_withdrawn() {
    let world = World::new().await;
    let bought = world.buy(Vendor::Itep).await;
    world.happens(Vendor::Itep, &reference(&bought.body), "finish").await;
    world.until_status(&bought.id(), "awaiting_score").await;
    let refused = world.post(&format!("/v1/reservations/{}/cancel", bought.id())).await;
    assert_eq!((refused.status.as_u16(), refused.problem()), (409, "already-begun"), "{refused:?}");
    assert_eq!(world.reservation(&bought.id()).await["status"], "awaiting_score");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_that_comes_after_a_withdrawal_is_kept() {
    let world = World::new().await;
    let bought = world.buy(Vendor::Itep).await;
    world.post(&format!("/v1/reservations/{}/cancel", bought.id())).await;
    world.happens(Vendor::Itep, &reference(&bought.body), "grade").await;
    let completed = world.until_status(&bought.id(), "completed").await;
    assert_eq!(completed["result"]["late"], true);
    assert_eq!(completed["result"]["overall"]["value"], 4.5);
}
