//! From TrueNorth's reports to what the hub knows ("Get User Scores").

use jiff::Timestamp;
use serde_json::Value;
use shared_core::domain::ids::{Digest, ReservationId, VendorReference};
use shared_core::domain::reservation::Reported;
use shared_core::domain::result::{CefrBand, Equivalents, Scale, Score, Skill, SkillScore, TestResult};
use shared_core::ports::{RawDocument, Sighting};

use super::times;
use super::wire::{Items, ScoreReport, SubScores, UserScores};
use crate::vendors::bounds;

/// The tests of one user, with the reservation that the user is. `None` where
/// the user is none of ours.
pub fn sightings(user: UserScores, observed_at: Timestamp) -> Option<(ReservationId, Vec<Sighting>)> {
    let id: ReservationId = user.unique_identifier?.to_ascii_lowercase().parse().ok()?;
    let tests = user.score_reports.into_iter().filter_map(|report| sighting(&user.user_id, report, observed_at));
    Some((id, tests.collect()))
}

/// One report; `None` where it names no test by what can be an id. One that names a test but cannot
/// be read otherwise counts as a status that nobody knows, so that it is noticed.
fn sighting(user_id: &str, report: Value, observed_at: Timestamp) -> Option<Sighting> {
    // `Value` keeps its keys sorted: the same report always gives the same bytes.
    let bytes = report.to_string().into_bytes();
    let test = report.get("userAssessmentId")?.as_str()?.to_owned();
    if ![user_id, &test].into_iter().all(bounds::is_id) {
        tracing::error!("a report of TrueNorth's with ids that cannot be ids was left out");
        return None;
    }
    let unreadable = || Reported::UnknownStatus { text: "unreadable".to_owned() };
    let says = serde_json::from_value(report).map_or_else(|_| unreadable(), |report| reported(&report));
    let reference = VendorReference::truenorth(&test, user_id);
    Some(Sighting {
        reference,
        observed_at,
        says,
        unreadable: Vec::new(),
        raw: RawDocument { digest: Digest::of(&bytes), bytes },
    })
}

/// What a report says.
pub fn reported(report: &ScoreReport) -> Reported {
    let status = report.status.clone().unwrap_or_default();
    match status.as_str() {
        "NotStarted" => Reported::Ready,
        "InProgress" => Reported::InProgress,
        "ScorePending" => Reported::AwaitingScore,
        // "an error occurred during the assessment which our team is investigating"
        "NeedsReview" => Reported::UnderReview { problem: true },
        "Completed" => completed(report),
        _ => Reported::UnknownStatus { text: bounds::text(&status) },
    }
}

fn completed(report: &ScoreReport) -> Reported {
    let Some(value) = report.score else { return Reported::CompletedWithoutScores };
    let scale = match report.assessment_type.as_deref() {
        Some(name) if name.eq_ignore_ascii_case("WebCAPE") => Scale::Webcape,
        Some(name) if name.eq_ignore_ascii_case("TrueNorth") => Scale::Truenorth,
        _ => return Reported::UnknownStatus { text: "Completed, on a scale that is not known".to_owned() },
    };
    if scale.bounds().is_some_and(|(min, max)| !(min..=max).contains(&value)) || bounds::number(value).is_none() {
        return Reported::UnknownStatus { text: "Completed, with a score that is none on its scale".to_owned() };
    }
    let cefr = report.cefr_speaking_level.as_deref().map(bounds::text).as_deref().and_then(CefrBand::read);
    let overall = Score { scale, value: Some(value), cefr };
    Reported::Completed(Box::new(result(report, overall)))
}

fn result(report: &ScoreReport, overall: Score) -> TestResult {
    TestResult {
        overall: Some(overall),
        skills: report.sub_scores.as_ref().map(skills).unwrap_or_default(),
        equivalents: Equivalents {
            actfl: present(&report.actfl_speaking_level),
            toefl_speaking: present(&report.toefl_speaking_level),
            ielts_speaking: present(&report.ielts_speaking_level),
            toeic_speaking: present(&report.toeic_speaking_level),
        },
        placement: present(&report.placement),
        report_url: None,
        duration_seconds: report.duration.as_deref().and_then(times::duration).map(|time| time.as_secs_f64()),
        started_at: report.started.as_deref().and_then(times::timestamp),
        finished_at: report.completed.as_deref().and_then(times::timestamp),
        finished_on: None,
        assessment_version: present(&report.assessment_version),
    }
}

fn present(text: &Option<String>) -> Option<String> {
    text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(bounds::text)
}

/// The sections of the report.
fn skills(scores: &SubScores) -> Vec<SkillScore> {
    let sections = [
        (Skill::Grammar, scores.grammar),
        (Skill::Listening, scores.listening),
        (Skill::Reading, scores.reading),
        (Skill::Writing, scores.writing),
        (Skill::Speaking, scores.speaking),
        (Skill::Vocabulary, scores.vocabulary),
    ];
    sections.into_iter().filter_map(|(skill, items)| Some(section(skill, items?))).collect()
}

/// 0 of 0 means that the section had no items, which is no score of zero.
fn section(skill: Skill, items: Items) -> SkillScore {
    let had_items = items.total > 0;
    SkillScore {
        skill,
        score: Score { scale: Scale::Items, value: None, cefr: None },
        raw_score: None,
        percent: None,
        correct: had_items.then_some(items.correct),
        total: had_items.then_some(items.total),
    }
}

#[cfg(test)]
#[path = "convert_tests.rs"]
mod tests;
