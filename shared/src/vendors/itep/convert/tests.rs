use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::vendors::testing::{anything, is_blank, is_certain};

const SAMPLE: &str = include_str!("../samples/results.json");

fn read(document: &Value) -> (ReportedStatus, Vec<ScoreField>) {
    super::status(&Document::parse(document.to_string().as_bytes()).unwrap())
}

fn sample_with(edit: impl FnOnce(&mut Value)) -> (ReportedStatus, Vec<ScoreField>) {
    let mut value: Value = serde_json::from_str(SAMPLE).unwrap();
    edit(&mut value);
    read(&value)
}

fn says(edit: impl FnOnce(&mut Value)) -> ReportedStatus {
    sample_with(edit).0
}

fn graded(edit: impl FnOnce(&mut Value)) -> (TestResult, Vec<ScoreField>) {
    match sample_with(edit) {
        (ReportedStatus::Completed(result), unreadable) => (*result, unreadable),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_documents_own_sample_becomes_a_result() {
    let (result, unreadable) = graded(|_| ());
    insta::assert_json_snapshot!(result);
    assert_eq!(unreadable, []);
}

#[test]
fn each_status_of_the_documents_has_its_meaning() {
    let meaning = |status: &str| says(|value| value["Status"] = status.into());
    assert_eq!(meaning("Ready"), ReportedStatus::Ready);
    assert_eq!(meaning("Incomplete"), ReportedStatus::InProgress);
    assert_eq!(meaning("Started"), ReportedStatus::InProgress);
    assert_eq!(meaning("Finished"), ReportedStatus::AwaitingScore);
    assert_eq!(meaning("Review"), ReportedStatus::UnderReview { problem: false });
    assert_eq!(meaning("Problem"), ReportedStatus::UnderReview { problem: true });
    assert_eq!(meaning("Technical Difficulty"), ReportedStatus::UnderReview { problem: true });
    assert_eq!(meaning("Invalidated"), ReportedStatus::Invalidated);
    assert_eq!(meaning("Disabled"), ReportedStatus::Invalidated);
    assert!(matches!(meaning("Complete"), ReportedStatus::Completed(_)));
    for same in ["Completed", "complete", "COMPLETED", " Complete\t"] {
        assert_eq!(meaning(same), meaning("Complete"), "{same}");
    }
    assert_eq!(meaning("technical difficulty "), ReportedStatus::UnderReview { problem: true });
}

#[test]
fn any_other_status_is_kept_as_it_is_written() {
    for status in ["Graded", "Ready to Go", "Not Complete", "Complete.", "Technical  Difficulty", ""] {
        let text = status.to_owned();
        assert_eq!(says(|value| value["Status"] = status.into()), ReportedStatus::UnknownStatus { text });
    }
}

#[test]
fn a_complete_without_any_score_is_no_result() {
    let document = json!({ "TestID": "T", "Status": "Complete", "Overall_Level": "", "Overall_cefr": "C1" });
    assert_eq!(read(&document), (ReportedStatus::CompletedWithoutScores, vec![]));
}

#[test]
fn what_a_report_leaves_empty_is_absent_and_not_zero() {
    let (result, unreadable) = graded(|value| {
        for field in ["Overall_Level", "Overall_cefr", "Duration", "score_report_url"] {
            value[field] = "".into();
        }
        for field in ["Writing_Level", "Writing_Score", "Writing_Percent", "Writing_cefr"] {
            value[field] = "".into();
        }
    });
    assert_eq!(unreadable, []);
    assert_eq!((result.overall, result.duration_seconds, result.report_url), (None, None, None));
    assert!(result.skills.iter().all(|skill| skill.skill != Skill::Writing));
}

#[test]
fn a_decimal_comma_is_read() {
    let (result, unreadable) = graded(|document| document["Overall_Level"] = "3,5".into());
    assert_eq!((result.overall.unwrap().value, unreadable), (Some(3.5), vec![]));
}

#[test]
fn a_score_that_cannot_be_read_is_named_and_the_others_are_read() {
    for value in [json!("*"), json!("45"), json!(7.0), json!("inf"), json!("1,234"), json!(true), json!({})] {
        let (result, unreadable) = graded(|document| document["Overall_Level"] = value.clone());
        let overall = result.overall.unwrap();
        assert_eq!((overall.value, overall.cefr.unwrap().text.as_str()), (None, "C1"), "{value}");
        assert_eq!((unreadable, result.skills.len()), (vec![ScoreField::Overall], 5), "{value}");
    }
}

#[test]
fn a_section_is_named_for_any_of_its_fields() {
    for (field, value) in [("Level", "6.1"), ("Percent", "-1"), ("Percent", "101"), ("Score", "*"), ("cefr", "*")] {
        let (result, unreadable) = graded(|document| document[format!("Speaking_{field}")] = value.into());
        let speaking = result.skills.iter().find(|skill| skill.skill == Skill::Speaking).unwrap();
        let fields = [speaking.score.value, speaking.raw_score, speaking.percent];
        assert_eq!(fields.iter().flatten().count() + usize::from(speaking.score.cefr.is_some()), 3, "{field}");
        assert_eq!(unreadable, [ScoreField::from(Skill::Speaking)], "{field}");
    }
}

#[test]
fn of_a_score_that_stands_twice_neither_is_chosen() {
    let twice = SAMPLE.replacen('{', r#"{ "Overall_Level": "6.0", "Speaking_Level": "4.0","#, 1);
    let (ReportedStatus::Completed(result), unreadable) = super::status(&Document::parse(twice.as_bytes()).unwrap())
    else {
        panic!()
    };
    assert_eq!((result.overall.unwrap().value, unreadable), (None, vec![ScoreField::Overall]));
}

#[test]
fn a_test_id_in_place_of_raw_points_is_no_score() {
    let (result, unreadable) = graded(|document| document["Grammar_Score"] = document["TestID"].clone());
    assert_eq!((result.skills[0].raw_score, unreadable), (None, vec![]));
}

#[test]
fn a_complete_of_which_no_score_can_be_read_names_them() {
    let document = json!({ "TestID": "T", "Status": "Complete", "Overall_Level": "*", "Speaking_Level": "7.0" });
    let expected =
        (ReportedStatus::CompletedWithoutScores, vec![ScoreField::Overall, ScoreField::from(Skill::Speaking)]);
    assert_eq!(read(&document), expected);
}

proptest! {
    #[test]
    fn each_score_is_read_with_certainty_or_absent_or_named(values in proptest::collection::vec(anything(), 24)) {
        let names = [("Overall", ScoreField::Overall)].into_iter().chain(SECTIONS.map(|(skill, name)| (name, skill.into())));
        let mut document = json!({ "TestID": "T", "Status": "Complete" });
        let mut fields = Vec::new();
        for ((name, field), values) in names.zip(values.chunks(4)) {
            let kinds = ["Level", "cefr", "Score", "Percent"];
            kinds.iter().zip(values).for_each(|(kind, value)| document[format!("{name}_{kind}")] = value.clone());
            fields.push((field, values));
        }
        let (status, unreadable) = read(&document);
        let result = match status {
            ReportedStatus::Completed(result) => *result,
            ReportedStatus::CompletedWithoutScores => TestResult::default(),
            other => panic!("{other:?}"),
        };
        for (field, values) in fields {
            let skill = result.skills.iter().find(|skill| ScoreField::from(skill.skill) == field);
            let score = skill.map(|skill| &skill.score).or(result.overall.as_ref().filter(|_| field == ScoreField::Overall));
            let level = score.and_then(|score| score.value);
            let cefr = score.and_then(|score| score.cefr.as_ref()).map(|band| band.text.as_str());
            let mut read = vec![is_certain(&values[0], level)];
            if score.is_some() {
                read.push(is_blank(&values[1]) || values[1].as_str().map(str::trim) == cefr);
            }
            if let Some(skill) = skill {
                read.extend([is_certain(&values[2], skill.raw_score), is_certain(&values[3], skill.percent)]);
            }
            let is_whole = read.iter().all(|read| *read);
            prop_assert!(is_whole || unreadable.contains(&field), "{field} of {document}: {read:?}, {unreadable:?}");
        }
    }
}
