//! What one ordinary test of each vendor leaves in the functions' logs.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use shared_core::domain::reservation::Status;
use test_support::figures;

use crate::in_process::{self, stored};
use crate::world::{SPEAKING, Vendor, World, eventually, reference};

/// Bytes that a line may have: logs are paid by the byte.
const LINE_MAX: usize = 700;

#[tokio::test(flavor = "multi_thread")]
async fn an_ordinary_itep_test_is_a_line_for_each_invocation() {
    let (world, since) = (World::new().await, Timestamp::now());
    let bought = world.buy(Vendor::Itep).await;
    for (what, status) in [("finish", Status::AwaitingScore), ("grade", Status::Completed)] {
        world.happens(Vendor::Itep, &reference(&bought.body), what).await;
        until_stored(&bought.id(), status).await;
    }
    world.reservation(&bought.id()).await;
    let log = Log { world: &world, since };
    let reports = log.of("record-result", &[bought.id()], 2).await;
    let webhooks: Vec<_> = reports.iter().map(|line| word(&line["fields"]["webhook_id"])).collect();
    let (requests, receipts) =
        (log.of("provision", &[client(&world)], 2).await, log.of("itep-webhook", &webhooks, 2).await);
    record("itep", &[("provision", requests), ("itep-webhook", receipts), ("record-result", reports)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ordinary_truenorth_test_is_a_line_for_each_invocation() {
    let (world, since) = (World::new().await, Timestamp::now());
    world.hold_polls().await;
    let bought = world.reserve("order", &world.truenorth_order(SPEAKING)).await;
    assert_eq!(world.post(&format!("/v1/reservations/{}/launch", bought.id())).await.status, 200);
    world.happens(Vendor::Truenorth, &reference(&bought.body), "grade").await;
    until_stored(&bought.id(), Status::Completed).await;
    world.reservation(&bought.id()).await;
    let log = Log { world: &world, since };
    let requests = log.of("provision", &[client(&world)], 3).await;
    let hints = log.of("truenorth-webhook", &[bought.id()], 1).await;
    let checks = log.of("score-poller", &[bought.id()], 1).await;
    record("truenorth", &[("provision", requests), ("truenorth-webhook", hints), ("score-poller", checks)]);
}

/// Waits past the API, whose requests would be logged.
async fn until_stored(id: &str, status: Status) {
    let hub = in_process::hub();
    let ask = async || {
        let now = stored(&hub, id).await.status();
        if now == status { Ok(()) } else { Err(now) }
    };
    eventually(status.as_str(), ask).await;
}

/// The company's id, as the logs have it.
fn client(world: &World) -> String {
    format!("c-{}", world.key.rsplit('_').nth(1).expect("a key's id"))
}

fn word(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

struct Log<'a> {
    world: &'a World,
    since: Timestamp,
}

impl Log<'_> {
    /// A function's lines that name one of these, once there are so many.
    async fn of(&self, function: &str, names: &[String], count: usize) -> Vec<Value> {
        let group = self.world.log_group(function);
        let ask = async || {
            let lines = self.world.log_lines(&group, self.since).await;
            // The local stack has Lambda's own lines too, which the template turns off.
            let is_own = |line: &String| line.starts_with('{') && names.iter().any(|name| line.contains(name));
            let lines: Vec<_> = lines.into_iter().filter(is_own).collect();
            if lines.len() < count { Err(lines) } else { Ok(lines) }
        };
        let lines = eventually(function, ask).await;
        assert_eq!(lines.len(), count, "{function}: {lines:#?}");
        lines.iter().for_each(|line| assert!(line.len() <= LINE_MAX, "{} bytes: {line}", line.len()));
        lines.iter().map(|line| with_length(line)).collect()
    }
}

/// The line's JSON, and how many bytes it had with its end.
fn with_length(line: &str) -> Value {
    let mut parsed: Value = serde_json::from_str(line).expect("JSON, as Lambda's log format wants it");
    let level = parsed["level"].as_str().expect("a level, which Lambda filters by");
    assert!(["INFO", "WARN", "ERROR", "DEBUG"].contains(&level), "{line}");
    parsed["bytes"] = json!(line.len() + 1);
    parsed
}

fn record(vendor: &str, functions: &[(&str, Vec<Value>)]) {
    let figures = |lines: &[Value]| {
        let request = |line: &Value| {
            line["spans"].as_array()?.iter().find_map(|span| span["requestId"].as_str().map(str::to_owned))
        };
        let requests: BTreeSet<_> = lines.iter().map(|line| request(line).expect("the request's id")).collect();
        let bytes: u64 = lines.iter().filter_map(|line| line["bytes"].as_u64()).sum();
        json!({"invocations": requests.len(), "lines": lines.len(), "bytes": bytes})
    };
    let functions: Map<_, _> = functions.iter().map(|(name, lines)| ((*name).to_owned(), figures(lines))).collect();
    for (name, figures) in &functions {
        assert_eq!(figures["invocations"], figures["lines"], "{name}");
    }
    figures::record("logs", "cargo dev test", json!({"tests": { vendor: functions }}));
}
