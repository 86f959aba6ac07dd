//! The requests and answers of the Enterprise API 2020q1. Requests spell
//! `surName`, answers `surname`. Nothing here is `Debug`: most of it is about
//! people.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::vendors::json::Whole;

/// The answer to `GET /assessments`.
#[derive(Deserialize)]
pub struct Assessments {
    /// What the account may assign.
    pub assessments: Vec<Assessment>,
}

/// One kind of test.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Assessment {
    pub name: String,
    /// Its id, a UUID.
    pub assessment_id: String,
}

/// The answer to `GET /groups`.
#[derive(Deserialize)]
pub struct Groups {
    /// The account's groups.
    pub groups: Vec<Group>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Group {
    pub name: String,
    /// Its id, a UUID.
    pub group_id: String,
}

/// The body of `POST /groups`.
#[derive(Serialize)]
pub struct NewGroup<'a> {
    /// The new group's name.
    pub name: &'a str,
}

/// The body of `POST /assign`. There is no email address in it: one could match
/// another user, and a reservation is to be a user of its own.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Assign<'a> {
    pub assessment_id: &'a str,
    pub given_name: &'a str,
    pub sur_name: &'a str,
    /// The reservation's id; at most 200 characters.
    pub unique_identifier: &'a str,
    /// The client's own id of the candidate.
    pub student_id: &'a str,
    /// Groups that the user joins.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    pub assigned_groups: &'a [String],
    /// Where the user is sent afterwards.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub return_url: Option<&'a str>,
}

/// The answer to `POST /assign`. All may be missing: what is there decides
/// whether a test was named.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Assigned {
    /// The user's id.
    pub user_id: Option<String>,
    /// The id of the user's assessment.
    pub user_assessment_id: Option<String>,
    /// A single-use link to it.
    pub sign_in_url: Option<String>,
    /// When the link expires.
    pub sign_in_url_expires_at: Option<String>,
}

/// The body of `POST /create-sign-in-token`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NewLink<'a> {
    /// The reservation's id.
    pub unique_identifier: &'a str,
    /// The test to be taken to.
    pub user_assessment_id: &'a str,
}

/// The answer to `POST /create-sign-in-token`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Link {
    pub sign_in_url: String,
    /// When it expires: five minutes after it was made.
    pub expires_at: String,
}

/// The body of `POST /score`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ScoreQuery<'a> {
    /// The reservation's id.
    pub unique_identifier: &'a str,
}

/// The body of `POST /scores`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ScoresQuery {
    /// Whether tests that are not completed are wanted too.
    pub include_incomplete_assessments: bool,
    pub started_on_or_after: String,
    pub started_on_or_before: String,
}

/// One user with their tests: the answer to `POST /score`, an element of
/// `userScores` in that to `POST /scores`, and the data of a webhook event.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserScores {
    /// TrueNorth's id of the user.
    pub user_id: String,
    /// The reservation's id, where the user is ours.
    pub unique_identifier: Option<String>,
    /// The reports as they came: each is kept whole, beside what is read of it.
    #[serde(default, deserialize_with = "whole")]
    pub score_reports: Vec<Value>,
}

fn whole<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Value>, D::Error> {
    let reports = Vec::<Whole>::deserialize(deserializer)?;
    Ok(reports.into_iter().map(|Whole(report)| report).collect())
}

/// The body of `POST /webhook`.
#[derive(Serialize)]
pub struct NewWebhook<'a> {
    /// Where events go. Only one is kept: a new one overwrites.
    pub url: &'a str,
}

/// The answer to `GET /webhook`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Webhook {
    pub url: String,
    pub created_at: Option<String>,
}

/// The body of a webhook event.
#[derive(Deserialize)]
pub struct Event {
    pub event: String,
    pub data: Option<EventData>,
}

/// What is read of an event's data: it proves nothing, so only whose it is.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EventData {
    /// The reservation's id, where the user is ours.
    pub unique_identifier: Option<String>,
}

/// The errors of a 400 or 409. The document says "an array of errors" and shows
/// none, so every plausible shape is read.
pub fn errors(body: &[u8]) -> Vec<String> {
    let Ok(value) = serde_json::from_slice::<Value>(body) else { return Vec::new() };
    let mut found = Vec::new();
    collect(&value, &mut found, 0);
    found.truncate(20);
    found
}

/// How deep errors may nest.
const DEPTH_MAX: usize = 4;

fn collect(value: &Value, found: &mut Vec<String>, depth: usize) {
    match value {
        Value::String(text) if !text.trim().is_empty() => found.push(text.trim().to_owned()),
        Value::Array(items) if depth < DEPTH_MAX => items.iter().for_each(|item| collect(item, found, depth + 1)),
        Value::Object(map) if depth < DEPTH_MAX => {
            let named = ["message", "errorMessage", "description", "detail", "error", "errors", "title"];
            match named.iter().find_map(|key| map.get(*key)) {
                Some(inner) => collect(inner, found, depth + 1),
                // ASP.NET: field names, each with its messages.
                None => {
                    map.values().filter(|inner| inner.is_array()).for_each(|inner| collect(inner, found, depth + 1))
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests;
