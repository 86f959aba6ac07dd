//! What was in doubt is settled: by a look-up where the vendor can be asked, by
//! the first report where it cannot, else by the operator; and sold once.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use shared_core::domain::ids::{ReservationId, VendorReference};
use shared_core::domain::reservation::{Lease, Reservation};
use shared_core::ports::Store;
use shared_core::usecases::settle_doubt::{Finding, SettleError, settle_doubt};

use crate::in_process::{self, Hub, stored};
use crate::setup::Options;
use crate::world::{Vendor, World, reference};

/// What happened to a reservation, by whom.
async fn told(world: &World, id: &str) -> Vec<String> {
    let text = |entry: &Value| {
        let who = entry["source"].as_str().unwrap_or_default();
        format!("{who}: {}", entry["event"].as_str().unwrap_or_default())
    };
    // A look-up that came twice (two sweeps met) is noted and changes nothing.
    world.history(id).await.iter().filter(|entry| entry["verdict"] == "applied").map(text).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_truenorth_sale_whose_answer_was_lost_is_found_after_the_quiet_time() {
    for fault in ["5xx-after", "reset-after", "hang"] {
        let world = World::new().await;
        let id = world.in_doubt(Vendor::Truenorth, fault).await;
        let settled = world.until_swept(&id, "ready").await;
        let sales = world.sales(Vendor::Truenorth).await;
        assert_eq!(sales.len(), 1, "{fault}");
        assert_eq!(Some(reference(&settled).as_str()), sales[0]["reference"].as_str(), "{fault}");
        assert_eq!(world.purchase_calls(Vendor::Truenorth).await, 1, "{fault}: found, not bought again");
        let story = ["client: reserved", "vendor_answer: call_unknown", "vendor_lookup: report_ready"];
        assert_eq!(told(&world, &id).await, story, "{fault}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_truenorth_call_that_sold_nothing_is_made_again_after_the_quiet_time() {
    for fault in ["5xx-before", "reset-before"] {
        let world = World::new().await;
        let id = world.in_doubt(Vendor::Truenorth, fault).await;
        world.until_swept(&id, "ready").await;
        assert_eq!(world.sales(Vendor::Truenorth).await.len(), 1, "{fault}");
        assert_eq!(world.purchase_calls(Vendor::Truenorth).await, 2, "{fault}");
        let story = [
            "client: reserved",
            "vendor_answer: call_unknown",
            "vendor_lookup: nothing_sold",
            "hub: call_started",
            "vendor_answer: call_confirmed",
        ];
        assert_eq!(told(&world, &id).await, story, "{fault}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_truenorth_call_whose_worker_died_is_settled_the_same_way() {
    let (world, hub) = (World::new().await, in_process::hub());
    let pattern = world.buy(Vendor::Truenorth).await.id();
    let pattern = stored(&hub, &pattern).await;
    let mut order = pattern.order.clone();
    order.id = ReservationId::derive(&order.client, "its-worker-died");
    let now = Timestamp::now();
    let died = Reservation::calling(order, Lease { holder: "a-dead-worker".to_owned(), until: now }, now);
    hub.store.insert(&died).await.expect("storage");
    world.until_swept(died.id().as_str(), "ready").await;
    let story = told(&world, died.id().as_str()).await;
    assert_eq!(story[1..3], ["hub: lease_lapsed", "vendor_lookup: nothing_sold"], "{story:?}");
    assert_eq!(world.sales(Vendor::Truenorth).await.len(), 2, "the pattern's and its own");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_itep_sale_whose_answer_was_lost_is_known_by_its_first_report() {
    let world = World::new().await;
    let id = world.in_doubt(Vendor::Itep, "5xx-after").await;
    tokio::time::sleep(Duration::from_secs(4)).await;
    world.run("expire-reservations").await;
    assert_eq!(world.reservation(&id).await["status"], "in_doubt", "nothing but a report tells");
    let sold = world.sales(Vendor::Itep).await[0]["reference"].as_str().expect("a test id").to_owned();
    world.happens(Vendor::Itep, &sold, "finish").await;
    let settled = world.until_status(&id, "awaiting_score").await;
    assert_eq!(reference(&settled), sold);
    world.happens(Vendor::Itep, &sold, "grade").await;
    world.until_status(&id, "completed").await;
    assert_eq!(world.sales(Vendor::Itep).await.len(), 1);
}

/// A world whose iTEP account is known to refuse what it has processed.
async fn repeating() -> World {
    let answer = json!({
        "test_id": ["/test-id"], "password": ["/password"], "reason": ["/message"],
        "refused_if": [{ "status": 422, "pointer": "/status", "equals": "error" }],
        "replay_if": [{ "status": 409, "pointer": "/code", "equals": "REPLAY" }],
    });
    let itep_profile = json!({ "resend_identical": true, "answer": answer });
    World::with(Options { itep_profile, ..Options::default() }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_itep_sale_that_refuses_its_repetition_is_known_to_be_sold_and_stays_in_doubt() {
    let world = repeating().await;
    let id = world.in_doubt(Vendor::Itep, "5xx-after").await;
    let told = world.until_swept_to(&id, "status_reason", "sold_reference_unknown").await;
    assert_eq!(told["status"], "in_doubt", "{told:#}");
    assert_eq!((world.sales(Vendor::Itep).await.len(), world.purchase_calls(Vendor::Itep).await), (1, 2));
    world.run("expire-reservations").await;
    assert_eq!(world.purchase_calls(Vendor::Itep).await, 2, "there is nothing more to learn");
    let sold = world.sales(Vendor::Itep).await[0]["reference"].as_str().expect("a test id").to_owned();
    world.happens(Vendor::Itep, &sold, "grade").await;
    world.until_status(&id, "completed").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_itep_call_that_never_arrived_is_repeated_byte_by_byte_and_sold_once() {
    let world = repeating().await;
    let id = world.in_doubt(Vendor::Itep, "5xx-before").await;
    world.until_swept(&id, "ready").await;
    assert_eq!((world.sales(Vendor::Itep).await.len(), world.purchase_calls(Vendor::Itep).await), (1, 2));
    let story =
        ["client: reserved", "vendor_answer: call_unknown", "hub: resend_started", "vendor_answer: call_confirmed"];
    assert_eq!(told(&world, &id).await, story);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operator_says_which_test_was_sold() {
    let (world, hub) = (World::new().await, in_process::hub());
    let id = world.in_doubt(Vendor::Itep, "5xx-after").await;
    let sold = world.sales(Vendor::Itep).await[0]["reference"].as_str().expect("a test id").to_owned();
    let finding = Finding::Sold(VendorReference::itep(&sold));
    settle(&hub, &stored(&hub, &id).await, finding.clone()).await.expect("a decision");
    let settled = world.reservation(&id).await;
    assert_eq!((settled["status"].as_str(), reference(&settled)), (Some("ready"), sold));
    assert_eq!(told(&world, &id).await.last().map(String::as_str), Some("operator: call_confirmed"));
    let again = settle(&hub, &stored(&hub, &id).await, finding).await;
    assert!(matches!(again, Err(SettleError::NotInDoubt(_))), "{again:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operator_says_that_nothing_was_sold_and_it_is_bought_again() {
    let (world, hub) = (World::new().await, in_process::hub());
    let id = world.in_doubt(Vendor::Itep, "5xx-before").await;
    settle(&hub, &stored(&hub, &id).await, Finding::NothingSold).await.expect("a decision");
    world.until_status(&id, "ready").await;
    assert_eq!(world.sales(Vendor::Itep).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operator_gives_up_and_a_report_that_comes_all_the_same_counts() {
    let (world, hub) = (World::new().await, in_process::hub());
    let id = world.in_doubt(Vendor::Itep, "5xx-after").await;
    settle(&hub, &stored(&hub, &id).await, Finding::GivenUp).await.expect("a decision");
    let given_up = world.reservation(&id).await;
    assert_eq!((given_up["status"].as_str(), given_up["status_reason"].as_str()), (Some("rejected"), Some("given_up")));
    let sold = world.sales(Vendor::Itep).await[0]["reference"].as_str().expect("a test id").to_owned();
    world.happens(Vendor::Itep, &sold, "grade").await;
    world.until_status(&id, "completed").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_for_another_reservations_test_or_on_an_old_view_is_refused() {
    let (world, hub) = (World::new().await, in_process::hub());
    let owner = world.reserve("the-owner", &world.itep_order()).await;
    let id = world.in_doubt(Vendor::Itep, "5xx-before").await;
    let seen = stored(&hub, &id).await;
    let others = Finding::Sold(VendorReference::itep(&reference(&owner.body)));
    let taken = settle(&hub, &seen, others).await;
    assert!(matches!(taken, Err(SettleError::ReferenceTaken)), "{taken:?}");
    assert_eq!(stored(&hub, &id).await, seen, "nothing was written");
    settle(&hub, &seen, Finding::GivenUp).await.expect("a decision");
    let old_view = settle(&hub, &seen, Finding::NothingSold).await;
    assert!(matches!(old_view, Err(SettleError::Changed)), "{old_view:?}");
    assert_eq!(world.reservation(&id).await["status"], "rejected");
}

async fn settle(hub: &Hub, seen: &Reservation, finding: Finding) -> Result<Reservation, SettleError> {
    settle_doubt(hub, seen, finding, "the operator".to_owned()).await
}
