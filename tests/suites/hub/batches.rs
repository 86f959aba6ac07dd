//! Batches from the deployed stack's queues: what cannot be handled ends among the dead
//! letters, and nothing healthy waits for it. Five deliveries take a minute and more, so
//! that these tests are best among the first.

mod handing_back;
pub(crate) mod post;

use futures_util::future::join_all;
use jiff::Timestamp;
use serde_json::json;
use shared::aws::DeadLetterQueue;

use self::post::{DEAD_LETTERS, Post, check, order, outcome, report, report_of, waiting};
use crate::in_process::{self, Hub};
use crate::operating::hubctl;
use crate::webhooks::{delivery, grade, quarantined, sample_with};
use crate::world::{GRAMMAR, Vendor, World, reference};

/// As the template has it.
const DELIVERIES: usize = 5;
/// The largest report in bytes, as it comes.
const LARGEST: usize = 150 * 1024;
const NOBODYS: &str = "res_00000000000000000000000000";

/// Messages that nobody can read: one that newer code would write, another queue's, broken ones.
fn unreadable(valid: &str, others: String) -> Vec<String> {
    let later = valid.replacen("\"v\":1", "\"v\":99", 1);
    assert_ne!(later, valid);
    vec![later, others, valid[..valid.len() - 1].to_owned(), "\u{fffd}".to_owned()]
}

/// Posts poison among healthy messages, waits until the healthy are `done`, and follows the poison
/// to its dead letters.
async fn outlives(world: &World, queue: DeadLetterQueue, poison: &[String], healthy: &[String], done: impl Future) {
    let (post, since) = (Post::of(queue), Timestamp::now());
    let (name, usual) = (queue.name(), post.hurry().await);
    let longer = poison.len().max(healthy.len());
    let mixed: Vec<_> = (0..longer).flat_map(|n| [poison.get(n), healthy.get(n)]).flatten().cloned().collect();
    let ids = post.post(&mixed).await;
    done.await;
    let handed_back = async |id: &str| post.logged(world, since, &["handed back", id]).await;
    for (id, body) in ids.iter().zip(&mixed).filter(|(_, body)| poison.contains(body)) {
        assert!(handed_back(id).await.len() < DELIVERIES, "{name}: the healthy are done, and {body} is dead already");
    }
    let dead = post.exhume(poison.len()).await;
    let mut found: Vec<_> = dead.iter().map(|it| (it.message_id(), it.body())).collect();
    let sent = ids.iter().zip(&mixed).filter(|(_, body)| poison.contains(body));
    let mut sent: Vec<_> = sent.map(|(id, body)| (Some(id.as_str()), Some(body.as_str()))).collect();
    found.sort_unstable();
    sent.sort_unstable();
    assert_eq!(found, sent, "{name}: the dead letters are the poison as it was sent, and nothing else");
    for (id, body) in ids.iter().zip(&mixed) {
        let lines = handed_back(id).await;
        // A healthy one may have been handed back for want of time, on a busy machine.
        let expected = if poison.contains(body) { 2..=DELIVERIES } else { 0..=DELIVERIES - 1 };
        assert!(expected.contains(&lines.len()), "{name}: {body} was handed back: {lines:#?}");
    }
    post.slow_down(&usual).await;
}

async fn orders(world: &World, hub: &Hub) {
    let mut ids = waiting(hub, world, 5).await;
    let later = ids.pop().expect("an id");
    let mut healthy: Vec<_> = ids.iter().map(order).collect();
    healthy.push(order(&NOBODYS));
    let poison = unreadable(&order(&later), report(world, "misled", "{}"));
    let done = join_all(ids.iter().map(|id| world.until_status(id.as_str(), "ready")));
    outlives(world, DeadLetterQueue::Fulfilment, &poison, &healthy, done).await;
    for id in &ids {
        assert_eq!(world.sold_to(Vendor::Itep, id).await, 1);
    }
    assert_eq!(world.sold_to(Vendor::Itep, &later).await, 0, "what newer code wrote waits for it");
}

