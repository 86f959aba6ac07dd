//! TrueNorth's requests as they come in, and its common answers.

use hyper::{Method, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::document::Document;
use crate::faults::Operation;
use crate::http::{Reply, Request};

/// The endpoints of version 2020q1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Endpoint {
    Assessments,
    ListGroups,
    CreateGroup,
    Assign,
    CreateSignInToken,
    Score,
    Scores,
    ResponseAudio,
    RegisterWebhook,
    GetWebhook,
    DeleteWebhook,
    WebhookExample,
}

impl Endpoint {
    /// The endpoint of a request; a slash at the end makes no difference.
    pub(super) fn find(method: &Method, path: &[&str]) -> Option<Self> {
        Some(match (method.as_str(), path) {
            ("GET", ["assessments"]) => Self::Assessments,
            ("GET", ["groups"]) => Self::ListGroups,
            ("POST", ["groups"]) => Self::CreateGroup,
            ("POST", ["assign"]) => Self::Assign,
            ("POST", ["create-sign-in-token"]) => Self::CreateSignInToken,
            ("POST", ["score"]) => Self::Score,
            ("POST", ["scores"]) => Self::Scores,
            ("GET", ["response-audio", _, _]) => Self::ResponseAudio,
            ("POST", ["webhook"]) => Self::RegisterWebhook,
            ("GET", ["webhook"]) => Self::GetWebhook,
            ("DELETE", ["webhook"]) => Self::DeleteWebhook,
            ("POST", ["webhook", "example"]) => Self::WebhookExample,
            _ => return None,
        })
    }

    /// What a fault order calls it.
    pub(super) fn operation(self) -> Operation {
        match self {
            Self::Assign => Operation::Purchase,
            Self::Score => Operation::Score,
            Self::Scores => Operation::Scores,
            Self::Assessments => Operation::Assessments,
            Self::CreateSignInToken => Operation::SignIn,
            _ => Operation::Other,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Assign {
    pub(super) assessment_id: Option<String>,
    pub(super) given_name: Option<String>,
    /// Requests spell it `surName`, answers `surname`.
    pub(super) sur_name: Option<String>,
    pub(super) email_address: Option<String>,
    pub(super) unique_identifier: Option<String>,
    pub(super) student_id: Option<String>,
    pub(super) assigned_groups: Option<Vec<String>>,
    pub(super) return_url: Option<String>,
}

/// Names a user: `score` and `create-sign-in-token`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WhichUser {
    pub(super) user_id: Option<String>,
    pub(super) email_address: Option<String>,
    pub(super) unique_identifier: Option<String>,
    pub(super) user_assessment_id: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Filters {
    pub(super) include_incomplete_assessments: Option<bool>,
    pub(super) group_ids: Option<Vec<String>>,
    pub(super) started_on_or_after: Option<String>,
    pub(super) started_on_or_before: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct NewGroup {
    pub(super) name: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct NewWebhook {
    pub(super) url: Option<String>,
}

/// Reads a body, or answers 400.
pub(super) fn read<T: DeserializeOwned>(request: &Request) -> Result<T, Reply> {
    request.json().map_err(|error| errors(400, &[format!("The request body is not readable: {error}.")]))
}

/// The array of errors. The document shows none; plain texts are this simulator's choice.
pub(super) fn errors(status: u16, messages: &[String]) -> Reply {
    Reply::json(StatusCode::from_u16(status).unwrap_or_default(), &messages)
}

pub(super) fn refusal(text: &str) -> Reply {
    errors(409, &[text.to_owned()])
}

pub(super) fn without_reference(reply: Reply) -> Reply {
    let mut document: Document = serde_json::from_slice(&reply.body).unwrap_or_default();
    document.remove("userAssessmentId");
    Reply::json(reply.status, &document)
}

/// Not found, in this API's way.
pub(super) fn nothing() -> Reply {
    Reply::empty(StatusCode::NO_CONTENT)
}

pub(super) fn is_absolute(url: &str) -> bool {
    url.parse::<hyper::Uri>()
        .is_ok_and(|uri| uri.authority().is_some() && matches!(uri.scheme_str(), Some("http" | "https")))
}
