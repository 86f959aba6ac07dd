//! What goes wrong when ordered, and what the ledgers say of it.

use std::error::Error;
use std::io::ErrorKind;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use vendor_sim::client::SendError;

use crate::world::{SPEAKING, World, assignment, call, gtx, read};

const GET: &str = "X-Sim-Get";

fn is_reset(error: &SendError) -> bool {
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(io) = cause.downcast_ref::<std::io::Error>() {
            return io.kind() == ErrorKind::ConnectionReset;
        }
        source = cause.source();
    }
    false
}

fn is_refused(error: &SendError) -> bool {
    matches!(error, SendError::Connect(error) if error.kind() == ErrorKind::ConnectionRefused)
}

async fn stocked() -> World {
    World::stocked("GTX-Academic-Plus", &["A", "B", "C"]).await
}

fn sales(ledger: &Value) -> Vec<(&str, &str)> {
    let sales = ledger["sales"].as_array().unwrap().iter();
    sales.map(|sale| (sale["reference"].as_str().unwrap(), sale["answered"].as_str().unwrap())).collect()
}

#[tokio::test]
async fn a_reset_after_the_commit_breaks_the_connection_and_keeps_the_sale() {
    let world = stocked().await;
    world.order(json!({"match": "purchase", "fault": "reset-after"})).await;
    let error = world.buy(GET, &gtx("res_1")).await.unwrap_err();
    assert!(is_reset(&error), "{error:?}");
    assert_eq!(sales(&world.itep_ledger().await), [("A", "reset")]);
    let error = world.try_truenorth("POST", "/2020q1/assign", assignment(SPEAKING, "res_1")).await.unwrap_err();
    assert!(is_reset(&error), "{error:?}");
    let ledger = world.truenorth_ledger().await;
    assert_eq!(sales(&ledger).len(), 1);
    let call = &ledger["calls"][0];
    assert_eq!((&call["outcome"], &call["fault"]), (&json!("reset"), &json!("reset-after")));
}

#[tokio::test]
async fn a_reset_or_error_before_the_commit_sells_nothing() {
    let world = stocked().await;
    world.order(json!([{"match": "purchase", "fault": "reset-before"}, {"match": "any", "fault": "5xx-before", "status": 502}])).await;
    assert!(is_reset(&world.buy(GET, &gtx("res_1")).await.unwrap_err()));
    assert_eq!(world.buy(GET, &gtx("res_1")).await.unwrap().status, 502);
    assert!(sales(&world.itep_ledger().await).is_empty());
    assert_eq!(world.buy(GET, &gtx("res_1")).await.unwrap().status, 200);
}

#[tokio::test]
async fn an_error_after_the_commit_keeps_the_sale() {
    let world = stocked().await;
    world.order(json!({"match": "assign", "fault": "5xx-after"})).await;
    assert_eq!(world.buy(GET, &gtx("res_1")).await.unwrap().status, 500);
    assert_eq!(sales(&world.itep_ledger().await), [("A", "500")]);
}

#[tokio::test]
async fn a_vendor_that_hangs_has_sold_all_the_same() {
    let world = stocked().await;
    world.order(json!({"match": "purchase", "fault": "hang"})).await;
    let patience = Duration::from_millis(300);
    assert!(tokio::time::timeout(patience, world.buy(GET, &gtx("res_1"))).await.is_err());
    assert_eq!(sales(&world.itep_ledger().await), [("A", "hang")]);
}

#[tokio::test]
async fn a_slow_vendor_sells_even_if_the_caller_has_given_up() {
    let world = stocked().await;
    world.order(json!({"match": "purchase", "fault": "delay", "ms": 300})).await;
    let patience = Duration::from_millis(100);
    assert!(tokio::time::timeout(patience, world.buy(GET, &gtx("res_1"))).await.is_err());
    assert_eq!(world.itep_ledger().await["calls"][0]["outcome"], "open");
    tokio::time::sleep(2 * patience + patience).await;
    assert_eq!(sales(&world.itep_ledger().await), [("A", "200")]);
}

#[tokio::test]
async fn garbage_and_an_answer_without_a_reference_are_200_all_the_same() {
    let world = stocked().await;
    world
        .order(json!([{"match": "purchase", "fault": "garbage"}, {"match": "purchase", "fault": "no-reference"}]))
        .await;
    let garbage = world.buy(GET, &gtx("res_1")).await.unwrap();
    assert_eq!(garbage.status, 200);
    assert!(garbage.body.starts_with(b"<!DOCTYPE html>"));
    let bare = world.buy(GET, &gtx("res_2")).await.unwrap();
    assert_eq!((bare.status.as_u16(), read(&bare)), (200, json!({"status": "ok"})));
    assert_eq!(sales(&world.itep_ledger().await), [("A", "200")]);
    world.truenorth("DELETE", "/_sim/faults", json!({})).await;
    world.truenorth("PUT", "/_sim/faults", json!({"match": "purchase", "fault": "no-reference"})).await;
    let bare = world.assign(SPEAKING, "res_1").await;
    assert!(bare.get("userAssessmentId").is_none() && bare.get("userId").is_some());
}