async fn reports(world: &World) {
    let (mut ids, mut healthy) = (Vec::new(), Vec::new());
    for key in ["one", "two", "three"] {
        let bought = world.reserve(key, &world.itep_order()).await;
        healthy.push(report(world, key, &grade(&bought)));
        ids.push(bought.id());
    }
    healthy.push(report(world, "unreadable", "{\"OID\": \"nobody can read on"));
    let mut poison = unreadable(&healthy[0], order(&ids[0]));
    poison.push(outcome(NOBODYS, "N0B0DYS"));
    poison.push(report(world, "spoilt", "x").replace("\"body\":\"", "\"body\":\"?"));
    let done = async {
        join_all(ids.iter().map(|id| world.until_status(id, "completed"))).await;
        assert!(quarantined(world).await.why.contains("JSON"), "an unreadable report is kept, not buried");
    };
    outlives(world, DeadLetterQueue::Results, &poison, &healthy, done).await;
}

async fn checks(world: &World) {
    let (mut ids, mut healthy) = (Vec::new(), vec![check(world, &NOBODYS, "webhook")]);
    world.fault(Vendor::Truenorth, json!({ "match": "webhook", "fault": "withhold", "times": 2 })).await;
    for key in ["four", "five"] {
        let bought = world.reserve(key, &world.truenorth_order(GRAMMAR)).await;
        world.happens(Vendor::Truenorth, &reference(&bought.body), "grade").await;
        healthy.push(check(world, &bought.id(), "webhook"));
        ids.push(bought.id());
    }
    let mut poison = unreadable(&healthy[1], order(&ids[0]));
    poison.push(check(world, &ids[0], "No word"));
    // A later release may have reasons of its own.
    healthy.push(check(world, &ids[0], "curiosity"));
    let done = join_all(ids.iter().map(|id| world.until_status(id, "completed")));
    outlives(world, DeadLetterQueue::ScoreChecks, &poison, &healthy, done).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn poison_in_any_queue_is_buried_as_it_was_sent_after_the_healthy_beside_it_are_done() {
    let _alone = DEAD_LETTERS.lock().await;
    let (world, hub) = (World::new().await, in_process::hub());
    tokio::join!(orders(&world, &hub), reports(&world), checks(&world));
}

/// iTEP's form with the sample padded to so many bytes.
fn padded(id: &str, test: &str, world: &World, bytes: usize) -> reqwest::RequestBuilder {
    let sized = |padding: usize| {
        let data = sample_with(json!({ "OID": id, "TestID": test, "Writing_Answer_1": "x".repeat(padding) }));
        delivery(world, &world.webhook(Vendor::Itep), &data)
    };
    let length = |request: reqwest::RequestBuilder| {
        let request = request.build().expect("a request");
        request.body().and_then(reqwest::Body::as_bytes).expect("its bytes").len()
    };
    sized(bytes - length(sized(0)))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_of_the_largest_size_passes_the_webhook_the_queue_and_the_table() {
    let world = World::new().await;
    let bought = world.buy(Vendor::Itep).await;
    let (id, test) = (bought.id(), reference(&bought.body));
    let larger = world.send(padded(&id, &test, &world, LARGEST + 1)).await;
    assert_eq!((larger.status.as_u16(), larger.problem()), (413, "body-too-large"), "{larger:?}");
    assert_eq!(world.send(padded(&id, &test, &world, LARGEST)).await.status, 200);
    let completed = world.until_status(&id, "completed").await;
    assert_eq!(completed["result"]["overall"]["value"], 4.5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_of_the_largest_size_is_redriven_from_the_dead_letters() {
    let _alone = DEAD_LETTERS.lock().await;
    let world = World::new().await;
    let bought = world.buy(Vendor::Itep).await;
    let message = report_of(&world, "largest", &grade(&bought), LARGEST);
    assert!(message.len() > LARGEST / 3 * 4);
    Post::of(DeadLetterQueue::Results).bury(&[message]).await;
    assert_eq!(hubctl(&["dlq", "redrive", "results"]).await["sent"], 1);
    world.until_status(&bought.id(), "completed").await;
}
