//! TrueNorth's side.

use std::time::Duration;

use serde_json::{Value, json};

use crate::world::{GRAMMAR, SPEAKING, TRUENORTH_KEY, World, assignment, call, read};

#[tokio::test]
async fn a_missing_or_wrong_key_is_refused() {
    let world = World::start().await;
    let url = format!("{}/2020q1/assessments", world.sim.truenorth_url());
    for headers in [vec![], vec![("authorization", "Bearer other")], vec![("authorization", "Basic x")]] {
        assert_eq!(call("GET", &url, &headers, String::new()).await.unwrap().status, 401);
    }
}

#[tokio::test]
async fn the_sixth_call_within_one_second_gets_429() {
    let world = World::start().await;
    world.truenorth_account(json!({"api_key": TRUENORTH_KEY})).await;
    for n in 1..=6 {
        let got = world.truenorth("GET", "/2020q1/assessments", json!({})).await;
        assert_eq!(got.status, if n == 6 { 429 } else { 200 });
    }
    let ledger = world.truenorth_ledger().await;
    assert_eq!(ledger["calls"][5]["outcome"], "429");
    tokio::time::sleep(Duration::from_millis(1010)).await;
    assert_eq!(world.truenorth("GET", "/2020q1/assessments", json!({})).await.status, 200);
}

#[tokio::test]
async fn assessments_and_groups_are_listed_and_groups_created() {
    let world = World::start().await;
    let listed = read(&world.truenorth("GET", "/2020q1/assessments/", json!({})).await);
    assert_eq!(listed["assessments"][0], json!({"name": "English Grammar", "assessmentId": GRAMMAR}));
    assert_eq!(listed["assessments"][4]["name"], "Spanish Speaking");
    let made = read(&world.truenorth("POST", "/2020q1/groups", json!({"name": "Mine"})).await);
    let groups = read(&world.truenorth("GET", "/2020q1/groups", json!({})).await);
    assert_eq!(groups["groups"].as_array().unwrap().last(), Some(&made));
    let again = world.truenorth("POST", "/2020q1/groups", json!({"name": "Mine"})).await;
    assert_eq!(again.status, 409);
    assert_eq!(world.truenorth("POST", "/2020q1/groups", json!({})).await.status, 400);
}

#[tokio::test]
async fn assigning_twice_to_one_identifier_gives_one_user_two_assessments() {
    let world = World::start().await;
    let first = world.assign(SPEAKING, "res_1").await;
    let second = world.assign(GRAMMAR, "res_1").await;
    assert_eq!(first["userId"], second["userId"]);
    assert_ne!(first["userAssessmentId"], second["userAssessmentId"]);
    let score = read(&world.truenorth("POST", "/2020q1/score/", json!({"uniqueIdentifier": "res_1"})).await);
    assert_eq!(score["scoreReports"].as_array().unwrap().len(), 2);
    assert_eq!((&score["surname"], &score["email"], &score["studentId"]), (&json!("Lee"), &Value::Null, &json!("s-1")));
    let ledger = world.truenorth_ledger().await;
    assert_eq!(ledger["sales"][0]["product"], "English Speaking");
    assert_eq!(ledger["sales"][0]["reference"], first["userAssessmentId"]);
    assert_eq!(ledger["sales"][0]["reservation_id"], "res_1");
}

#[tokio::test]
async fn an_unacceptable_assignment_is_answered_with_an_array_of_errors() {
    let world = World::start().await;
    let spelled = json!({"assessmentId": "x", "givenName": "Ann", "surname": "Lee"});
    let got = world.truenorth("POST", "/2020q1/assign", spelled).await;
    assert_eq!(got.status, 400);
    let either = "Either emailAddress or uniqueIdentifier is required.";
    assert_eq!(read(&got), json!(["surName is required.", either, "assessmentId is not a UUID."]));
    let long = assignment(SPEAKING, &"x".repeat(201));
    assert_eq!(world.truenorth("POST", "/2020q1/assign", long).await.status, 400);
    let other = assignment("00000000-0000-4000-8000-000000000000", "res_1");
    let got = world.truenorth("POST", "/2020q1/assign", other).await;
    assert_eq!((got.status.as_u16(), read(&got).as_array().unwrap().len()), (409, 1));
    assert_eq!(world.truenorth_ledger().await["sales"], json!([]));
}