#[tokio::test]
async fn the_previous_reference_is_handed_out_again_when_ordered() {
    let world = stocked().await;
    world.buy(GET, &gtx("res_1")).await.unwrap();
    world.assign(SPEAKING, "res_1").await;
    world.order(json!({"match": "purchase", "fault": "same-reference"})).await;
    assert_eq!(read(&world.buy(GET, &gtx("res_2")).await.unwrap())["test-id"], "A");
    world.assign(SPEAKING, "res_2").await;
    assert_eq!(sales(&world.itep_ledger().await), [("A", "200"), ("A", "200")]);
    let ledger = world.truenorth_ledger().await;
    assert_eq!(ledger["sales"][0]["reference"], ledger["sales"][1]["reference"]);
}

#[tokio::test]
async fn refusals_and_any_status_can_be_ordered() {
    let world = stocked().await;
    world
        .order(json!([{"match": "purchase", "fault": "refuse", "body": "No."},
        {"match": "purchase", "fault": "status", "status": 302, "times": 2}]))
        .await;
    let refused = world.buy(GET, &gtx("res_1")).await.unwrap();
    let told = json!({"status": "error", "code": "REFUSED", "message": "No."});
    assert_eq!((refused.status.as_u16(), read(&refused)), (422, told));
    let refused = world.truenorth("POST", "/2020q1/assign", assignment(SPEAKING, "res_1")).await;
    assert_eq!((refused.status.as_u16(), read(&refused)), (409, json!(["No."])));
    for _ in 0..2 {
        let moved = world.buy(GET, &gtx("res_1")).await.unwrap();
        assert_eq!((moved.status.as_u16(), &moved.headers["location"]), (302, &"/elsewhere".parse().unwrap()));
    }
    assert_eq!(world.buy(GET, &gtx("res_1")).await.unwrap().status, 200);
}

#[tokio::test]
async fn an_order_that_could_never_strike_is_refused() {
    let world = stocked().await;
    for order in [
        json!({"match": "webhook", "fault": "hang"}),
        json!({"match": "purchase", "fault": "duplicate"}),
        json!({"match": "score", "fault": "same-reference"}),
        json!({"match": "purchase", "fault": "status", "status": 99}),
        json!({"match": "purchase", "fault": "explode"}),
        json!({"match": "purchase", "fault": "connection-refused"}),
        json!({"match": "any", "fault": "connection-refused", "ms": 600_001}),
    ] {
        assert_eq!(world.itep("PUT", "/_sim/faults", order).await.status, 400);
    }
}

#[tokio::test]
async fn faults_strike_only_the_account_they_are_ordered_for() {
    let world = stocked().await;
    let order = json!({"match": "any", "fault": "5xx-before"});
    world.itep("PUT", "/_sim/accounts/other/faults", order.clone()).await;
    assert_eq!(world.buy(GET, &gtx("res_1")).await.unwrap().status, 200);
    world.itep("PUT", "/_sim/faults", order).await;
    world.itep("DELETE", "/_sim/faults", json!({})).await;
    assert_eq!(world.buy(GET, &gtx("res_2")).await.unwrap().status, 200);
}

