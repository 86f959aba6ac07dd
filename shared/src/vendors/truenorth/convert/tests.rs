use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::vendors::testing::{anything, is_blank, is_certain, reservation_id, start};

fn sample() -> Vec<ObservedTest> {
    let ours = include_str!("../samples/score.json").replace("5799134", reservation_id().as_str());
    let (id, observed) = observed_tests(serde_json::from_str(&ours).unwrap(), start()).unwrap();
    assert_eq!(id, reservation_id());
    observed
}

fn result(observed_test: &ObservedTest) -> &TestResult {
    match &observed_test.status {
        ReportedStatus::Completed(result) => result,
        other => panic!("{other:?}"),
    }
}

fn read(number: usize, edit: impl FnOnce(&mut Value)) -> (ReportedStatus, Vec<ScoreField>) {
    let mut user: Value = serde_json::from_str(include_str!("../samples/score.json")).unwrap();
    let report = &mut user["scoreReports"][number];
    edit(report);
    super::status(report)
}

fn says(edit: impl FnOnce(&mut Value)) -> ReportedStatus {
    read(1, edit).0
}

#[test]
fn the_documents_webcape_test_becomes_a_result() {
    let sample = sample();
    let (test, user) = ("79fb94aa-344d-43a2-8504-13ed687dd77a", "615ba72f-f8a6-462a-b2b2-19d1952d1372");
    let expected = VendorReference::truenorth(sample[0].reference.test(), user);
    assert_eq!(sample[0].reference, expected);
    let event = include_str!("../samples/event-scored.json");
    assert!(event.contains(test));
    insta::assert_json_snapshot!(result(&sample[0]));
}

#[test]
fn the_documents_speaking_test_becomes_a_result() {
    insta::assert_json_snapshot!(result(&sample()[1]));
}

#[test]
fn a_test_that_was_not_begun_has_no_score() {
    assert_eq!(sample()[2].status, ReportedStatus::Ready);
}

