//! iTEP's results: once, in whatever order, through resets and revisions.

use serde_json::{Value, json};

use crate::setup::Options;
use crate::webhooks::{SAMPLE, deliver, sample_with};
use crate::world::{Answer, ITEP_PRODUCT, Vendor, World, eventually, reference};

const SAMPLE_TEST: &str = "3279B035APR";

/// A test sold by iTEP whose id is the documents' sample's.
async fn sample_bought() -> (World, Answer) {
    let itep_stock = vec![json!({ "product": ITEP_PRODUCT, "test_ids": [SAMPLE_TEST] })];
    let world = World::with(Options { itep_stock, ..Options::default() }).await;
    let bought = world.buy(Vendor::Itep).await;
    assert_eq!(reference(&bought.body), SAMPLE_TEST);
    (world, bought)
}

fn skill<'a>(result: &'a Value, skill: &str) -> &'a Value {
    let skills = result["skills"].as_array().expect("skills");
    skills.iter().find(|one| one["skill"] == skill).unwrap_or_else(|| panic!("no {skill} in {result:#}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn iteps_own_results_sample_is_read_to_the_letter() {
    let (world, bought) = sample_bought().await;
    assert_eq!(deliver(&world, SAMPLE).await.status, 200);
    let completed = world.until_status(&bought.id(), "completed").await;
    let result = &completed["result"];
    let overall = &result["overall"];
    assert_eq!((&overall["value"], &overall["cefr"], &overall["scale"]), (&json!(4.5), &json!("C1"), &json!("itep")));
    for (name, value, cefr, percent) in [
        ("grammar", 3.5, "B2", 72),
        ("listening", 5.0, "C1", 86),
        ("reading", 6.0, "C2", 100),
        ("writing", 4.0, "B2", 67),
        ("speaking", 4.0, "B2", 67),
    ] {
        let skill = skill(result, name);
        assert_eq!((&skill["value"], &skill["cefr"]), (&json!(value), &json!(cefr)), "{name}");
        assert_eq!(skill["percent"].as_f64(), Some(f64::from(percent)), "{name}");
    }
    assert_eq!(result["duration_seconds"].as_f64(), Some(4050.0));
    assert_eq!(result["finished_on"], "2024-06-10");
    let report = "https://www.iteptest.com/reports/ScoreReport.php?p=8bee14e7f73fc44d9db69ff8bccfe36aAfcvq";
    assert_eq!(result["report_url"], report);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_delivered_three_times_and_before_its_finish_is_one_result() {
    let (world, bought) = sample_bought().await;
    for _ in 0..3 {
        assert_eq!(deliver(&world, SAMPLE).await.status, 200);
    }
    world.until_status(&bought.id(), "completed").await;
    assert_eq!(deliver(&world, &sample_with(json!({ "Status": "Finished" }))).await.status, 200);
    let history = until_events(&world, &bought.id(), "report_awaiting_score", 1).await;
    let stale = history.iter().find(|entry| entry["event"] == "report_awaiting_score").expect("the stale report");
    assert_eq!((&stale["verdict"], &stale["reason"]), (&json!("refused"), &json!("stale")), "{stale:#}");
    let applied = history.iter().filter(|e| e["event"] == "report_completed" && e["verdict"] == "applied").count();
    assert_eq!(applied, 1);
    let completed = world.reservation(&bought.id()).await;
    assert_eq!(completed["status"], "completed");
    assert_eq!(completed["attempts"].as_array().map(Vec::len), Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_after_the_grade_opens_a_second_attempt_and_keeps_the_first_result() {
    let (world, bought) = sample_bought().await;
    let id = bought.id();
    for step in ["finish", "grade"] {
        world.happens(Vendor::Itep, SAMPLE_TEST, step).await;
    }
    world.until_status(&id, "completed").await;
    world.happens(Vendor::Itep, SAMPLE_TEST, "reset").await;
    let reset = world.until_status(&id, "ready").await;
    assert_eq!(reset["result"], Value::Null);
    assert_eq!(reset["attempts"].as_array().map(Vec::len), Some(2));
    assert_eq!(reset["attempts"][0]["result"]["overall"]["value"], 4.5);
    world.happens(Vendor::Itep, SAMPLE_TEST, "finish").await;
    world.happens_with(Vendor::Itep, SAMPLE_TEST, "grade", json!({ "Overall_Level": "5.0" })).await;
    let again = world.until_status(&id, "completed").await;
    assert_eq!(again["result"]["overall"]["value"], 5.0);
    assert_eq!(again["attempts"][0]["result"]["overall"]["value"], 4.5);
    assert_eq!(again["attempts"][1]["result"]["overall"]["value"], 5.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_corrected_result_shows_and_the_former_cannot_come_back() {
    let (world, bought) = sample_bought().await;
    deliver(&world, SAMPLE).await;
    world.until_status(&bought.id(), "completed").await;
    deliver(&world, &sample_with(json!({ "Overall_Level": "5.5" }))).await;
    let corrected = |r: &Value| r["result"]["overall"]["value"] == 5.5;
    world.until(&bought.id(), "the corrected result", corrected).await;
    deliver(&world, SAMPLE).await;
    until_events(&world, &bought.id(), "report_completed", 3).await;
    assert!(corrected(&world.reservation(&bought.id()).await));
}

#[tokio::test(flavor = "multi_thread")]
async fn reviews_keep_a_result_and_invalidations_take_it_away() {
    let (world, bought) = sample_bought().await;
    world.happens(Vendor::Itep, SAMPLE_TEST, "grade").await;
    world.until_status(&bought.id(), "completed").await;
    world.happens(Vendor::Itep, SAMPLE_TEST, "review").await;
    let reviewed = world.until_status(&bought.id(), "under_review").await;
    assert_eq!(reviewed["result"]["overall"]["value"], 4.5);
    assert_eq!(reviewed["status_reason"], "vendor_review");
    world.happens(Vendor::Itep, SAMPLE_TEST, "invalidate").await;
    let invalidated = world.until_status(&bought.id(), "invalidated").await;
    assert_eq!(invalidated["result"], Value::Null);
    assert_eq!(invalidated["attempts"][0]["result"]["overall"]["value"], 4.5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_status_that_the_documents_do_not_name_changes_nothing_and_is_kept() {
    let (world, bought) = sample_bought().await;
    deliver(&world, &sample_with(json!({ "Status": "Certified" }))).await;
    let history = until_events(&world, &bought.id(), "report_unknown_status", 1).await;
    assert!(history.iter().any(|entry| entry.to_string().contains("Certified")));
    assert_eq!(world.reservation(&bought.id()).await["status"], "ready");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_certain_is_read_and_what_is_not_is_named_until_it_can_be_read() {
    let (world, bought) = sample_bought().await;
    let partly = sample_with(json!({
        "Status": "complete", "Overall_Level": "3,5", "Speaking_Level": "7.0", "Writing_cefr": "*", "Writing_Level": "*"
    }));
    deliver(&world, &format!("\u{feff}{}", json!(partly))).await;
    let completed = world.until_status(&bought.id(), "completed").await;
    assert_eq!(completed["result"]["overall"]["value"], 3.5);
    assert_eq!(completed["attempts"][0]["unreadable"], json!(["writing", "speaking"]));
    let (writing, speaking) = (skill(&completed["result"], "writing"), skill(&completed["result"], "speaking"));
    assert_eq!((&writing["value"], &writing["cefr"], &writing["percent"]), (&Value::Null, &Value::Null, &json!(67)));
    assert_eq!((&speaking["value"], &speaking["cefr"]), (&Value::Null, &json!("B2")));
    deliver(&world, SAMPLE).await;
    let read = |r: &Value| r["attempts"][0]["unreadable"] == json!([]) && r["result"]["overall"]["value"] == 4.5;
    world.until(&bought.id(), "the readable result", read).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grade_without_a_readable_score_is_checked_and_not_launched_until_one_can_be_read() {
    let (world, bought) = sample_bought().await;
    let scores = ["Overall", "Grammar", "Listening", "Reading", "Writing", "Speaking"];
    let fields =
        scores.iter().flat_map(|s| ["Level", "cefr", "Score", "Percent"].map(|f| (format!("{s}_{f}"), json!(""))));
    deliver(&world, &sample_with(Value::Object(fields.collect()))).await;
    let checked = world.until_status(&bought.id(), "under_review").await;
    assert_eq!((&checked["status_reason"], &checked["result"]), (&json!("result_unreadable"), &Value::Null));
    for action in ["launch", "cancel"] {
        let refused = world.post(&format!("/v1/reservations/{}/{action}", bought.id())).await;
        assert_eq!(refused.status, 409, "{action}: {refused:?}");
    }
    deliver(&world, &sample_with(json!({ "Status": "Finished" }))).await;
    let history = until_events(&world, &bought.id(), "report_awaiting_score", 1).await;
    let finished = history.iter().find(|entry| entry["event"] == "report_awaiting_score").expect("the report");
    assert_eq!(finished["reason"], "stale");
    deliver(&world, SAMPLE).await;
    let completed = world.until_status(&bought.id(), "completed").await;
    assert_eq!(completed["result"]["overall"]["value"], 4.5);
}

async fn until_events(world: &World, id: &str, event: &str, count: usize) -> Vec<Value> {
    let ask = async || {
        let history = world.history(id).await;
        let is_there = history.iter().filter(|entry| entry["event"] == event).count() >= count;
        if is_there { Ok(history) } else { Err(history) }
    };
    eventually(event, ask).await
}
