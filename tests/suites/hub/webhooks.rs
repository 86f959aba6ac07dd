//! What the vendors' webhook addresses take, and what they don't.

use jiff::Timestamp;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use shared_core::domain::forward::Extra;
use shared_core::domain::ids::Mode;
use shared_core::ports::{AuthOutcome, InboundWebhook, Quarantine, Quarantined, SenderCredentials};

use crate::in_process;
use crate::setup::Options;
use crate::world::{Answer, Vendor, World, eventually, reference};

/// iTEP's results sample, byte for byte.
pub(crate) const SAMPLE: &str = include_str!("samples/itep-results.json");

pub(crate) const FORM: &str = "application/x-www-form-urlencoded";

/// The sample with other fields.
pub(crate) fn sample_with(fields: Value) -> String {
    let mut sample: Value = serde_json::from_str(SAMPLE).expect("the sample is JSON");
    for (name, value) in fields.as_object().expect("fields") {
        sample[name] = value.clone();
    }
    sample.to_string()
}

/// iTEP's grade of a test that was bought.
pub(crate) fn grade(bought: &Answer) -> String {
    sample_with(json!({ "OID": bought.id(), "TestID": reference(&bought.body) }))
}

/// Delivers a document as iTEP does: multipart, one field, dashes in the boundary.
pub(crate) async fn deliver(world: &World, data: &str) -> Answer {
    world.send(delivery(world, &world.webhook(Vendor::Itep), data)).await
}

pub(crate) fn delivery(world: &World, url: &str, data: &str) -> RequestBuilder {
    const BOUNDARY: &str = "-----------------------b27a39e6e6aef697";
    let body =
        format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"data\"\r\n\r\n{data}\r\n--{BOUNDARY}--\r\n");
    let content_type = format!("multipart/form-data; boundary={BOUNDARY}");
    world.http.request(Method::POST, url).header("content-type", content_type).header("accept", "*/*").body(body)
}

/// The same document in a form that is urlencoded.
pub(crate) fn form(data: &str) -> String {
    data.bytes().fold("data=".to_owned(), |form, byte| form + &format!("%{byte:02X}"))
}

/// What is kept of a form whose sender was verified.
pub(crate) fn receipt(world: &World, id: &str, form: String) -> InboundWebhook {
    InboundWebhook {
        id: id.parse().expect("a receipt's id"),
        account: world.account.parse().expect("an account's name"),
        received_at: Timestamp::now(),
        content_type: FORM.to_owned(),
        body: form.into_bytes(),
        authenticated: AuthOutcome::Verified,
        credentials: SenderCredentials::default(),
        extra: Extra::default(),
    }
}

/// Waits for what is quarantined from a world's account.
pub(crate) async fn quarantined(world: &World) -> Quarantined {
    until_quarantined(world, |_| true).await
}

/// Waits for a report of the account's of which something holds.
pub(crate) async fn until_quarantined(world: &World, holds: impl Fn(&Quarantined) -> bool) -> Quarantined {
    let ask = async || {
        let all = all_quarantined(world, Mode::Live).await;
        all.iter().find(|item| holds(item)).cloned().ok_or(all)
    };
    eventually("such a report", ask).await
}

