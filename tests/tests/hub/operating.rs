//! The operator's command, on the running system.

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use jiff::Timestamp;
use serde_json::{Value, json};
use shared::core::domain::reservation::Reservation;
use shared::core::ports::Store;

use crate::in_process;
use crate::setup::Options;
use crate::webhooks::{delivery, quarantined, sample_with};
use crate::world::{Sim, World, reference};

/// `cargo dev test` builds it beside the tests.
fn binary() -> PathBuf {
    let tests = std::env::current_exe().expect("a path");
    tests.ancestors().nth(2).expect("the target directory").join("hubctl")
}

async fn run(arguments: &[&str]) -> Output {
    let mut command = Command::new(binary());
    command.arg("--json").args(arguments).stdin(Stdio::null());
    let running = tokio::task::spawn_blocking(move || command.output().expect("hubctl starts"));
    running.await.expect("hubctl ends")
}

pub(crate) async fn hubctl(arguments: &[&str]) -> Value {
    let output = run(arguments).await;
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// What a command says that fails.
async fn refused(arguments: &[&str]) -> String {
    let output = run(arguments).await;
    assert!(!output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_doubt_is_settled_on_the_command_line_once_and_in_somebodys_name() {
    let world = World::new().await;
    world.fault(Sim::Itep, json!({ "match": "purchase", "fault": "5xx-before", "times": 1 })).await;
    let id = world.reserve("order", &world.itep_order()).await.id();
    let settle = ["doubt", "settle", id.as_str(), "--nothing-sold", "--by", "ann"];
    assert!(refused(&settle).await.contains("--yes"), "nobody sits at the terminal");
    assert!(refused(&["doubt", "settle", &id, "--is", "no id", "--by", "ann", "--yes"]).await.contains("no iTEP test"));
    let settled = hubctl(&[settle.as_slice(), &["--yes"]].concat()).await;
    assert_eq!((&settled["status"], &settled["by"]), (&json!("pending"), &json!("ann")));
    world.until_status(&id, "ready").await;
    assert_eq!(world.sales(Sim::Itep).await.len(), 1);
    assert!(refused(&[settle.as_slice(), &["--yes"]].concat()).await.contains("not in doubt but ready"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_is_entered_by_hand_and_revised_by_the_vendors() {
    let world = World::new().await;
    let bought = world.buy(Sim::Itep).await;
    let (id, test) = (bought.id(), reference(&bought.body));
    world.happens(Sim::Itep, &test, "finish").await;
    world.until_status(&id, "awaiting_score").await;
    let enter =
        |overall| vec!["result", "enter", id.as_str(), "--overall", overall, "--cefr", "C1", "--by", "ann", "--yes"];
    assert!(refused(&enter("6.5")).await.contains("not on the scale"));
    hubctl(&enter("5.5")).await;
    let completed = world.reservation(&id).await;
    let overall = &completed["result"]["overall"];
    assert_eq!((&completed["status"], &overall["value"]), (&json!("completed"), &json!(5.5)), "{completed:#}");
    assert!(refused(&enter("5.0")).await.contains("has a result"));
    world.happens(Sim::Itep, &test, "grade").await;
    let revised = |reservation: &Value| reservation["result"]["overall"]["value"] != json!(5.5);
    world.until(&id, "the vendor's own result", revised).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quarantined_report_is_replayed_and_applied() {
    let options = Options { itep_auth: json!([{ "bearer": "the-secret" }]), ..Options::default() };
    let world = World::with(options).await;
    let bought = world.buy(Sim::Itep).await;
    let report = sample_with(json!({ "OID": bought.id(), "TestID": reference(&bought.body) }));
    let stranger = world.send(delivery(&world, &world.itep_webhook(), &report).bearer_auth("a-guess")).await;
    assert_eq!(stranger.status, 401, "{stranger:?}");
    let receipt = quarantined(&world).await.receipt.id;
    hubctl(&["quarantine", "replay", receipt.as_str()]).await;
    world.until_status(&bought.id(), "completed").await;
    assert!(quarantined(&world).await.replayed_at.is_some());
    assert!(refused(&["quarantine", "replay", "no-such-receipt"]).await.contains("no report"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_again_after_a_replay_is_kept_again() {
    let world = World::new().await;
    world.send(delivery(&world, &world.itep_webhook(), "not a document")).await;
    let first = quarantined(&world).await;
    hubctl(&["quarantine", "replay", first.receipt.id.as_str()]).await;
    let again = async {
        loop {
            let kept = quarantined(&world).await;
            if kept.at > first.at && kept.replayed_at.is_none() {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), again).await.expect("it comes back");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_is_counted_sent_back_and_handled() {
    let (world, hub) = (World::new().await, in_process::hub());
    let order = in_process::order(&hub, &world).await;
    let (now, id) = (Timestamp::now(), order.id.to_string());
    // Not due before the test is over, so that nothing but the message can bring it about.
    let waiting = Reservation::queued(order, now, now);
    hub.store.reserve(&waiting).await.expect("storage");
    let later = now.checked_add(jiff::SignedDuration::from_secs(600)).expect("a time");
    hub.store.postpone(&waiting, later).await.expect("storage");
    let url = format!("{}-dlq", std::env::var("FULFILMENT_QUEUE_URL").expect("the stack's environment"));
    let aws = shared::aws::Clients::from_env().expect("the stack's environment");
    let message = json!({ "v": 1, "reservation_id": id }).to_string();
    aws.sqs().send_message().queue_url(url).message_body(message).send().await.expect("a dead letter");
    let counts = hubctl(&["dlq", "list"]).await;
    let count = counts["data"].as_array().expect("queues").iter().find(|queue| queue["queue"] == "fulfilment");
    assert!(count.is_some_and(|count| count["messages"].as_u64() >= Some(1)), "{counts:#}");
    let redriven = hubctl(&["dlq", "redrive", "fulfilment"]).await;
    assert!(redriven["sent"].as_u64() >= Some(1), "{redriven:#}");
    world.until_status(&id, "ready").await;
    assert_eq!(hubctl(&["dlq", "redrive", "fulfilment"]).await["sent"], 0);
}