#[tokio::test]
async fn a_sign_in_link_works_once() {
    let world = World::start().await;
    let assigned = world.assign(SPEAKING, "res_1").await;
    let which = json!({"uniqueIdentifier": "res_1", "userAssessmentId": assigned["userAssessmentId"]});
    let link = read(&world.truenorth("POST", "/2020q1/create-sign-in-token/", which).await);
    let expires = link["expiresAt"].as_str().unwrap();
    assert!(expires.len() == 33 && expires.ends_with("+00:00"), "{expires}");
    for url in [&assigned["signInUrl"], &link["signInUrl"]] {
        for status in [200, 410] {
            let got = call("GET", url.as_str().unwrap(), &[], String::new()).await.unwrap();
            assert_eq!(got.status, status);
        }
    }
    let unknown = json!({"uniqueIdentifier": "res_2"});
    assert_eq!(world.truenorth("POST", "/2020q1/create-sign-in-token", unknown).await.status, 204);
    assert_eq!(world.truenorth("POST", "/2020q1/create-sign-in-token", json!({})).await.status, 400);
}

#[tokio::test]
async fn an_assessment_goes_from_not_started_to_completed() {
    let world = World::start().await;
    let id = world.assign(SPEAKING, "res_1").await["userAssessmentId"].as_str().unwrap().to_owned();
    for (verb, status) in [
        ("reset", "NotStarted"),
        ("start", "InProgress"),
        ("finish", "ScorePending"),
        ("review", "NeedsReview"),
        ("grade", "Completed"),
    ] {
        let told = world.truenorth_test(&id.to_uppercase(), verb, json!({})).await;
        assert_eq!((&told["status"], &told["webhook"]["sent"]), (&json!(status), &json!(false)));
        let got = world.truenorth("POST", "/2020q1/score", json!({"uniqueIdentifier": "res_1"})).await;
        let text = String::from_utf8(got.body.to_vec()).unwrap();
        assert!(text.contains(&format!(r#""status":"{status}""#)), "{text}");
        assert_eq!(text.contains(r#""score":8.00,"#), status == "Completed", "{text}");
        assert_eq!(text.contains(r#""score":0.0,"#), status != "Completed", "{text}");
    }
    assert_eq!(world.truenorth_ledger().await["sales"][0]["status"], "Completed");
    let unknown = world.truenorth("POST", "/2020q1/score", json!({"uniqueIdentifier": "res_2"})).await;
    assert_eq!((unknown.status.as_u16(), unknown.body.len()), (204, 0));
}

#[tokio::test]
async fn a_scored_assessment_is_told_with_its_one_report() {
    let world = World::start().await;
    let hook = json!({"url": world.inbox.url("/truenorth")});
    assert_eq!(world.truenorth("POST", "/2020q1/webhook", hook).await.status, 200);
    let id = world.assign(GRAMMAR, "res_1").await["userAssessmentId"].as_str().unwrap().to_owned();
    world.assign(SPEAKING, "res_1").await;
    let told = world.truenorth_test(&id, "grade", json!({"score": 826.00})).await;
    assert_eq!(told["webhook"]["status"], 204);
    let event: Value = serde_json::from_str(&world.inbox.bodies()[0]).unwrap();
    assert_eq!(event["event"], "user-assessment-scored");
    assert_eq!(event["data"]["uniqueIdentifier"], "res_1");
    let reports = event["data"]["scoreReports"].as_array().unwrap();
    assert_eq!((reports.len(), &reports[0]["userAssessmentId"]), (1, &json!(id)));
    assert_eq!((&reports[0]["placement"], &reports[0]["score"]), (&json!("Semester 4"), &json!(826.0)));
    assert_eq!(reports[0]["subScores"]["listening"], json!({"correct": 0, "total": 0}));
    assert_eq!(reports[0]["duration"], "00:02:49.6832460");
    let shown = read(&world.truenorth("GET", &format!("/_sim/tests/{id}"), json!({})).await);
    assert_eq!(shown["test"]["scoreReports"][0], reports[0]);
}

#[tokio::test]
async fn with_a_scoring_time_a_finished_test_is_scored_by_itself() {
    let world = World::start().await;
    let settings = json!({"api_key": TRUENORTH_KEY, "scoring_ms": 150, "rate_limit": false});
    world.truenorth_account(settings).await;
    world.truenorth("POST", "/2020q1/webhook", json!({"url": world.inbox.url("/truenorth")})).await;
    let id = world.assign(SPEAKING, "res_1").await["userAssessmentId"].as_str().unwrap().to_owned();
    assert_eq!(world.truenorth_test(&id, "finish", json!({})).await["status"], "ScorePending");
    assert_eq!(world.inbox.all().len(), 0);
    world.inbox.wait(1).await;
    assert!(world.inbox.bodies()[0].contains(r#""cefrSpeakingLevel":"B2-C1""#));
}

#[tokio::test]
async fn all_scores_are_filtered_as_asked() {
    let world = World::start().await;
    let done = world.assign(SPEAKING, "res_1").await["userAssessmentId"].as_str().unwrap().to_owned();
    world.assign(SPEAKING, "res_2").await;
    world.truenorth_test(&done, "grade", json!({})).await;
    let count = async |filter: Value| {
        let got = read(&world.truenorth("POST", "/2020q1/scores/", filter).await);
        got["userScores"].as_array().unwrap().len()
    };
    assert_eq!(count(json!({})).await, 1);
    assert_eq!(count(json!({"includeIncompleteAssessments": true})).await, 2);
    assert_eq!(count(json!({"includeIncompleteAssessments": true, "startedOnOrAfter": "2019-11-14"})).await, 1);
    assert_eq!(count(json!({"startedOnOrBefore": "2019-11-14T00:00:00Z"})).await, 0);
    assert_eq!(count(json!({"groupIds": ["80843E92-5BE1-46AA-9472-2862D11413B3"]})).await, 0);
    let filters = json!({"startedOnOrAfter": "2019-11-14T00:00:00Z"});
    let got = read(&world.truenorth("POST", "/2020q1/scores", filters).await);
    assert_eq!(got["appliedFilters"]["startedOnOrAfter"], "2019-11-14T00:00:00.0000000+00:00");
    let odd = json!({"startedOnOrAfter": "yesterday"});
    assert_eq!(world.truenorth("POST", "/2020q1/scores", odd).await.status, 400);
}

#[tokio::test]
async fn the_webhook_is_registered_shown_tried_out_and_removed() {
    let world = World::start().await;
    assert_eq!(world.truenorth("GET", "/2020q1/webhook", json!({})).await.status, 204);
    assert_eq!(world.truenorth("POST", "/2020q1/webhook/example", json!({})).await.status, 409);
    assert_eq!(world.truenorth("POST", "/2020q1/webhook", json!({"url": "/x"})).await.status, 400);
    let url = world.inbox.url("/truenorth");
    let made = world.truenorth("POST", "/2020q1/webhook", json!({"url": url})).await;
    assert_eq!((made.status.as_u16(), made.body.len()), (200, 0));
    assert_eq!(read(&world.truenorth("GET", "/2020q1/webhook/", json!({})).await)["url"], url);
    assert_eq!(world.truenorth("POST", "/2020q1/webhook/example", json!({})).await.status, 200);
    assert_eq!(world.truenorth("POST", "/2020q1/webhook/example", json!({})).await.status, 429);
    world.inbox.wait(1).await;
    let event: Value = serde_json::from_str(&world.inbox.bodies()[0]).unwrap();
    assert_eq!((&event["event"], &event["data"]["scoreReports"]), (&json!("webhook-example"), &json!([])));
    assert_eq!(event["data"]["userId"], "00000000-0000-0000-0000-000000000000");
    assert_eq!(world.truenorth("DELETE", "/2020q1/webhook", json!({})).await.status, 204);
    assert_eq!(world.truenorth("GET", "/2020q1/webhook", json!({})).await.status, 204);
}

#[tokio::test]
async fn recorded_answers_are_served_by_the_addresses_in_the_report() {
    let world = World::start().await;
    let id = world.assign(SPEAKING, "res_1").await["userAssessmentId"].as_str().unwrap().to_owned();
    world.truenorth_test(&id, "grade", json!({})).await;
    let score = read(&world.truenorth("POST", "/2020q1/score", json!({"uniqueIdentifier": "res_1"})).await);
    let address = score["scoreReports"][0]["openResponses"][0]["responseAudioUrl"].as_str().unwrap();
    let audio = world.truenorth("GET", &format!("/{address}"), json!({})).await;
    assert_eq!((audio.status.as_u16(), audio.headers["content-type"].to_str().unwrap()), (200, "audio/wav"));
    assert!(audio.body.starts_with(b"RIFF") && audio.body.len() == 844);
    assert_eq!(world.truenorth("GET", "/2020q1/response-audio/a/b", json!({})).await.status, 404);
}