#[test]
fn a_report_is_kept_whole_and_its_digest_does_not_hang_on_the_order_of_its_keys() {
    let kept: Value = serde_json::from_slice(&sample()[1].raw.bytes).unwrap();
    assert_eq!(kept["cefrSpeakingLevel"], "B2-C1");
    let of = |text: &str| {
        let user = json!({ "userId": "u", "uniqueIdentifier": reservation_id(), "scoreReports": [] });
        let mut user: UserScores = serde_json::from_value(user).unwrap();
        user.score_reports = vec![serde_json::from_str(text).unwrap()];
        observed_tests(user, start()).unwrap().1.remove(0).raw.digest
    };
    let (one, other) =
        (r#"{"userAssessmentId":"A","status":"NotStarted"}"#, r#"{ "status":"NotStarted","userAssessmentId":"A" }"#);
    assert_eq!(of(one), of(other));
}

#[test]
fn each_status_of_the_document_has_its_meaning_and_any_other_is_kept() {
    let meaning = |status: &str| says(|report| report["status"] = status.into());
    assert_eq!(meaning("NotStarted"), ReportedStatus::Ready);
    assert_eq!(meaning("InProgress"), ReportedStatus::InProgress);
    assert_eq!(meaning("ScorePending"), ReportedStatus::AwaitingScore);
    assert_eq!(meaning("NeedsReview"), ReportedStatus::UnderReview { problem: true });
    assert!(matches!(meaning("Completed"), ReportedStatus::Completed(_)));
    for same in ["completed", "COMPLETED", " Completed "] {
        assert_eq!(meaning(same), meaning("Completed"), "{same}");
    }
    assert_eq!(meaning("Expired"), ReportedStatus::UnknownStatus { text: "Expired".to_owned() });
    assert_eq!(meaning("In Progress"), ReportedStatus::UnknownStatus { text: "In Progress".to_owned() });
}

#[test]
fn a_score_is_read_as_a_number_or_as_a_text_that_is_one() {
    for value in [json!(7.5), json!("7.5"), json!("7,5"), json!(" 7.50 ")] {
        let (ReportedStatus::Completed(result), unreadable) = read(1, |report| report["score"] = value.clone()) else {
            panic!("{value}")
        };
        assert_eq!((result.overall.unwrap().value, unreadable), (Some(7.5), vec![]), "{value}");
    }
}

#[test]
fn a_score_that_cannot_be_read_is_named_and_never_guessed() {
    assert_eq!(read(1, |report| report["score"] = Value::Null), (ReportedStatus::CompletedWithoutScores, vec![]));
    for value in [json!(10.5), json!("high"), json!("inf"), json!("1.24E+13"), json!("٧٫٥"), json!(true), json!([7.5])]
    {
        let expected = (ReportedStatus::CompletedWithoutScores, vec![ScoreField::Overall]);
        assert_eq!(read(1, |report| report["score"] = value.clone()), expected, "{value}");
    }
    for kind in [json!("Other"), json!(null), json!(7)] {
        let expected = (ReportedStatus::CompletedWithoutScores, vec![ScoreField::Overall]);
        assert_eq!(read(1, |report| report["assessmentType"] = kind.clone()), expected, "{kind}");
    }
}

#[test]
fn of_a_score_that_stands_twice_neither_is_chosen() {
    let ours = include_str!("../samples/score.json").replace("5799134", reservation_id().as_str());
    let twice = ours.replace(r#""score": 8.00"#, r#""score": 8.00, "score": 9.00"#);
    assert_ne!(ours, twice);
    let seen = observed_tests(serde_json::from_str(&twice).unwrap(), start()).unwrap().1;
    assert_eq!(seen[1].status, ReportedStatus::CompletedWithoutScores);
    assert_eq!(seen[1].unreadable, [ScoreField::Overall]);
}

#[test]
fn a_cefr_text_that_is_no_level_is_named_beside_the_score() {
    let (ReportedStatus::Completed(result), unreadable) = read(1, |report| report["cefrSpeakingLevel"] = "*".into())
    else {
        panic!()
    };
    let overall = result.overall.unwrap();
    assert_eq!((overall.value, overall.cefr, unreadable), (Some(8.0), None, vec![ScoreField::Overall]));
}

#[test]
fn a_section_whose_items_cannot_be_read_is_named() {
    let (ReportedStatus::Completed(result), unreadable) =
        read(0, |report| report["subScores"]["reading"] = json!({ "correct": 9, "total": 8 }))
    else {
        panic!()
    };
    assert_eq!(unreadable, [ScoreField::from(Skill::Reading)]);
    assert!(result.skills.iter().all(|skill| skill.skill != Skill::Reading));
    let unreadable = read(0, |report| report["subScores"] = "see attachment".into()).1;
    assert_eq!(unreadable.len(), SECTIONS.len());
}

#[test]
fn a_report_of_no_known_form_is_noticed_and_one_without_a_test_is_skipped() {
    let reports = json!([{ "userAssessmentId": "A", "score": "high" }, { "status": "Completed" }, 7]);
    let user = json!({ "userId": "u", "uniqueIdentifier": reservation_id(), "scoreReports": reports });
    let (_, observed) = observed_tests(serde_json::from_value(user).unwrap(), start()).unwrap();
    assert_eq!(observed.len(), 1);
    assert_eq!(observed[0].status, ReportedStatus::UnknownStatus { text: String::new() });
}

#[test]
fn users_of_others_are_none_of_ours() {
    let user = serde_json::from_str(include_str!("../samples/score.json")).unwrap();
    assert!(observed_tests(user, start()).is_none());
}

proptest! {
    #[test]
    fn each_score_is_read_with_certainty_or_absent_or_named(
        score in anything(), cefr in anything(), items in anything(), correct in anything(), total in anything(),
    ) {
        let sections = json!({ "reading": { "correct": correct, "total": total }, "writing": items });
        let report = json!({
            "userAssessmentId": "A", "status": "Completed", "assessmentType": "TrueNorth", "score": score,
            "cefrSpeakingLevel": cefr, "subScores": sections,
        });
        let (status, unreadable) = super::status(&report);
        let ReportedStatus::Completed(result) = status else {
            prop_assert!(unreadable.contains(&ScoreField::Overall) || is_blank(&score), "{report}: {unreadable:?}");
            return Ok(());
        };
        let overall = result.overall.unwrap();
        let is_read = is_certain(&score, overall.value) && (is_blank(&cefr) || overall.cefr.is_some());
        prop_assert!(is_read || unreadable.contains(&ScoreField::Overall), "{report}: {unreadable:?}");
        let of = |skill| result.skills.iter().find(|read| read.skill == skill);
        let counts = of(Skill::Reading).map(|read| [read.correct, read.total].map(|count| count.map(f64::from)));
        let is_read = counts.is_some_and(|[c, t]| {
            let is_empty = is_certain(&total, Some(0.0)) && !is_blank(&total);
            is_empty || (is_certain(&correct, c) && is_certain(&total, t))
        });
        prop_assert!(is_read || unreadable.contains(&ScoreField::from(Skill::Reading)), "{report}: {unreadable:?}");
        let is_read = of(Skill::Writing).is_some() || is_blank(&items);
        prop_assert!(is_read || unreadable.contains(&ScoreField::from(Skill::Writing)), "{report}: {unreadable:?}");
    }

    #[test]
    fn no_report_makes_it_panic(text in any::<String>(), score in any::<f64>(), items in any::<u32>()) {
        let report = json!({
            "userAssessmentId": text, "status": "Completed", "assessmentType": "WebCAPE", "score": score, "duration": text,
            "started": text, "cefrSpeakingLevel": text, "subScores": { "reading": { "correct": items, "total": items } },
        });
        let user = json!({ "userId": text, "uniqueIdentifier": reservation_id(), "scoreReports": [report, text] });
        observed_tests(serde_json::from_value(user).unwrap(), start());
        let _ = serde_json::from_str::<UserScores>(&text).map(|user| observed_tests(user, start()));
    }
}
