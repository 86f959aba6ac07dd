//! Test mode: the same calls with another key, and nothing of it is live.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use shared::aws::DeadLetterQueue;
use shared::aws::clients::AwsClients;
use shared_core::domain::ids::{Mode, ReservationId};
use shared_core::domain::order::Order;
use shared_core::domain::reservation::{Lease, Reservation};
use shared_core::ports::Store;

use crate::batches::post::{Post, report_of};
use crate::expiry::soon;
use crate::in_process;
use crate::operating::hubctl;
use crate::webhooks::{all_quarantined, delivery, grade, quarantined};
use crate::world::{Vendor, World, eventually};

/// The company's live items and those of its vendor accounts, as they lie in the table.
async fn live_items(world: &World, ids: &[String]) -> Vec<String> {
    let aws = AwsClients::from_env().expect("the stack's environment");
    let (table, account) = (in_process::settings().table, &world.account);
    let mut partitions: Vec<_> = ids.iter().map(|id| format!("RES#{id}")).collect();
    partitions.extend(Vendor::ALL.map(|vendor| format!("ACCOUNT#{vendor}#{account}")));
    let mut found = Vec::new();
    for partition in partitions {
        let asked = aws.dynamodb().query().table_name(&table).consistent_read(true);
        let asked = asked.key_condition_expression("pk = :pk");
        let asked = asked.expression_attribute_values(":pk", AttributeValue::S(partition));
        for item in asked.send().await.expect("the table").items.unwrap_or_default() {
            let item: serde_json::Value = serde_dynamo::from_item(item).expect("an item");
            found.push(item.to_string());
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn in_test_mode_the_same_order_is_another_reservation_and_nothing_is_bought() {
    let live = World::new().await;
    live.hold_polls().await;
    let test = live.in_test_mode().await;
    let mut bought = Vec::new();
    for vendor in Vendor::ALL {
        let answer = live.reserve(vendor.as_str(), &live.order(vendor)).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        bought.push(answer.id());
    }
    let before = live_items(&live, &bought).await;
    for vendor in Vendor::ALL {
        let answer = test.reserve(vendor.as_str(), &test.order(vendor)).await;
        assert_eq!((answer.status.as_u16(), &answer.body["status"]), (201, &json!("ready")), "{answer:?}");
        let id: ReservationId = answer.id().parse().expect("a reservation's id");
        assert_eq!(id.mode(), Mode::Test);
        assert_eq!(answer.body["account"], json!(live.account), "accounts have the names that the company knows");
        let again = test.reserve(vendor.as_str(), &test.order(vendor)).await;
        assert_eq!((again.id(), again.header("idempotent-replayed")), (answer.id(), Some("true")));
        let launched = test.post(&format!("/v1/reservations/{id}/launch")).await;
        assert_eq!(launched.status, 200, "{launched:?}");
        let cancelled = test.post(&format!("/v1/reservations/{id}/cancel")).await;
        assert_eq!(cancelled.body["status"], "cancelled", "{cancelled:?}");
        assert_eq!(live.sales(vendor).await.len(), 1, "only what was ordered live was sold");
        assert_eq!(live.purchase_calls(vendor).await, 1);
    }
    assert_eq!(live_items(&live, &bought).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_one_mode_sees_nothing_of_the_other() {
    let live = World::new().await;
    let test = live.in_test_mode().await;
    let (bought, played) = (live.buy(Vendor::Itep).await.id(), test.buy(Vendor::Itep).await.id());
    for (world, others) in [(&live, &played), (&test, &bought)] {
        for path in ["", "/history"] {
            let answer = world.get(&format!("/v1/reservations/{others}{path}")).await;
            assert_eq!((answer.status.as_u16(), answer.problem()), (404, "not-found"), "{path}");
        }
        for action in ["cancel", "launch"] {
            let answer = world.post(&format!("/v1/reservations/{others}/{action}")).await;
            assert_eq!((answer.status.as_u16(), answer.problem()), (404, "not-found"), "{action}");
        }
    }
    for (world, own) in [(&live, &bought), (&test, &played)] {
        for query in ["", "?external_id=c-1001", "?status=ready"] {
            let listed = async || {
                let answer = world.get(&format!("/v1/reservations{query}")).await;
                let ids: Vec<_> =
                    answer.body["data"].as_array().expect("a list").iter().map(|it| it["id"].clone()).collect();
                if ids == [json!(own)] { Ok(()) } else { Err(answer) }
            };
            eventually("its own reservation, and no other", listed).await;
        }
    }
    let swapped = test.key.replacen("thk_test_", "thk_live_", 1);
    let answer = live.send(live.http.get(format!("{}/v1/reservations", live.env.hub)).bearer_auth(swapped)).await;
    assert_eq!((answer.status.as_u16(), answer.problem()), (401, "unauthorized"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_expires_and_a_doubt_arises_in_test_mode_without_a_live_alarm() {
    let (live, since) = (World::new().await, Timestamp::now());
    let test = live.in_test_mode().await;
    for vendor in Vendor::ALL {
        let mut order = test.order(vendor);
        order["expires_at"] = soon();
        let reserved = test.reserve(vendor.as_str(), &order).await;
        test.until_swept(&reserved.id(), "expired").await;
    }
    let doubtful = lost_call(&test).await;
    test.until_swept(&doubtful, "in_doubt").await;
    let noted = async || {
        let lines = live.log_lines(&live.log_group("expire-reservations"), since).await;
        let mut about: Vec<_> = lines.into_iter().filter(|line| line.contains(&doubtful)).collect();
        about.retain(|line| line.contains("InDoubt"));
        if about.is_empty() { Err("no line about the doubt") } else { Ok(about) }
    };
    for line in eventually("a line about the doubt", noted).await {
        assert!(line.contains("test mode") && !line.contains("CloudWatchMetrics"), "{line}");
    }
    let listed = hubctl(&["doubt", "list"]).await.to_string();
    assert!(!listed.contains(&doubtful), "the operator has nothing to settle: {listed}");
}

/// A reservation of iTEP's whose worker died in mid-call.
async fn lost_call(test: &World) -> String {
    let store = in_process::hub().store;
    let pattern: ReservationId = test.buy(Vendor::Itep).await.id().parse().expect("an id");
    let pattern = store.reservation(&pattern).await.expect("storage").expect("a reservation").order;
    let order = Order { id: ReservationId::derive(&pattern.client, "its-worker-died"), ..pattern };
    let (id, now) = (order.id.to_string(), Timestamp::now());
    let lease = Lease { holder: "a dead worker".to_owned(), until: now - SignedDuration::from_secs(1) };
    store.insert(&Reservation::calling(order, lease, now)).await.expect("storage");
    id
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_in_test_mode_is_quarantined_apart_and_no_vendor_can_send_one() {
    let live = World::new().await;
    let test = live.in_test_mode().await;
    let played = test.buy(Vendor::Itep).await;
    let document = grade(&played);
    let address = live.webhook(Vendor::Itep).replace(&live.account, &format!("test.{}", live.account));
    let refused = live.send(delivery(&live, &address, &document)).await;
    assert_eq!(refused.status, 404, "{refused:?}");
    let sent = live.send(delivery(&live, &live.webhook(Vendor::Itep), &document)).await;
    assert_eq!(sent.status, 200);
    let kept = quarantined(&live).await;
    assert!(kept.why.contains("another account"), "{}", kept.why);
    assert_eq!(test.reservation(&played.id()).await["status"], "ready");

    let messages =
        [("played", document.as_str()), ("unreadable", "{\"OID\": \"nobody can read on")].map(|(id, document)| {
            let (live_account, account) =
                ["", "test."].map(|mode| format!("\"account\":\"{mode}{}\"", live.account)).into();
            report_of(&live, id, document, 0).replacen(&live_account, &account, 1)
        });
    Post::of(DeadLetterQueue::Results).post(&messages).await;
    test.until_status(&played.id(), "completed").await;
    let apart = async || {
        let kept = all_quarantined(&live, Mode::Test).await;
        if kept.iter().any(|item| item.why.contains("JSON")) { Ok(()) } else { Err(kept) }
    };
    eventually("the unreadable report in test mode's quarantine", apart).await;
    assert_eq!(all_quarantined(&live, Mode::Live).await.len(), 1, "the one that came by the live address");
}
