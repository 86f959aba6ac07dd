//! From TrueNorth's reports to what the hub knows ("Get User Scores").

use jiff::Timestamp;
use serde_json::Value;
use shared_core::domain::forward::Extra;
use shared_core::domain::ids::{Digest, ReservationId, VendorReference};
use shared_core::domain::reservation::{Report, ReportedStatus};
use shared_core::domain::test_result::{Equivalents, Scale, Score, ScoreField, Skill, SkillScore, TestResult};
use shared_core::ports::{ObservedTest, RawDocument};

use super::times;
use super::wire::UserScores;
use crate::vendors::bounds;
use crate::vendors::score_reader::ScoreReader;

/// The sections by the names of their fields in `subScores`.
const SECTIONS: [(Skill, &str); 6] = [
    (Skill::Grammar, "grammar"),
    (Skill::Listening, "listening"),
    (Skill::Reading, "reading"),
    (Skill::Writing, "writing"),
    (Skill::Speaking, "speaking"),
    (Skill::Vocabulary, "vocabulary"),
];

/// The tests of one user, with the reservation that the user is. `None` where
/// the user is none of ours.
pub fn observed_tests(user: UserScores, observed_at: Timestamp) -> Option<(ReservationId, Vec<ObservedTest>)> {
    let id: ReservationId = user.unique_identifier?.to_ascii_lowercase().parse().ok()?;
    let tests = user.score_reports.into_iter().filter_map(|report| observed_test(&user.user_id, report, observed_at));
    Some((id, tests.collect()))
}

/// One report; `None` where it names no test by what can be an id.
fn observed_test(user_id: &str, report: Value, observed_at: Timestamp) -> Option<ObservedTest> {
    // `Value` keeps its keys sorted: the same report always gives the same bytes.
    let bytes = report.to_string().into_bytes();
    let test = report.get("userAssessmentId")?.as_str()?;
    if ![user_id, test].into_iter().all(bounds::is_id) {
        tracing::error!("report without valid ids left out");
        return None;
    }
    let (status, unreadable) = status(&report);
    let reference = VendorReference::truenorth(test, user_id);
    let raw = RawDocument { digest: Digest::sha256(&bytes), bytes };
    Some(ObservedTest { reference, observed_at, status, unreadable, raw })
}

/// Parses a report that was kept, of the user whose test it was.
pub fn parse_document(reference: &VendorReference, document: &RawDocument, observed_at: Timestamp) -> Option<Report> {
    let VendorReference::Truenorth { user_id, .. } = reference else { return None };
    let report = serde_json::from_slice(&document.bytes).ok()?;
    let ObservedTest { reference, status, unreadable, .. } = observed_test(user_id, report, observed_at)?;
    let digest = document.digest.clone();
    Some(Report { receipt: None, digest, reference, observed_at, status, unreadable })
}

/// What a report says, and which of its scores cannot be read.
fn status(report: &Value) -> (ReportedStatus, Vec<ScoreField>) {
    let status = text(report, "status").unwrap_or_default();
    let status = match status.to_ascii_lowercase().as_str() {
        "notstarted" => ReportedStatus::Ready,
        "inprogress" => ReportedStatus::InProgress,
        "scorepending" => ReportedStatus::AwaitingScore,
        // "an error occurred during the assessment which our team is investigating"
        "needsreview" => ReportedStatus::UnderReview { problem: true },
        "completed" => return completed(report),
        _ => ReportedStatus::UnknownStatus { text: bounds::text(status) },
    };
    (status, Vec::new())
}

fn completed(report: &Value) -> (ReportedStatus, Vec<ScoreField>) {
    let mut scores = ScoreReader::default();
    let overall = overall(report, &mut scores);
    let skills = skills(report.get("subScores"), &mut scores);
    let status = match overall {
        Some(overall) => ReportedStatus::Completed(Box::new(result(report, overall, skills))),
        None => ReportedStatus::CompletedWithoutScores,
    };
    (status, scores.into_unreadable())
}

/// The score of the whole test; without one there is no result.
fn overall(report: &Value, scores: &mut ScoreReader) -> Option<Score> {
    let score = report.get("score");
    let cefr = scores.cefr(ScoreField::Overall, report.get("cefrSpeakingLevel"));
    let scale = match text(report, "assessmentType") {
        Some(name) if name.eq_ignore_ascii_case("WebCAPE") => Scale::Webcape,
        Some(name) if name.eq_ignore_ascii_case("TrueNorth") => Scale::Truenorth,
        _ => {
            scores.refuse(ScoreField::Overall, score);
            return None;
        }
    };
    let value = scores.number(ScoreField::Overall, score, scale.bounds())?;
    Some(Score::new(scale, Some(value), cefr))
}

fn result(report: &Value, overall: Score, skills: Vec<SkillScore>) -> TestResult {
    let kept = |key| text(report, key).map(bounds::text);
    TestResult {
        overall: Some(overall),
        skills,
        equivalents: Equivalents {
            actfl: kept("actflSpeakingLevel"),
            toefl_speaking: kept("toeflSpeakingLevel"),
            ielts_speaking: kept("ieltsSpeakingLevel"),
            toeic_speaking: kept("toeicSpeakingLevel"),
            extra: Extra::default(),
        },
        placement: kept("placement"),
        report_url: None,
        duration_seconds: text(report, "duration").and_then(times::duration).map(|time| time.as_secs_f64()),
        started_at: text(report, "started").and_then(times::timestamp),
        finished_at: text(report, "completed").and_then(times::timestamp),
        finished_on: None,
        assessment_version: kept("assessmentVersion"),
        extra: Extra::default(),
    }
}

/// A text that is not empty, without spaces around it.
fn text<'a>(report: &'a Value, key: &str) -> Option<&'a str> {
    report.get(key)?.as_str().map(str::trim).filter(|text| !text.is_empty())
}

/// The sections of the report. What stands there and is no object hides them all.
fn skills(sections: Option<&Value>, scores: &mut ScoreReader) -> Vec<SkillScore> {
    let read = SECTIONS.into_iter().filter_map(|(skill, name)| {
        let section = match sections {
            Some(Value::Object(sections)) => sections.get(name),
            other => other,
        };
        let (correct, total) = scores.items(skill.into(), section)?;
        let score = Score::new(Scale::Items, None, None);
        Some(SkillScore { skill, score, raw_score: None, percent: None, correct, total })
    });
    read.collect()
}

#[cfg(test)]
mod tests;
