//! Errors over HTTP: RFC 9457 problem details.

use lambda_http::http::{HeaderValue, StatusCode, header};
use lambda_http::{Body, Response};
use serde::Serialize;
use shared_core::domain::ids::ReservationId;
use shared_core::domain::order::Fault;

/// The prefix of every problem type.
const TYPES: &str = "urn:english-test-hub:problem:";

/// A kind of problem: its stable name, status and title.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// The last part of its `type`.
    pub name: &'static str,
    pub status: u16,
    /// What it means, the same for each occurrence.
    pub title: &'static str,
}

#[derive(Debug, Clone)]
pub struct Problem(Box<Details>);

/// A problem as it is answered.
#[derive(Debug, Clone, Serialize)]
struct Details {
    #[serde(rename = "type")]
    type_uri: String,
    title: &'static str,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Fault>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reservation_id: Option<ReservationId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vendor_reason: Option<String>,
    #[serde(skip)]
    retry_after: Option<u64>,
    #[serde(skip)]
    allow: Option<HeaderValue>,
}

impl Problem {
    /// A problem of a kind.
    pub fn new(kind: Kind) -> Self {
        Self(Box::new(Details {
            type_uri: format!("{TYPES}{}", kind.name),
            title: kind.title,
            status: kind.status,
            detail: None,
            errors: Vec::new(),
            reservation_id: None,
            vendor_reason: None,
            retry_after: None,
            allow: None,
        }))
    }

    /// What is wrong this time, and what to do next.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.0.detail = Some(detail.into());
        self
    }

    /// The rules that the request breaks.
    #[must_use]
    pub fn errors(mut self, errors: Vec<Fault>) -> Self {
        self.0.errors = errors;
        self
    }

    /// The reservation that it is about.
    #[must_use]
    pub fn reservation(mut self, id: &ReservationId) -> Self {
        self.0.reservation_id = Some(id.clone());
        self
    }

    /// The vendor's own words.
    #[must_use]
    pub fn vendor_reason(mut self, reason: Option<String>) -> Self {
        self.0.vendor_reason = reason;
        self
    }

    /// When to try again, in seconds.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.0.retry_after = Some(seconds);
        self
    }

    /// A method that the address does not take, and those that it does.
    pub fn method_not_allowed(methods: &str) -> Self {
        let mut problem = Self::new(kinds::METHOD_NOT_ALLOWED).detail(format!("Use one of these methods: {methods}."));
        problem.0.allow = HeaderValue::from_str(methods).ok();
        problem
    }

    /// The problem as a response.
    pub fn into_response(self) -> Response<Body> {
        let body = serde_json::to_string(&self.0).unwrap_or_default();
        let mut response = Response::new(Body::Text(body));
        *response.status_mut() = StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.0.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(methods) = self.0.allow {
            headers.insert(header::ALLOW, methods);
        }
        response
    }
}

/// Problems that more than one function answers with.
pub mod kinds {
    use super::Kind;

    /// No such resource, for this caller.
    pub const NOT_FOUND: Kind = Kind { name: "not-found", status: 404, title: "Not found" };
    /// The method is not for this address.
    pub const METHOD_NOT_ALLOWED: Kind =
        Kind { name: "method-not-allowed", status: 405, title: "The address does not support this method" };
    /// The body is larger than is taken.
    pub const TOO_LARGE: Kind = Kind { name: "body-too-large", status: 413, title: "The body is too large" };
    /// The body cannot be read.
    pub const MALFORMED: Kind = Kind { name: "malformed-request", status: 400, title: "The request is malformed" };
    /// Something of ours is down; nothing was lost.
    pub const UNAVAILABLE: Kind =
        Kind { name: "temporarily-unavailable", status: 503, title: "The hub is temporarily unavailable" };
    /// No credentials, or wrong ones.
    pub const UNAUTHORIZED: Kind = Kind { name: "unauthorized", status: 401, title: "The credentials are not valid" };
}
