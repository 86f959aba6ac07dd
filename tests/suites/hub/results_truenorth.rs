//! TrueNorth's results: looked up at TrueNorth, whoever says that they are there.

use serde_json::{Value, json};
use shared_core::domain::ids::Vendor;
use shared_core::usecases::poll_scores::poll_scores;

use crate::in_process;
use crate::world::{Answer, GRAMMAR, SPEAKING, World, eventually, reference};

async fn bought(product: &str) -> (World, Answer) {
    let world = World::new().await;
    let bought = world.reserve("order", &world.truenorth_order(product)).await;
    assert_eq!(bought.status, 201, "{bought:?}");
    (world, bought)
}

async fn graded(product: &str) -> Value {
    let (world, bought) = bought(product).await;
    let graded = world.happens(Vendor::Truenorth, &reference(&bought.body), "grade").await;
    assert_eq!(graded["webhook"]["status"], 200, "{graded}");
    world.until_status(&bought.id(), "completed").await["result"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webcape_result_has_its_placement_and_its_sections() {
    let result = graded(GRAMMAR).await;
    assert_eq!((&result["overall"]["value"], &result["overall"]["scale"]), (&json!(825.0), &json!("webcape")));
    assert_eq!(result["overall"]["cefr"], Value::Null);
    assert_eq!(result["placement"], "Semester 4");
    let skills = result["skills"].as_array().expect("skills");
    let items =
        |skill: &str| skills.iter().find(|s| s["skill"] == skill).map(|s| (s["correct"].clone(), s["total"].clone()));
    assert_eq!(items("reading"), Some((json!(1), json!(2))));
    assert_eq!(items("grammar"), Some((json!(14), json!(16))));
    assert_eq!(items("vocabulary"), Some((json!(1), json!(1))));
    assert_eq!(items("listening"), Some((Value::Null, Value::Null)), "0 of 0 is no items, not a score of zero");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_speaking_result_has_a_cefr_range_and_its_equivalents() {
    let result = graded(SPEAKING).await;
    let overall = &result["overall"];
    assert_eq!((&overall["value"], &overall["scale"]), (&json!(8.0), &json!("truenorth")));
    let cefr = ["cefr", "cefr_min", "cefr_max"].map(|name| overall[name].as_str().unwrap_or_default().to_owned());
    assert_eq!(cefr, ["B2-C1", "B2", "C1"]);
    assert_eq!(
        result["equivalents"],
        json!({
            "actfl": "Advanced Mid - Advanced High", "toefl_speaking": "25-27",
            "ielts_speaking": "7 - 7.5", "toeic_speaking": "170-180",
        })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_score_that_is_a_text_is_read_and_what_is_not_certain_beside_it_is_named() {
    let (world, bought) = bought(SPEAKING).await;
    let odd =
        json!({ "score": " 7,5", "cefrSpeakingLevel": "*", "subScores": { "reading": { "correct": 3, "total": 2 } } });
    world.happens_with(Vendor::Truenorth, &reference(&bought.body), "grade", odd).await;
    let completed = world.until_status(&bought.id(), "completed").await;
    let overall = &completed["result"]["overall"];
    assert_eq!((&overall["value"], &overall["cefr"]), (&json!(7.5), &Value::Null));
    assert_eq!(completed["attempts"][0]["unreadable"], json!(["overall", "reading"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_event_with_a_perfect_score_changes_nothing_but_one_look_up() {
    let (world, bought) = bought(SPEAKING).await;
    world.hold_polls().await;
    let mut event: Value = serde_json::from_str(include_str!("samples/truenorth-scored-event.json")).expect("JSON");
    event["data"]["uniqueIdentifier"] = json!(bought.id());
    event["data"]["scoreReports"][0]["userAssessmentId"] = json!(reference(&bought.body));
    event["data"]["scoreReports"][0]["score"] = json!(1000.0);
    let before = world.reservation(&bought.id()).await;
    let sent = world.send(world.http.post(world.webhook(Vendor::Truenorth)).json(&event)).await;
    assert_eq!(sent.status, 200, "{sent:?}");
    let asked = async || match world.look_ups().await {
        0 => Err("no call"),
        calls => Ok(calls),
    };
    eventually("a look-up after the hint", asked).await;
    assert_eq!(world.reservation(&bought.id()).await, before);
    assert_eq!(world.look_ups().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_about_somebody_elses_user_is_acknowledged_and_dropped() {
    let world = World::new().await;
    let event = include_str!("samples/truenorth-scored-event.json");
    let sent = world.send(world.http.post(world.webhook(Vendor::Truenorth)).body(event)).await;
    assert_eq!(sent.status, 200, "{sent:?}");
    assert_eq!(world.look_ups().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn polling_finds_what_the_webhooks_missed() {
    let (world, bought) = bought(SPEAKING).await;
    world.fault(Vendor::Truenorth, json!({ "match": "webhook", "fault": "withhold", "times": 5 })).await;
    let test = reference(&bought.body);
    let (hub, account) = (in_process::hub(), world.account_at(Vendor::Truenorth));
    for (step, status) in [("start", "in_progress"), ("finish", "awaiting_score"), ("grade", "completed")] {
        world.happens(Vendor::Truenorth, &test, step).await;
        poll_scores(&hub, &account).await.expect("a poll").expect("no other poll is under way");
        world.until_status(&bought.id(), status).await;
    }
    assert_eq!(world.reservation(&bought.id()).await["result"]["overall"]["value"], 8.0);
}
