//! From iTEP's results document to what the hub knows (Integration Results
//! Webhook, "Specific Field Detail").

use shared_core::domain::forward::Extra;
use shared_core::domain::reservation::ReportedStatus;
use shared_core::domain::sensitive::Sensitive;
use shared_core::domain::test_result::{Equivalents, Scale, Score, ScoreField, Skill, SkillScore, TestResult};

use super::json::Document;
use crate::vendors::bounds;
use crate::vendors::score_reader::ScoreReader;

/// The sections and the words that their fields begin with.
const SECTIONS: [(Skill, &str); 5] = [
    (Skill::Grammar, "Grammar"),
    (Skill::Listening, "Listening"),
    (Skill::Reading, "Reading"),
    (Skill::Writing, "Writing"),
    (Skill::Speaking, "Speaking"),
];

/// What a document says, and which of its scores cannot be read. A status that the
/// documents do not name is kept as it is written, and never read as success.
pub(super) fn status(document: &Document) -> (ReportedStatus, Vec<ScoreField>) {
    let status = document.text("Status").unwrap_or_default();
    let status = match status.to_ascii_lowercase().as_str() {
        "ready" => ReportedStatus::Ready,
        "incomplete" | "started" => ReportedStatus::InProgress,
        "finished" => ReportedStatus::AwaitingScore,
        "review" => ReportedStatus::UnderReview { problem: false },
        "problem" | "technical difficulty" => ReportedStatus::UnderReview { problem: true },
        "complete" | "completed" => return completed(document),
        "invalidated" | "disabled" => ReportedStatus::Invalidated,
        _ => ReportedStatus::UnknownStatus { text: bounds::text(&status) },
    };
    (status, Vec::new())
}

fn completed(document: &Document) -> (ReportedStatus, Vec<ScoreField>) {
    let mut scores = ScoreReader::default();
    let overall = score(document, &mut scores, ScoreField::Overall, "Overall");
    let sections = SECTIONS.map(|(skill, name)| section(document, &mut scores, skill, name));
    let skills: Vec<_> = sections.into_iter().flatten().collect();
    let has_score = |score: &Score| score.value.is_some();
    let status = if overall.as_ref().is_some_and(has_score) || skills.iter().any(|skill| has_score(&skill.score)) {
        ReportedStatus::Completed(Box::new(result(document, overall, skills)))
    } else {
        ReportedStatus::CompletedWithoutScores
    };
    (status, scores.into_unreadable())
}

fn result(document: &Document, overall: Option<Score>, skills: Vec<SkillScore>) -> TestResult {
    TestResult {
        overall,
        skills,
        equivalents: Equivalents::default(),
        placement: None,
        report_url: document.text("score_report_url").and_then(bounds::link).map(Sensitive::new),
        duration_seconds: document.number("Duration").and_then(seconds),
        started_at: None,
        finished_at: None,
        finished_on: document.test_date(),
        assessment_version: None,
        extra: Extra::default(),
    }
}

/// A level with its CEFR level; `None` where neither is there.
fn score(document: &Document, scores: &mut ScoreReader, field: ScoreField, name: &str) -> Option<Score> {
    let scale = Scale::Itep;
    let value = scores.number(field, document.value(&format!("{name}_Level")), scale.bounds());
    let cefr = scores.cefr(field, document.value(&format!("{name}_cefr")));
    (value.is_some() || cefr.is_some()).then_some(Score::new(scale, value, cefr))
}

/// A section; `None` where it was not scored. `…_Score` holds raw points; the
/// documents describe it as the test ID, which is no score.
fn section(document: &Document, scores: &mut ScoreReader, skill: Skill, name: &str) -> Option<SkillScore> {
    let field = skill.into();
    let (points, test_id) = (format!("{name}_Score"), document.text("TestID").unwrap_or_default());
    let is_test_id = document.text(&points).is_some_and(|text| text.eq_ignore_ascii_case(&test_id));
    let raw_score = scores.number(field, document.value(&points).filter(|_| !is_test_id), None);
    let percent = scores.number(field, document.value(&format!("{name}_Percent")), Some((0.0, 100.0)));
    let score = match score(document, scores, field, name) {
        Some(score) => score,
        None if raw_score.is_none() && percent.is_none() => return None,
        None => Score::new(Scale::Itep, None, None),
    };
    Some(SkillScore { skill, score, raw_score, percent, correct: None, total: None })
}

/// Minutes as seconds.
fn seconds(minutes: f64) -> Option<f64> {
    Some(minutes * 60.0).filter(|seconds| *seconds >= 0.0).and_then(bounds::number)
}

#[cfg(test)]
mod tests;
