//! The operator's command, on the running system.

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use jiff::Timestamp;
use serde_json::{Value, json};
use shared::aws::DeadLetterQueue;
use shared_core::domain::reservation::Reservation;
use shared_core::ports::Store;
use tokio::task::spawn_blocking;

use crate::batches::post::{DEAD_LETTERS, Post, check, order, outcome, report, waiting};
use crate::in_process::{self, Hub};
use crate::webhooks::{deliver, sample_with};
use crate::world::{SPEAKING, Vendor, World, reference};

/// One of the project's binaries: `cargo dev test` builds them beside the tests.
pub(crate) fn binary(name: &str) -> PathBuf {
    let tests = std::env::current_exe().expect("a path");
    tests.ancestors().nth(2).expect("the target directory").join(name)
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(binary("hubctl"));
    // Nobody is logged in: who decides is said by name.
    command.arg("--json").args(arguments).stdin(Stdio::null()).env_remove("USER");
    command
}

async fn run(arguments: &[&str]) -> Output {
    let mut command = command(arguments);
    spawn_blocking(move || command.output()).await.expect("no panic").expect("hubctl ends")
}

/// Runs a command whose reader has gone before it says anything.
pub(crate) async fn closed(arguments: &[&str]) -> Output {
    let piped = command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = piped.expect("hubctl starts");
    drop(child.stdout.take());
    spawn_blocking(move || child.wait_with_output()).await.expect("no panic").expect("hubctl ends")
}