/// What is quarantined from a world's account in a mode now, the oldest first.
pub(crate) async fn all_quarantined(world: &World, mode: Mode) -> Vec<Quarantined> {
    let (store, mut found, mut cursor) = (in_process::hub().store, Vec::new(), None);
    loop {
        let page = store.quarantined(mode, cursor.as_deref(), 100).await.expect("the quarantine");
        found.extend(page.items.into_iter().filter(|item| item.receipt.account.without_mode() == world.account));
        cursor = page.next;
        if cursor.is_none() {
            return found;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_token_or_method_or_a_huge_body_is_refused() {
    let world = World::new().await;
    for url in Vendor::ALL.map(|vendor| world.webhook(vendor)) {
        let wrong = url.replace(&world.token, "wrong");
        assert_eq!(world.send(delivery(&world, &wrong, SAMPLE)).await.status, 404, "{wrong}");
        let other = url.replace(&world.account, "nobody");
        assert_eq!(world.send(delivery(&world, &other, SAMPLE)).await.status, 404, "{other}");
        let get = world.send(world.http.get(&url)).await;
        assert_eq!((get.status.as_u16(), get.problem()), (405, "method-not-allowed"));
        let huge = "x".repeat(2 * 1024 * 1024);
        assert_eq!(world.send(delivery(&world, &url, &huge)).await.status, 413, "{url}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_right_token_with_a_wrong_second_credential_is_refused_and_kept() {
    let options = Options { itep_auth: json!([{ "bearer": "the-secret" }]), ..Options::default() };
    let world = World::with(options).await;
    let url = world.webhook(Vendor::Itep);
    let refused = world.send(delivery(&world, &url, SAMPLE).bearer_auth("a-guess")).await;
    assert_eq!(refused.status, 401, "{refused:?}");
    assert!(quarantined(&world).await.why.contains("second credential"));
    let taken = world.send(delivery(&world, &url, SAMPLE).bearer_auth("the-secret")).await;
    assert_eq!(taken.status, 200, "{taken:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_or_matched_is_kept_for_the_operator() {
    for (data, why) in [
        ("{\"OID\":", "JSON"),
        (&sample_with(json!({ "TestID": "NOBODYS" })), "no reservation"),
        (&sample_with(json!({ "TestID": "NOBODYS", "OID": "not-ours" })), "no reservation"),
    ] {
        let world = World::new().await;
        assert_eq!(deliver(&world, data).await.status, 200);
        let kept = quarantined(&world).await;
        assert!(kept.why.contains(why), "{}", kept.why);
        assert!(String::from_utf8_lossy(&kept.receipt.body).contains(data), "the bytes are kept as they came");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_without_the_field_is_kept_for_the_operator() {
    let world = World::new().await;
    let request = world.http.post(world.webhook(Vendor::Itep)).header("content-type", FORM).body("other=1");
    assert_eq!(world.send(request).await.status, 200);
    quarantined(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_oid_and_a_test_id_that_disagree_change_nothing_and_are_kept() {
    let world = World::new().await;
    let first = world.reserve("first", &world.itep_order()).await;
    let second = world.reserve("second", &world.itep_order()).await;
    let data = sample_with(json!({ "OID": first.id(), "TestID": reference(&second.body) }));
    assert_eq!(deliver(&world, &data).await.status, 200);
    assert!(quarantined(&world).await.why.contains("different tests"));
    for answer in [first, second] {
        assert_eq!(world.reservation(&answer.id()).await["status"], "ready");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_urlencoded_delivery_is_read_too() {
    let world = World::new().await;
    let bought = world.buy(Vendor::Itep).await;
    let data = sample_with(json!({ "TestID": reference(&bought.body), "OID": bought.id() }));
    let request = world.http.post(world.webhook(Vendor::Itep)).header("content-type", FORM).body(form(&data));
    assert_eq!(world.send(request).await.status, 200);
    world.until_status(&bought.id(), "completed").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn truenorths_example_event_is_acknowledged_and_ignored() {
    let world = World::new().await;
    let url = format!("{}/2020q1/webhook/example", world.env.truenorth_sim);
    let key = format!("truenorth-key-of-{}", world.account);
    assert_eq!(world.send(world.http.post(url).bearer_auth(key)).await.status, 200);
    let event = include_str!("samples/truenorth-example-event.json");
    let request =
        world.http.post(world.webhook(Vendor::Truenorth)).header("content-type", "application/json").body(event);
    assert_eq!(world.send(request).await.status, 200);
    let broken = world.http.post(world.webhook(Vendor::Truenorth)).body("{");
    let broken = world.send(broken).await;
    assert_eq!((broken.status.as_u16(), broken.problem()), (400, "malformed-request"));
}
