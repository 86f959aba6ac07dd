//! What a company sends again, or twice at once, as it arrives behind the gateway.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use shared::aws::access::ApiKey;
use shared_core::domain::ids::Mode;

use crate::setup::{Options, company_named, vendors};
use crate::world::{Answer, Vendor, World, reference};

/// What came of a request: its status, and the problem or whether it was a replay.
fn told(answer: &Answer) -> (u16, &str) {
    let replayed = answer.header("idempotent-replayed").map_or("", |_| "replayed");
    (answer.status.as_u16(), if answer.status.is_success() { replayed } else { answer.problem() })
}

fn body(world: &World, key: &str, body: impl Into<reqwest::Body>) -> RequestBuilder {
    let request = world.request(Method::POST, "/v1/reservations").header("idempotency-key", key);
    request.header("content-type", "application/json").body(body)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idempotency_key_that_comes_twice_buys_nothing() {
    let world = World::new().await;
    let order = world.itep_order();
    assert_eq!(told(&world.reserve("the-key", &order).await), (201, ""));
    let twice = world.reserving("the-key", &order).header("idempotency-key", "the-key");
    assert_eq!(told(&world.send(twice).await), (400, "idempotency-key-invalid"));
    for joined in ["the-key,the-key", "the-key, the-key", "\"the-key\",\"the-key\"", "the-key,"] {
        assert_eq!(told(&world.reserve(joined, &order).await), (400, "idempotency-key-invalid"), "{joined}");
    }
    assert_eq!(told(&world.reserve("the-key", &order).await), (201, "replayed"));
    assert_eq!(world.sales(Vendor::Itep).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_and_parameters_that_come_twice_are_refused() {
    let world = World::new().await;
    let answer = world.send(world.request(Method::GET, "/v1/reservations").bearer_auth(&world.key)).await;
    assert_eq!(told(&answer), (401, "unauthorized"));
    assert!(answer.body["detail"].as_str().unwrap().contains("more than once"), "{answer:?}");
    for query in ["limit=5&limit=5", "status=ready&status=completed", "external_id=a&external_id=a", "product=%E9"] {
        let answer = world.get(&format!("/v1/reservations?{query}")).await;
        assert_eq!(told(&answer), (400, "invalid-parameter"), "{query}");
    }
    let order = world.request(Method::POST, "/v1/reservations?dry_run=1").header("idempotency-key", "order");
    assert_eq!(told(&world.send(order.json(&world.itep_order())).await), (400, "invalid-parameter"));
    assert_eq!(world.sales(Vendor::Itep).await.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn text_that_was_broken_on_its_way_buys_nothing() {
    let world = World::new().await;
    let order = world.itep_order().to_string();
    let (before, after) = order.split_once("Mary").expect("a name");
    let latin1 = [before.as_bytes(), b"Ren\xe9e", after.as_bytes()].concat();
    for sent in [latin1, order.replacen("Mary", "Ren\u{fffd}e", 1).into_bytes()] {
        let answer = world.send(body(&world, "order", sent)).await;
        assert_eq!(told(&answer), (400, "malformed-request"));
        assert_eq!(answer.body["errors"][0]["pointer"], "#/candidate/given_name");
        assert!(answer.body.to_string().contains("send UTF-8"), "{answer:?}");
    }
    assert_eq!(world.sales(Vendor::Itep).await.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_read_as_its_sender_meant_it() {
    let world = World::new().await;
    let mut order = world.itep_order();
    order["metadata"] = json!([]);
    order["registration"] = json!({ "trBatch_Number": "" });
    order["candidate"]["given_name"] = json!(" Rosa ");
    let number = "12345678901234567890123";
    let sent = format!("\u{feff}{order}").replace("\"trBatch_Number\":\"\"", &format!("\"trBatch_Number\":{number}"));
    let bought = world.send(body(&world, "order", sent)).await;
    assert_eq!(told(&bought), (201, ""), "{bought:?}");
    assert_eq!((&bought.body["candidate"]["given_name"], &bought.body["metadata"]), (&json!("Rosa"), &json!({})));
    let path = format!("tests/{}?account={}", reference(&bought.body), world.account);
    let test = world.sim(Vendor::Itep, Method::GET, &path, Value::Null).await;
    let told_itep = &test["test"]["registration"];
    assert_eq!((&told_itep["First_Name"], &told_itep["trBatch_Number"]), (&json!("Rosa"), &json!(number)), "{test}");
    let mut again = order.clone();
    again["registration"] = json!({ "trBatch_Number": number });
    (again["metadata"], again["expires_at"], again["candidate"]["given_name"]) =
        (json!(null), json!(null), json!("Rosa"));
    assert_eq!(told(&world.reserve("order", &again).await), (201, "replayed"));
    again["expires_at"] = json!("2027-11-01T00:00:00Z");
    assert_eq!(told(&world.reserve("order", &again).await), (422, "idempotency-key-reused"));
    assert_eq!(told(&world.reserve("other", &again).await), (201, ""));
    again["expires_at"] = json!("2027-11-01T01:00:00.0+01:00");
    assert_eq!(told(&world.reserve("other", &again).await), (201, "replayed"));
    assert_eq!(world.sales(Vendor::Itep).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_address_answers_every_method() {
    let world = World::new().await;
    let id = world.buy(Vendor::Itep).await.id();
    let one = format!("/v1/reservations/{id}");
    let (history, cancel) = (format!("{one}/history"), format!("{one}/cancel"));
    for path in ["/health", "/v1/products", "/v1/reservations", &one, &history] {
        let head = world.send(world.request(Method::HEAD, path)).await;
        assert_eq!((head.status.as_u16(), &head.body), (200, &Value::Null), "HEAD {path}");
    }
    let rows = [
        (Method::DELETE, one.as_str(), 405, Some("GET, HEAD")),
        (Method::PUT, "/v1/reservations", 405, Some("GET, HEAD, POST")),
        (Method::PATCH, "/v1/products", 405, Some("GET, HEAD")),
        (Method::GET, &cancel, 405, Some("POST")),
        (Method::POST, "/health", 405, Some("GET, HEAD")),
        (Method::GET, "/v1/nothing", 404, None),
        (Method::DELETE, "/v1/reservations/", 404, None),
        (Method::PATCH, "/v1/reservations/x/y/z", 404, None),
    ];
    for (method, path, status, allow) in rows {
        let answer = world.send(world.request(method.clone(), path)).await;
        assert_eq!((answer.status.as_u16(), answer.header("allow")), (status, allow), "{method} {path} {answer:?}");
        assert_eq!(answer.problem(), if status == 405 { "method-not-allowed" } else { "not-found" });
    }
    let stranger = world.send(world.http.delete(format!("{}/v1/nothing", world.env.hub))).await;
    assert_eq!(told(&stranger), (401, "unauthorized"));
}

/// Orders as the hub stored them when fingerprints had no salt, with what was sent.
fn placed_before() -> Vec<Value> {
    serde_json::from_str(include_str!("samples/placed-by-123bd2f.json")).expect("the fixture is JSON")
}

/// The company that placed them, with a stock of tests that could be bought.
async fn their_company() -> World {
    let mut world = World::new().await;
    world.account = "placed-before".to_owned();
    vendors(&world, &Options::default()).await;
    let key = ApiKey::generate(Mode::Live).expect("randomness");
    (_, world.key) = company_named("client-0000000000000000", &world.account, key).await;
    world
}

/// An order with what it leaves out written out as null.
fn with_nulls(sent: &str) -> String {
    let mut order: Value = serde_json::from_str(sent).expect("JSON");
    for (parent, fields) in [
        ("", ["account", "registration", "groups", "return_url", "expires_at", "metadata"].as_slice()),
        ("/candidate", &["email", "birth_date"]),
    ] {
        let members = order.pointer_mut(parent).and_then(Value::as_object_mut).expect("an object");
        for field in fields {
            members.entry(*field).or_insert(Value::Null);
        }
    }
    order.to_string()
}

/// An order without what it leaves empty, trimmed, with its instant spelt otherwise.
fn respelt(sent: &str) -> String {
    let mut order: Value = serde_json::from_str(sent).expect("JSON");
    for parent in ["", "/candidate"] {
        let members = order.pointer_mut(parent).and_then(Value::as_object_mut).expect("an object");
        members.retain(|_, value| !(value.is_null() || *value == json!({}) || *value == json!([])));
    }
    let order = order.to_string().replace("\"Mary \"", "\"Mary\"").replace("\" c-1003\"", "\"c-1003\"");
    order.replace("2027-01-31T02:00:00+02:00", "2027-01-31T00:00:00Z")
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_that_were_placed_before_fingerprints_had_salt_are_not_bought_again() {
    let world = their_company().await;
    for placed in placed_before() {
        for item in placed["items"].as_array().expect("items") {
            world.put_item(item).await;
        }
        let (key, sent) = (placed["key"].as_str().unwrap(), placed["body"].as_str().unwrap());
        let quoted = format!("\"{key}\"");
        for repeated in [sent.to_owned(), with_nulls(sent), respelt(sent)] {
            let answer = world.send(body(&world, &quoted, repeated.clone())).await;
            let replayed = (201, "replayed");
            let expected = if sent.contains('\u{fffd}') { (400, "malformed-request") } else { replayed };
            assert_eq!(told(&answer), expected, "{} {repeated} {answer:?}", placed["name"]);
            assert!(expected != replayed || placed["id"] == answer.id());
        }
        if key.contains(',') {
            let bare = world.send(body(&world, key, sent.to_owned())).await;
            assert_eq!(told(&bare), (400, "idempotency-key-invalid"));
        }
        let other = sent.replace("Poppins", "Poppin").replace('\u{fffd}', "é");
        assert_eq!(told(&world.send(body(&world, &quoted, other)).await), (422, "idempotency-key-reused"));
    }
    for vendor in Vendor::ALL {
        assert_eq!(world.sales(vendor).await.len(), 0);
    }
    let fresh = world.reserve("a-fresh-key", &world.itep_order()).await;
    assert_eq!(told(&fresh), (201, ""), "the company could have bought");
}
