use serde_json::{Value, json};

use super::*;

const SAMPLE: &str = include_str!("samples/results.json");

fn says(edit: impl FnOnce(&mut Value)) -> Result<Reported, Unreadable> {
    let mut value: Value = serde_json::from_str(SAMPLE).unwrap();
    edit(&mut value);
    reported(&Document::read(value.to_string().as_bytes()).unwrap())
}

#[test]
fn the_documents_own_sample_becomes_a_result() {
    let Ok(Reported::Completed(result)) = says(|_| ()) else { panic!() };
    insta::assert_json_snapshot!(result);
}

#[test]
fn each_status_of_the_documents_has_its_meaning() {
    let meaning = |status: &str| says(|value| value["Status"] = status.into()).unwrap();
    assert_eq!(meaning("Ready"), Reported::Ready);
    assert_eq!(meaning("Incomplete"), Reported::InProgress);
    assert_eq!(meaning("Started"), Reported::InProgress);
    assert_eq!(meaning("Finished"), Reported::AwaitingScore);
    assert_eq!(meaning("Review"), Reported::UnderReview { problem: false });
    assert_eq!(meaning("Problem"), Reported::UnderReview { problem: true });
    assert_eq!(meaning("Technical Difficulty"), Reported::UnderReview { problem: true });
    assert_eq!(meaning("Invalidated"), Reported::Invalidated);
    assert_eq!(meaning("Disabled"), Reported::Invalidated);
    assert!(matches!(meaning("Complete"), Reported::Completed(_)));
    assert_eq!(meaning("Completed"), meaning("Complete"));
}

#[test]
fn any_other_status_is_kept_as_it_is_written() {
    for status in ["complete", "Graded", "Ready to Go", ""] {
        let text = status.to_owned();
        assert_eq!(says(|value| value["Status"] = status.into()), Ok(Reported::UnknownStatus { text }));
    }
}

#[test]
fn a_complete_without_any_score_is_no_result() {
    let document = json!({ "TestID": "T", "Status": "Complete", "Overall_Level": "", "Overall_cefr": "C1" });
    let document = Document::read(document.to_string().as_bytes()).unwrap();
    assert_eq!(reported(&document), Ok(Reported::CompletedWithoutScores));
}

#[test]
fn what_a_report_leaves_empty_is_absent_and_not_zero() {
    let Ok(Reported::Completed(result)) = says(|value| {
        for field in ["Overall_Level", "Overall_cefr", "Duration", "score_report_url"] {
            value[field] = "".into();
        }
        for field in ["Writing_Level", "Writing_Score", "Writing_Percent", "Writing_cefr"] {
            value[field] = "".into();
        }
    }) else {
        panic!()
    };
    assert_eq!((result.overall, result.duration_seconds, result.report_url), (None, None, None));
    assert!(result.skills.iter().all(|skill| skill.skill != Skill::Writing));
}

#[test]
fn a_score_beyond_its_scale_is_not_passed_on() {
    let wrong = |field: &str, value: &str| says(|document| document[field] = value.into()).unwrap_err().to_string();
    assert_eq!(wrong("Overall_Level", "45"), "Overall_Level is out of range");
    assert_eq!(wrong("Grammar_Percent", "-1"), "Grammar_Percent is out of range");
}
