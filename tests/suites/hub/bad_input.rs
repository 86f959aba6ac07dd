//! Bad input gets a clear problem, changes nothing, and costs nothing.

use reqwest::Method;
use serde_json::{Value, json};

use crate::setup::Options;
use crate::world::{Vendor, World};

/// Asserts that a request was refused and that nothing came of it.
async fn refused(world: &World, order: &Value, status: u16, problem: &str, told: &str) {
    let answer = world.reserve("order", order).await;
    assert_eq!((answer.status.as_u16(), answer.problem()), (status, problem), "{order:#}: {answer:?}");
    assert!(answer.body.to_string().contains(told), "{told:?} in {}", answer.body);
    nothing_happened(world).await;
}

async fn nothing_happened(world: &World) {
    assert_eq!(world.get("/v1/reservations").await.body["data"], json!([]));
    for vendor in Vendor::ALL {
        assert_eq!(world.sales(vendor).await.len(), 0);
    }
}

/// An order with another field.
pub(crate) fn with(order: &Value, pointer: &str, value: Value) -> Value {
    let mut order = order.clone();
    let (parent, field) = pointer.rsplit_once('/').expect("a pointer");
    order.pointer_mut(parent).expect("a parent")[field] = value;
    order
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_or_unknown_api_key_is_unauthorized() {
    let mut world = World::new().await;
    let order = world.itep_order();
    let bare = world.http.post(format!("{}/v1/reservations", world.env.hub)).json(&order);
    let answer = world.send(bare).await;
    assert_eq!((answer.status.as_u16(), answer.problem()), (401, "unauthorized"));
    assert!(answer.header("www-authenticate").is_some_and(|value| value.starts_with("Bearer")));
    let valid = world.key.clone();
    for key in ["nonsense", "thk_live_0000000000000000_0000", &format!("{}x", valid)] {
        world.key = key.to_owned();
        assert_eq!(world.reserve("order", &order).await.status, 401, "{key}");
    }
    world.key = valid;
    nothing_happened(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idempotency_key_must_be_there_be_short_and_mean_one_request() {
    let world = World::new().await;
    let order = world.itep_order();
    let without = world.request(Method::POST, "/v1/reservations").json(&order);
    let answer = world.send(without).await;
    assert_eq!((answer.status.as_u16(), answer.problem()), (400, "idempotency-key-missing"), "{answer:?}");
    let answer = world.reserve(&"k".repeat(256), &order).await;
    assert_eq!((answer.status.as_u16(), answer.problem()), (400, "idempotency-key-invalid"), "{answer:?}");
    nothing_happened(&world).await;
    assert_eq!(world.reserve("the-key", &order).await.status, 201);
    let quoted = world.reserve("\"the-key\"", &order).await;
    assert_eq!(quoted.header("idempotent-replayed"), Some("true"), "quoted or bare, it is one key");
    let reused = world.reserve("the-key", &with(&order, "/candidate/given_name", json!("Jane"))).await;
    assert_eq!((reused.status.as_u16(), reused.problem()), (422, "idempotency-key-reused"), "{reused:?}");
    assert_eq!(world.sales(Vendor::Itep).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_cannot_be_read_is_refused_with_its_first_fault() {
    let world = World::new().await;
    let order = world.itep_order();
    let broken = world.reserving("order", &order).body("{\"vendor\":");
    let answer = world.send(broken).await;
    assert_eq!((answer.status.as_u16(), answer.problem()), (400, "malformed-request"), "{answer:?}");
    let huge = with(&order, "/metadata", json!({ "note": "x".repeat(100_000) }));
    refused(&world, &huge, 413, "body-too-large", "").await;
    refused(&world, &with(&order, "/candidate/given_name", json!(7)), 400, "malformed-request", "given_name").await;
    refused(&world, &with(&order, "/colour", json!("red")), 400, "malformed-request", "colour").await;
    refused(&world, &with(&order, "/vendor", json!("toefl")), 422, "invalid-request", "vendor").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_breaks_rules_is_told_all_of_them() {
    let world = World::new().await;
    let mut order = with(&world.itep_order(), "/candidate/email", json!("nonsense"));
    order["candidate"]["external_id"] = json!("");
    order["expires_at"] = json!("2001-01-01T00:00:00Z");
    let answer = world.reserve("order", &order).await;
    assert_eq!((answer.status.as_u16(), answer.problem()), (422, "invalid-request"), "{answer:?}");
    let pointers: Vec<_> = answer.body["errors"].as_array().unwrap().iter().map(|e| e["pointer"].clone()).collect();
    for pointer in ["#/candidate/email", "#/candidate/external_id", "#/expires_at"] {
        assert!(pointers.contains(&json!(pointer)), "{pointer} in {pointers:?}");
    }
    nothing_happened(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_products_and_accounts_and_an_stx_product_without_an_email_address_are_refused() {
    let world = World::new().await;
    let (itep, truenorth) = (world.itep_order(), world.truenorth_order("Klingon Speaking"));
    refused(&world, &with(&itep, "/product", json!("GTX-Klingon")), 422, "unknown-product", "").await;
    refused(&world, &truenorth, 422, "unknown-product", "").await;
    refused(&world, &with(&itep, "/account", json!("nobodys")), 422, "unknown-account", "").await;
    let stx = with(&with(&itep, "/product", json!("STX-Academic-Plus")), "/candidate/email", Value::Null);
    refused(&world, &stx, 422, "invalid-request", "#/candidate/email").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_incomplete_profile_makes_its_account_unavailable_and_no_other() {
    let itep_profile = json!({ "get": null, "answer": null });
    let world = World::with(Options { itep_profile, ..Options::default() }).await;
    let answer = world.reserve("order", &world.itep_order()).await;
    assert_eq!((answer.status.as_u16(), answer.problem()), (503, "account-unavailable"), "{answer:?}");
    nothing_happened(&world).await;
    assert_eq!(world.reserve("order", &world.truenorth_order("English Grammar")).await.status, 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_registration_rule_of_iteps_is_held() {
    let world = World::new().await;
    for (field, value, told) in [
        ("DOB_Month", "13", "Out of range Birth Month [13]"),
        ("DOB_Day", "32", "Out of range Birth Day [32]"),
        ("DOB_Year", "1900", "Out of range Birth Year [1900]"),
        ("Birthday", "July 8", "Unable to parse Birth Date [July 8]"),
        ("Birthday", "13/8/1990", "Out of range Birth Month [13]"),
        ("Gender", "Unsaid", "Invalid Gender [Unsaid]"),
        ("Education", "Kindergarten", "Invalid Education [Kindergarten]"),
        ("Field_Of_Study", "Biology", "Invalid Study Field [Biology]"),
        ("Shoe_Size", "42", "Shoe_Size"),
        ("trExternal_ID", "mine", "trExternal_ID"),
        ("First_Name", "Jane", "First_Name"),
    ] {
        let order = with(&world.itep_order(), "/registration", json!({ field: value }));
        let order = with(&order, "/candidate/birth_date", Value::Null);
        refused(&world, &order, 422, "invalid-request", told).await;
        refused(&world, &order, 422, "invalid-request", &format!("#/registration/{field}")).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_addresses_methods_and_parameters_are_refused() {
    let world = World::new().await;
    let answer = world.get("/v1/reservations/not-an-id").await;
    assert_eq!((answer.status.as_u16(), answer.problem()), (404, "not-found"));
    for query in ["limit=0", "limit=101", "limit=x", "status=done", "cursor=nonsense", "colour=red"] {
        let answer = world.get(&format!("/v1/reservations?{query}")).await;
        assert_eq!((answer.status.as_u16(), answer.problem()), (400, "invalid-parameter"), "{query}: {answer:?}");
    }
}