#[tokio::test]
async fn webhooks_are_withheld_doubled_and_reordered() {
    let world = stocked().await;
    world.buy(GET, &gtx("res_1")).await.unwrap();
    for fault in ["withhold", "duplicate", "reorder"] {
        world.itep("PUT", "/_sim/faults", json!({"match": "webhook", "fault": fault})).await;
    }
    assert_eq!(world.itep_test("A", "review", json!({})).await["webhook"]["sent"], false);
    assert_eq!(world.itep_test("A", "problem", json!({})).await["webhook"]["answers"], json!([204, 204]));
    assert_eq!(world.itep_test("A", "finish", json!({})).await["webhook"]["sent"], false);
    assert_eq!(world.itep_test("A", "grade", json!({})).await["webhook"]["answers"], json!([204, 204]));
    let bodies = world.inbox.bodies();
    let said = |n: usize, status: &str| bodies[n].contains(&format!(r#""Status": "{status}""#));
    assert!(said(0, "Problem") && said(1, "Problem") && said(2, "Complete") && said(3, "Finished"));
}

#[tokio::test]
async fn a_closed_port_refuses_connections_until_it_is_opened_again() {
    let world = stocked().await;
    let port = read(&world.control("/_sim/ports", json!({"vendor": "itep"})).await)["port"].clone();
    let private = format!("http://127.0.0.1:{port}");
    let switch = async |command: Value| world.control("/_sim/listener", command).await.status.as_u16();
    assert_eq!(switch(json!({"port": port, "accept": false})).await, 200);
    let refused = world.buy_at(&private, GET, &gtx("res_1")).await.unwrap_err();
    assert!(is_refused(&refused), "{refused:?}");
    assert_eq!(world.buy(GET, &gtx("res_1")).await.unwrap().status, 200);
    assert_eq!(switch(json!({"port": port, "accept": true})).await, 200);
    assert_eq!(world.buy_at(&private, GET, &gtx("res_2")).await.unwrap().status, 200);
    assert_eq!(switch(json!({"vendor": "itep", "accept": false})).await, 200);
    assert!(world.buy(GET, &gtx("res_3")).await.is_err());
    assert_eq!(switch(json!({"vendor": "itep", "accept": true})).await, 200);
    assert_eq!(switch(json!({"port": 1, "accept": true})).await, 404);
    assert_eq!(sales(&world.itep_ledger().await).len(), 2);
}

/// Buys as soon as connections are accepted; until then they must be refused. Answers when that was.
async fn buy_once_open(world: &World, base: &str, reservation: &str) -> Instant {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        match world.buy_at(base, GET, &gtx(reservation)).await {
            Ok(sold) => {
                assert_eq!(sold.status, 200);
                return Instant::now();
            }
            Err(error) => assert!(is_refused(&error) && Instant::now() < deadline, "{error:?}"),
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_port_that_is_ordered_to_refuse_connections_opens_by_itself_after_that_time() {
    let (world, before) = (stocked().await, Instant::now());
    let closed = Duration::from_millis(600);
    let refuse = json!({"match": "any", "fault": "connection-refused", "ms": 600});
    let ordered = world.itep("PUT", "/_sim/faults", json!([refuse, {"match": "webhook", "fault": "withhold"}])).await;
    let standing = read(&ordered)["faults"].clone();
    assert_eq!((standing.as_array().unwrap().len(), &standing[0]["fault"]), (1, &json!("withhold")));
    assert!(buy_once_open(&world, &world.sim.itep_url(), "res_1").await - before >= closed);
    assert_eq!(sales(&world.itep_ledger().await), [("A", "200")]);
}

#[tokio::test]
async fn connections_are_refused_from_the_orders_answer_on_and_the_control_port_can_end_that() {
    let world = stocked().await;
    world.order(json!({"match": "any", "fault": "connection-refused", "ms": 600_000})).await;
    assert!(is_refused(&world.buy(GET, &gtx("res_1")).await.unwrap_err()));
    let refused = world.try_truenorth("POST", "/2020q1/assign", assignment(SPEAKING, "res_1")).await.unwrap_err();
    assert!(is_refused(&refused), "{refused:?}");
    for vendor in ["itep", "truenorth"] {
        assert_eq!(world.control("/_sim/listener", json!({"vendor": vendor, "accept": true})).await.status, 200);
    }
    assert_eq!(world.buy(GET, &gtx("res_1")).await.unwrap().status, 200);
    world.assign(SPEAKING, "res_1").await;
}

#[tokio::test]
async fn a_closure_that_was_cut_short_does_not_shorten_the_next_one_and_other_ports_stay_open() {
    let world = stocked().await;
    let port = read(&world.control("/_sim/ports", json!({"vendor": "itep"})).await)["port"].clone();
    let private = format!("http://127.0.0.1:{port}");
    let refuse = async |ms: u64| {
        let order = json!({"match": "any", "fault": "connection-refused", "ms": ms}).to_string();
        let url = format!("{private}/_sim/accounts/default/faults");
        assert_eq!(call("PUT", &url, &[], order).await.unwrap().status, 200);
    };
    refuse(300).await;
    assert_eq!(world.control("/_sim/listener", json!({"port": port, "accept": true})).await.status, 200);
    let before = Instant::now();
    refuse(900).await;
    assert_eq!(world.buy(GET, &gtx("res_1")).await.unwrap().status, 200);
    assert!(buy_once_open(&world, &private, "res_2").await - before >= Duration::from_millis(900));
}

/// Which of forty purchases a chance of 30 % struck, by the ledger.
async fn struck(seed: u64) -> Vec<bool> {
    let world = World::start().await;
    world.itep("PUT", "/_sim/stock", json!({"product": "GTX-Academic-Plus", "count": 50})).await;
    let order = |fault: &str| json!({"match": "purchase", "fault": fault, "percent": 15, "seed": seed});
    world
        .order(
            json!([order("5xx-before"), order("5xx-after"), {"match": "webhook", "fault": "withhold", "percent": 100}]),
        )
        .await;
    for n in 0..40 {
        world.buy(GET, &gtx(&format!("res_{n}"))).await.unwrap();
    }
    let ledger = world.itep_ledger().await;
    let sold = ledger["sales"].as_array().unwrap().len();
    let calls = ledger["calls"].as_array().unwrap();
    assert_eq!(sold, calls.iter().filter(|call| call["fault"] != "5xx-before").count());
    calls.iter().map(|call| !call["fault"].is_null()).collect()
}

#[tokio::test]
async fn an_order_by_chance_strikes_its_share_and_the_same_calls_for_the_same_seed() {
    let first = struck(7).await;
    let hits = first.iter().filter(|struck| **struck).count();
    assert!((4..=20).contains(&hits), "{hits} of 40 at 30 %");
    assert_eq!(struck(7).await, first);
    assert_ne!(struck(8).await, first);
}