pub(crate) async fn hubctl(arguments: &[&str]) -> Value {
    let output = run(arguments).await;
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// What a command says that fails.
pub(crate) async fn refused(arguments: &[&str]) -> String {
    let output = run(arguments).await;
    assert!(!output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_doubt_is_settled_on_the_command_line_once_and_in_somebodys_name() {
    let world = World::new().await;
    let id = world.in_doubt(Vendor::Itep, "5xx-before").await;
    let settle = ["doubt", "settle", id.as_str(), "--nothing-sold", "--by", "ann"];
    assert!(refused(&settle).await.contains("--yes"), "nobody sits at the terminal");
    assert!(
        refused(&["doubt", "settle", &id, "--is", "no id", "--by", "ann", "--yes"])
            .await
            .contains("not a valid iTEP test ID")
    );
    let settled = hubctl(&[settle.as_slice(), &["--yes"]].concat()).await;
    assert_eq!((&settled["status"], &settled["by"]), (&json!("pending"), &json!("ann")));
    world.until_status(&id, "ready").await;
    assert_eq!(world.sales(Vendor::Itep).await.len(), 1);
    assert!(refused(&[settle.as_slice(), &["--yes"]].concat()).await.contains("not in doubt but ready"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_is_entered_by_hand_and_revised_by_the_vendors() {
    let world = World::new().await;
    let bought = world.buy(Vendor::Itep).await;
    let (id, test) = (bought.id(), reference(&bought.body));
    world.happens(Vendor::Itep, &test, "finish").await;
    world.until_status(&id, "awaiting_score").await;
    let enter =
        |overall| vec!["result", "enter", id.as_str(), "--overall", overall, "--cefr", "C1", "--by", "ann", "--yes"];
    assert!(refused(&enter("6.5")).await.contains("not on the scale"));
    hubctl(&enter("5.5")).await;
    let completed = world.reservation(&id).await;
    let overall = &completed["result"]["overall"];
    assert_eq!((&completed["status"], &overall["value"]), (&json!("completed"), &json!(5.5)), "{completed:#}");
    assert!(refused(&enter("5.0")).await.contains("has a result"));
    world.happens(Vendor::Itep, &test, "grade").await;
    let revised = |reservation: &Value| reservation["result"]["overall"]["value"] != json!(5.5);
    world.until(&id, "the vendor's own result", revised).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_is_counted_sent_back_and_handled_and_once_more_changes_nothing() {
    let _alone = DEAD_LETTERS.lock().await;
    let (world, hub, since) = (World::new().await, in_process::hub(), Timestamp::now());
    let (id, post) = (waiting(&hub, &world, 1).await.remove(0), Post::of(DeadLetterQueue::Fulfilment));
    let usual = post.hurry().await;
    // A redrive that was stopped between sending and taking away leaves a letter twice.
    post.bury(&[order(&id), order(&id)]).await;
    let counts = hubctl(&["dlq", "list"]).await;
    let count = counts["data"].as_array().expect("queues").iter().find(|queue| queue["queue"] == "fulfilment");
    assert!(count.is_some_and(|count| count["messages"] == 2), "{counts:#}");
    redriven(DeadLetterQueue::Fulfilment, 2).await;
    world.until_status(id.as_str(), "ready").await;
    let attended = ["fulfilment processed", id.as_str()];
    post.until_logged(&world, since, &attended, 2).await;
    let (history, bought) = (world.history(id.as_str()).await, world.reservation(id.as_str()).await);
    assert_eq!(history.iter().filter(|entry| entry["event"] == "call_confirmed").count(), 1, "{history:#?}");
    post.bury(&[order(&id)]).await;
    redriven(DeadLetterQueue::Fulfilment, 1).await;
    post.until_logged(&world, since, &attended, 3).await;
    post.slow_down(&usual).await;
    assert_eq!((world.history(id.as_str()).await, world.reservation(id.as_str()).await), (history, bought));
    assert_eq!(world.sold_to(Vendor::Itep, &id).await, 1);
}

/// Redrives a queue's dead letters, so many, and finds none when it does so again.
async fn redriven(queue: DeadLetterQueue, count: usize) {
    assert_eq!(hubctl(&["dlq", "redrive", queue.name()]).await["sent"], count, "{}", queue.name());
    assert_eq!(hubctl(&["dlq", "redrive", queue.name()]).await["sent"], 0, "{}", queue.name());
}

/// Everything there is to know of a reservation: at the hub, in storage, at the vendors.
async fn known(world: &World, hub: &Hub, id: &str) -> (Vec<Value>, Option<Reservation>, Vec<Value>) {
    let stored = hub.store.reservation(&id.parse().expect("an id")).await.expect("storage");
    let sales = [world.sales(Vendor::Itep).await, world.sales(Vendor::Truenorth).await].concat();
    (world.history(id).await, stored, sales)
}

/// One of each vendor's reservations, completed, and dead letters of all the messages that may have
/// brought that about, with the words that say that such a one was handled.
async fn completed(world: &World) -> ([String; 2], Vec<(DeadLetterQueue, String, [String; 2])>) {
    let itep = world.buy(Vendor::Itep).await;
    let (itep, test) = (itep.id(), reference(&itep.body));
    let data = sample_with(json!({ "OID": itep, "TestID": test }));
    assert_eq!(deliver(world, &data).await.status, 200);
    let tn = world.reserve("another", &world.truenorth_order(SPEAKING)).await;
    world.happens(Vendor::Truenorth, &reference(&tn.body), "grade").await;
    let tn = tn.id();
    let mut letters = vec![
        (
            DeadLetterQueue::Results,
            report(world, "again", &data),
            [format!("{}-again", world.account), "duplicate".into()],
        ),
        (DeadLetterQueue::Results, outcome(&itep, &test), ["call outcome recorded".into(), itep.clone()]),
    ];
    for id in [&itep, &tn] {
        world.until_status(id, "completed").await;
        letters.push((DeadLetterQueue::Fulfilment, order(id), ["fulfilment processed".into(), id.clone()]));
    }
    for (reason, told) in
        [("webhook", "Webhook\""), ("webhook_again", "WebhookAgain"), ("expiry", "Expiry"), ("doubt", "Doubt")]
    {
        letters.push((DeadLetterQueue::ScoreChecks, check(world, &tn, reason), [tn.clone(), format!("\"{told}")]));
    }
    ([itep, tn], letters)
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_whose_work_was_done_meanwhile_change_nothing_however_often_redriven() {
    let _alone = DEAD_LETTERS.lock().await;
    let (world, hub) = (World::new().await, in_process::hub());
    let (ids, letters) = completed(&world).await;
    let before = [known(&world, &hub, &ids[0]).await, known(&world, &hub, &ids[1]).await];
    let (since, mut usual) = (Timestamp::now(), Vec::new());
    for queue in DeadLetterQueue::ALL {
        usual.push(Post::of(queue).hurry().await);
    }
    for round in 1..=2 {
        for queue in DeadLetterQueue::ALL {
            let bodies: Vec<_> = letters.iter().filter(|it| it.0 == queue).map(|it| it.1.clone()).collect();
            Post::of(queue).bury(&[bodies.clone(), bodies.clone()].concat()).await;
            redriven(queue, bodies.len() * 2).await;
        }
        for (queue, _, words) in &letters {
            let words = words.each_ref().map(String::as_str);
            Post::of(*queue).until_logged(&world, since, &words, round * 2).await;
        }
    }
    for (queue, usual) in DeadLetterQueue::ALL.into_iter().zip(&usual) {
        Post::of(queue).slow_down(usual).await;
    }
    assert_eq!([known(&world, &hub, &ids[0]).await, known(&world, &hub, &ids[1]).await], before);
    assert_eq!(before[0].2.len(), 2, "one sale at each vendor");
}
