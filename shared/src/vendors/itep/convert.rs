//! From iTEP's results document to what the hub knows (Integration Results
//! Webhook, "Specific Field Detail").

use shared_core::domain::reservation::Reported;
use shared_core::domain::result::{CefrBand, Equivalents, Scale, Score, Skill, SkillScore, TestResult};
use shared_core::domain::sensitive::Sensitive;

use super::json::Document;
use super::webhook::Unreadable;
use crate::vendors::bounds;

/// The sections and the words that their fields begin with.
const SECTIONS: [(Skill, &str); 5] = [
    (Skill::Grammar, "Grammar"),
    (Skill::Listening, "Listening"),
    (Skill::Reading, "Reading"),
    (Skill::Writing, "Writing"),
    (Skill::Speaking, "Speaking"),
];

/// What a document says. A status that the documents do not name is kept as it
/// is written, and never read as success.
///
/// # Errors
/// [`Unreadable::OutOfRange`] where a score is none on iTEP's scale.
pub(super) fn reported(document: &Document) -> Result<Reported, Unreadable> {
    let status = document.text("Status").unwrap_or_default();
    Ok(match status.as_str() {
        "Ready" => Reported::Ready,
        "Incomplete" | "Started" => Reported::InProgress,
        "Finished" => Reported::AwaitingScore,
        "Review" => Reported::UnderReview { problem: false },
        "Problem" | "Technical Difficulty" => Reported::UnderReview { problem: true },
        "Complete" | "Completed" => completed(document)?,
        "Invalidated" | "Disabled" => Reported::Invalidated,
        _ => Reported::UnknownStatus { text: bounds::text(&status) },
    })
}

fn completed(document: &Document) -> Result<Reported, Unreadable> {
    let overall = score(document, "Overall")?;
    let sections = SECTIONS.map(|(skill, name)| section(document, skill, name));
    let skills: Vec<_> = sections.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
    let has_score = |score: &Score| score.value.is_some();
    if !(overall.as_ref().is_some_and(has_score) || skills.iter().any(|skill| has_score(&skill.score))) {
        return Ok(Reported::CompletedWithoutScores);
    }
    Ok(Reported::Completed(Box::new(TestResult {
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
    })))
}

/// A level with its CEFR level; `None` where neither is there.
fn score(document: &Document, name: &str) -> Result<Option<Score>, Unreadable> {
    let value = within(document, &format!("{name}_Level"), 6.0)?;
    let cefr = document.text(&format!("{name}_cefr")).and_then(|text| CefrBand::read(&bounds::text(&text)));
    let is_there = value.is_some() || cefr.is_some();
    Ok(is_there.then_some(Score { scale: Scale::Itep, value, cefr }))
}

/// A section; `None` where it was not scored. `…_Score`, which the documents
/// describe as a test ID, holds raw points.
fn section(document: &Document, skill: Skill, name: &str) -> Result<Option<SkillScore>, Unreadable> {
    let raw_score = document.number(&format!("{name}_Score")).and_then(bounds::number);
    let percent = within(document, &format!("{name}_Percent"), 100.0)?;
    let score = match score(document, name)? {
        Some(score) => score,
        None if raw_score.is_none() && percent.is_none() => return Ok(None),
        None => Score { scale: Scale::Itep, value: None, cefr: None },
    };
    Ok(Some(SkillScore { skill, score, raw_score, percent, correct: None, total: None }))
}

/// Minutes as seconds.
fn seconds(minutes: f64) -> Option<f64> {
    Some(minutes * 60.0).filter(|seconds| *seconds >= 0.0).and_then(bounds::number)
}

/// A number from 0 to a maximum.
fn within(document: &Document, field: &str, max: f64) -> Result<Option<f64>, Unreadable> {
    match document.number(field) {
        Some(value) if !(0.0..=max).contains(&value) || bounds::number(value).is_none() => {
            Err(Unreadable::OutOfRange { field: field.to_owned() })
        }
        value => Ok(value),
    }
}

#[cfg(test)]
#[path = "convert_tests.rs"]
mod tests;
