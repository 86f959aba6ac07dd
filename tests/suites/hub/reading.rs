//! Reading what became of reservations.

use reqwest::Method;
use serde_json::{Value, json};

use crate::world::{Vendor, World, reference};

#[tokio::test(flavor = "multi_thread")]
async fn a_reservation_that_did_not_change_need_not_be_sent_again() {
    let world = World::new().await;
    let bought = world.buy(Vendor::Itep).await;
    let path = format!("/v1/reservations/{}", bought.id());
    let first = world.get(&path).await;
    let etag = first.header("etag").expect("an ETag").to_owned();
    assert!(etag.starts_with('"'), "strong: {etag}");
    let again = world.send(world.request(Method::GET, &path).header("if-none-match", &etag)).await;
    assert_eq!((again.status.as_u16(), again.header("etag")), (304, Some(etag.as_str())));
    world.happens(Vendor::Itep, &reference(&bought.body), "finish").await;
    world.until_status(&bought.id(), "awaiting_score").await;
    let changed = world.send(world.request(Method::GET, &path).header("if-none-match", &etag)).await;
    assert_eq!(changed.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_companys_reservations_are_listed_newest_first_page_by_page() {
    let world = World::new().await;
    let mut bought = Vec::new();
    for n in 0..5 {
        bought.push(world.reserve(&format!("order-{n}"), &world.itep_order()).await.id());
    }
    bought.reverse();
    let (mut listed, mut path) = (Vec::new(), "/v1/reservations?limit=2".to_owned());
    loop {
        let page = world.get(&path).await;
        assert_eq!(page.status, 200, "{page:?}");
        let data = page.body["data"].as_array().expect("data");
        assert!(data.len() <= 2);
        listed.extend(data.iter().map(|r| r["id"].as_str().expect("an id").to_owned()));
        match page.body["next_cursor"].as_str() {
            Some(cursor) => path = format!("/v1/reservations?limit=2&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(listed, bought);
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_filtered_by_candidate_status_and_product() {
    let world = World::new().await;
    let mut order = world.itep_order();
    let first = world.reserve("first", &order).await;
    order["candidate"]["external_id"] = json!("c-2002");
    let second = world.reserve("second", &order).await;
    world.happens(Vendor::Itep, &reference(&first.body), "finish").await;
    world.until_status(&first.id(), "awaiting_score").await;
    for (filter, expected) in [
        ("external_id=c-2002", vec![second.id()]),
        ("external_id=c-2002&status=ready", vec![second.id()]),
        ("external_id=c-2002&status=completed", vec![]),
        ("status=awaiting_score", vec![first.id()]),
        ("product=GTX-Academic-Plus", vec![second.id(), first.id()]),
        ("product=GTX-Business-Core", vec![]),
    ] {
        let page = world.get(&format!("/v1/reservations?{filter}")).await;
        let ids: Vec<_> = page.body["data"].as_array().expect("data").iter().map(|r| r["id"].clone()).collect();
        assert_eq!(ids, expected.into_iter().map(Value::from).collect::<Vec<_>>(), "{filter}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_history_says_what_happened_from_whom_and_when() {
    let world = World::new().await;
    let bought = world.buy(Vendor::Itep).await;
    world.happens(Vendor::Itep, &reference(&bought.body), "finish").await;
    world.until_status(&bought.id(), "awaiting_score").await;
    let history = world.history(&bought.id()).await;
    let events: Vec<_> = history.iter().map(|entry| entry["event"].as_str().unwrap_or_default()).collect();
    assert_eq!(events, ["reserved", "call_confirmed", "report_awaiting_score"]);
    assert!(history.iter().all(|entry| entry["at"].is_string() && !entry["source"].is_null()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_history_is_read_to_its_end_in_pages() {
    let world = World::new().await;
    let bought = world.buy(Vendor::Itep).await;
    world.happens(Vendor::Itep, &reference(&bought.body), "finish").await;
    world.until_status(&bought.id(), "awaiting_score").await;
    let path = format!("/v1/reservations/{}", bought.id());
    for _ in 0..4 {
        assert_eq!(world.post(&format!("{path}/cancel")).await.problem(), "already-begun");
    }
    let mut expected = vec!["reserved", "call_confirmed", "report_awaiting_score"];
    expected.extend(["cancel"; 4]);
    let (mut events, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = world.get(&format!("{path}/history?limit=3{cursor}")).await.body;
        events.extend(page["data"].as_array().expect("entries").iter().map(|entry| entry["event"].clone()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(events, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_companys_reservation_is_nowhere_to_be_found() {
    let mut world = World::new().await;
    let bought = world.buy(Vendor::Itep).await;
    world.key = world.another_company().await;
    for path in ["", "/history"] {
        let answer = world.get(&format!("/v1/reservations/{}{path}", bought.id())).await;
        assert_eq!((answer.status.as_u16(), answer.problem()), (404, "not-found"));
    }
    for path in ["/cancel", "/launch"] {
        assert_eq!(world.post(&format!("/v1/reservations/{}{path}", bought.id())).await.status, 404);
    }
    assert_eq!(world.get("/v1/reservations").await.body["data"], json!([]));
}
