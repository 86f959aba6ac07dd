//! Score reports: one for each assessment that was assigned, in every state of the document.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::dotnet;
use super::state::User;
use crate::document::Document;
use crate::outbox::Parcel;

const SPEAKING: &str = include_str!("reports/speaking.json");
const GRAMMAR: &str = include_str!("reports/grammar.json");
const UNSCORED: &str = include_str!("reports/unscored.json");

/// How long the document's speaking sample took; for a test that nobody was seen to start.
const USUAL_LENGTH: SignedDuration = SignedDuration::new(169, 683_246_000);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    NotStarted,
    InProgress,
    ScorePending,
    Completed,
    NeedsReview,
}

impl Status {
    /// The document's spelling.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::NotStarted => "NotStarted",
            Self::InProgress => "InProgress",
            Self::ScorePending => "ScorePending",
            Self::Completed => "Completed",
            Self::NeedsReview => "NeedsReview",
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Report {
    pub(super) user_assessment_id: String,
    pub(super) assessment_name: String,
    pub(super) status: Status,
    pub(super) started: Option<Timestamp>,
    pub(super) finished: Option<Timestamp>,
    /// Fields that a control request replaced.
    pub(super) replaced: Document,
    pub(super) last_webhook: Option<Parcel>,
}

impl Report {
    pub(super) fn new(user_assessment_id: String, assessment_name: String) -> Self {
        Self {
            user_assessment_id,
            assessment_name,
            status: Status::NotStarted,
            started: None,
            finished: None,
            replaced: Document::default(),
            last_webhook: None,
        }
    }

    /// Moves to another state at `now`, with the given fields replaced from now on.
    pub(super) fn enter(&mut self, status: Status, replaced: Document, now: Timestamp) {
        self.status = status;
        self.replaced = replaced;
        match status {
            Status::NotStarted => (self.started, self.finished) = (None, None),
            Status::InProgress => (self.started, self.finished) = (Some(now), None),
            Status::ScorePending | Status::Completed => {
                self.finished = self.finished.or(Some(now));
                self.started = self.started.or(Some(now - USUAL_LENGTH));
            }
            Status::NeedsReview => {}
        }
    }

    pub(super) fn document(&self) -> Document {
        let speaking = self.assessment_name.contains("Speaking");
        let template = match self.status {
            Status::Completed if speaking => SPEAKING,
            Status::Completed => GRAMMAR,
            _ => UNSCORED,
        };
        // The templates are part of the program: they parse.
        let mut document = Document::parse(template).unwrap_or_default();
        document.set("userAssessmentId", &self.user_assessment_id);
        document.set("assessmentType", if speaking { "TrueNorth" } else { "WebCAPE" });
        document.set("assessmentName", &self.assessment_name);
        document.set("status", self.status.name());
        document.set("started", self.started.map(dotnet::time));
        document.set("completed", self.finished.map(dotnet::time));
        document.set("duration", self.length().map(dotnet::duration));
        document.overlay(&self.replaced);
        document
    }

    fn length(&self) -> Option<SignedDuration> {
        Some(self.finished?.duration_since(self.started?))
    }
}

/// A user with score reports, as `score`, `scores` and the webhook show them.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UserScores {
    user_id: String,
    given_name: String,
    surname: String,
    username: String,
    email: Option<String>,
    student_id: Option<String>,
    unique_identifier: Option<String>,
    score_reports: Vec<Document>,
}

impl UserScores {
    /// The user with those of their reports that `wanted` lets through.
    pub(super) fn new(user: &User, wanted: impl Fn(&Report) -> bool) -> Self {
        let username = format!("{}-{}", user.given_name, user.surname);
        Self {
            user_id: user.user_id.clone(),
            given_name: user.given_name.clone(),
            surname: user.surname.clone(),
            username: username.to_lowercase().replace(' ', "-"),
            email: user.email.clone(),
            student_id: user.student_id.clone(),
            unique_identifier: user.unique_identifier.clone(),
            score_reports: user.reports.iter().filter(|r| wanted(r)).map(Report::document).collect(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.score_reports.is_empty()
    }
}
