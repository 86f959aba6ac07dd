//! Buying a test: once, whatever is repeated.

use std::collections::HashSet;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::setup::Options;
use crate::world::{Answer, GRAMMAR, ITEP_PRODUCT, Vendor, World, reference};

#[tokio::test(flavor = "multi_thread")]
async fn a_test_bought_from_itep_is_ready_with_what_opens_it() {
    let world = World::new().await;
    let answer = world.reserve("order-1", &world.itep_order()).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    assert_eq!(answer.body["status"], "ready");
    assert_eq!(answer.header("location"), Some(format!("/v1/reservations/{}", answer.id()).as_str()));
    let sales = world.sales(Vendor::Itep).await;
    assert_eq!(sales.len(), 1);
    assert_eq!(sales[0]["reference"], reference(&answer.body));
    assert_eq!(sales[0]["reservation_id"], answer.id());
    assert_eq!(answer.body["launch"]["kind"], "credentials");
    assert_eq!(answer.body["launch"]["password"], sales[0]["password"]);
    assert_eq!(answer.body["launch"]["url"], "https://exam.example.com/");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_bought_from_truenorth_is_ready_with_a_link() {
    let world = World::new().await;
    let answer = world.reserve("order-1", &world.truenorth_order(GRAMMAR)).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    assert_eq!(answer.body["launch"]["kind"], "link");
    let read = world.reservation(&answer.id()).await;
    assert_eq!(read["launch"], Value::Null, "a reservation that is read opens nothing");
    assert_eq!(world.sales(Vendor::Truenorth).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_identical_requests_at_once_buy_one_test() {
    let world = World::new().await;
    let order = world.itep_order();
    let answers = join_all((0..50).map(|_| world.reserve("the-same", &order))).await;
    let ids: HashSet<_> = answers.iter().map(Answer::id).collect();
    assert_eq!(ids.len(), 1);
    assert!(answers.iter().all(|answer| answer.status == 201 || answer.status == 202), "{answers:?}");
    let replayed = answers.iter().filter(|answer| answer.header("idempotent-replayed") == Some("true")).count();
    assert_eq!(replayed, 49);
    world.until_status(&answers[0].id(), "ready").await;
    assert_eq!(world.sales(Vendor::Itep).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_requests_under_keys_of_their_own_buy_fifty_tests() {
    let world = World::new().await;
    let order = world.itep_order();
    let keys: Vec<_> = (0..50).map(|n| format!("order-{n}")).collect();
    let answers = join_all(keys.iter().map(|key| world.reserve(key, &order))).await;
    for answer in &answers {
        assert!(answer.status == 201 || answer.status == 202, "{answer:?}");
        world.until_status(&answer.id(), "ready").await;
    }
    let sold: HashSet<_> = world.sales(Vendor::Itep).await.iter().map(|sale| sale["reference"].to_string()).collect();
    assert_eq!(sold.len(), 50);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_request_is_answered_with_the_reservation_as_it_is_now() {
    let world = World::new().await;
    let first = world.buy(Vendor::Itep).await;
    world.happens(Vendor::Itep, &reference(&first.body), "finish").await;
    world.until_status(&first.id(), "awaiting_score").await;
    let again = world.reserve("the-order", &world.itep_order()).await;
    assert_eq!((again.status.as_u16(), again.id()), (201, first.id()));
    assert_eq!(again.body["status"], "awaiting_score");
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
}

#[tokio::test(flavor = "multi_thread")]
async fn companies_may_use_the_same_key_for_orders_of_their_own() {
    let mut world = World::new().await;
    let first = world.buy(Vendor::Itep).await;
    world.key = world.another_company().await;
    let second = world.buy(Vendor::Itep).await;
    assert_ne!(first.id(), second.id());
    assert_eq!(world.sales(Vendor::Itep).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_company_that_would_rather_not_wait_is_answered_at_once_and_gets_its_test() {
    let world = World::new().await;
    for vendor in Vendor::ALL {
        let request = world.reserving(vendor.as_str(), &world.order(vendor)).header("prefer", "respond-async");
        let answer = world.send(request).await;
        assert_eq!((answer.status.as_u16(), &answer.body["status"]), (202, &json!("pending")), "{answer:?}");
        assert_eq!(answer.header("preference-applied"), Some("respond-async"));
        assert!(answer.header("retry-after").is_some());
        world.until_status(&answer.id(), "ready").await;
        assert_eq!(world.sales(vendor).await.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn itep_emails_the_candidate_of_an_stx_product() {
    let world = World::new().await;
    let mut order = world.itep_order();
    order["product"] = json!("STX-Academic-Plus");
    let answer = world.reserve("order", &order).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let path = format!("mailbox?account={}", world.account);
    let mailbox = world.sim(Vendor::Itep, Method::GET, &path, Value::Null).await.to_string();
    assert!(mailbox.contains("mary@example.com") && mailbox.contains(&reference(&answer.body)), "{mailbox}");
}

/// iTEP's own request example: its field of study and its birthday break the
/// rules of iTEP's own table.
fn documented_order(world: &World) -> Value {
    json!({
        "vendor": "itep", "product": "STX-Academic-Plus", "account": world.account,
        "candidate": {
            "external_id": "9810283", "given_name": "Mary", "family_name": "Poppins",
            "email": "m.poppins@example.com",
        },
        "registration": {
            "Last_Name": "Poppins", "First_Name": "Mary", "Email": "m.poppins@example.com",
            "Birthday": "1955-07-08", "OIN": "123-456-7890", "OIN_Country": "US", "OIN_Type": "1",
            "Address": "10119 Popular Lane", "City": "Los Angeles", "Field_Of_Study": "Biology",
        },
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn iteps_own_request_example_is_answered_by_iteps_own_rules_and_bought_once_corrected() {
    let world = World::new().await;
    let mut order = documented_order(&world);
    let answer = world.reserve("sample", &order).await;
    assert_eq!((answer.status.as_u16(), answer.problem()), (422, "invalid-request"), "{answer:?}");
    let errors = answer.body["errors"].to_string();
    for told in ["#/registration/Birthday", "#/registration/Field_Of_Study", "Invalid Study Field [Biology]"] {
        assert!(errors.contains(told), "{told} in {errors}");
    }
    assert_eq!(world.calls(Vendor::Itep, "").await, 0);
    order["registration"]["Birthday"] = json!("7/8/1955");
    order["registration"]["Field_Of_Study"] = json!("Science");
    let answer = world.reserve("sample", &order).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    assert_eq!(world.sales(Vendor::Itep).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_vendor_refuses_is_rejected_with_its_reason_also_when_asked_again() {
    let world = World::new().await;
    for vendor in Vendor::ALL {
        world.fault(vendor, json!({ "match": "purchase", "fault": "refuse", "times": 1 })).await;
        let order = world.order(vendor);
        let first = world.reserve(vendor.as_str(), &order).await;
        assert_eq!((first.status.as_u16(), first.problem()), (422, "vendor-refused"), "{first:?}");
        assert!(first.body["vendor_reason"].is_string());
        let again = world.reserve(vendor.as_str(), &order).await;
        assert_eq!((again.status, again.id()), (first.status, first.id()));
        assert_eq!(again.header("idempotent-replayed"), Some("true"));
        assert_eq!(world.reservation(&first.id()).await["status"], "rejected");
        assert_eq!(world.sales(vendor).await.len(), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_without_tests_says_so() {
    let stock = vec![json!({ "product": ITEP_PRODUCT, "count": 0 })];
    let world = World::with(Options { itep_stock: stock, ..Options::default() }).await;
    let answer = world.reserve("order", &world.itep_order()).await;
    assert_eq!((answer.status.as_u16(), answer.problem()), (409, "out-of-tests"), "{answer:?}");
    assert_eq!(world.reservation(&answer.id()).await["status_reason"], "out_of_tests");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_vendor_did_not_process_is_bought_later_by_itself() {
    let world = World::new().await;
    for status in [429, 401] {
        let fault = json!({ "match": "assign", "fault": "status", "status": status, "times": 1 });
        world.fault(Vendor::Truenorth, fault).await;
        let key = format!("order-{status}");
        let answer = world.reserve(&key, &world.truenorth_order(GRAMMAR)).await;
        assert_eq!((answer.status.as_u16(), &answer.body["status"]), (202, &json!("pending")), "{answer:?}");
        assert!(answer.header("retry-after").is_some());
    }
    assert_eq!(world.sales(Vendor::Truenorth).await.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn products_are_what_the_companys_accounts_sell() {
    let world = World::new().await;
    let products = world.get("/v1/products").await;
    assert_eq!(products.status, 200, "{products:?}");
    let names: HashSet<_> = products.body["data"].as_array().unwrap().iter().map(|p| p["name"].to_string()).collect();
    assert!(products.body.to_string().contains("STX-Academic-Plus"));
    assert!(names.contains("\"English Speaking\""), "{names:?}");
    let first = &products.body["data"][0];
    for field in ["vendor", "account", "product", "name", "stock"] {
        assert!(first.get(field).is_some(), "{field} in {first}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_truenorth_test_can_be_ordered_by_its_id_in_any_case() {
    let world = World::new().await;
    let order = world.truenorth_order("C66496F2-35A7-465D-BB3B-58F6AF5CAEDB");
    let answer = world.reserve("order", &order).await;
    assert_eq!(answer.status, 201, "{answer:?}");
}
