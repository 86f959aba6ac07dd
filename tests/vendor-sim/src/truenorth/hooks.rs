//! The account's webhook: registering it, and the two events that go there.

use std::time::{Duration, Instant};

use bytes::Bytes;
use hyper::StatusCode;
use jiff::Timestamp;
use serde::Serialize;

use super::dotnet;
use super::report::UserScores;
use super::state::{Account, Registered};
use super::wire::{self, NewWebhook};
use crate::http::{Reply, Request};
use crate::outbox::Parcel;

/// The example event: always the same.
const EXAMPLE: &str = r#"{"event":"webhook-example","data":{"userId":"00000000-0000-0000-0000-000000000000","givenName":"John","surname":"Smith","username":"john-smith","email":"john-smith@example.com","studentId":"","uniqueIdentifier":"","scoreReports":[]}}"#;

#[derive(Serialize)]
struct Event {
    event: &'static str,
    data: UserScores,
}

impl Account {
    /// Overwrites what was registered.
    pub(super) fn register_webhook(&mut self, request: &Request) -> Result<Reply, Reply> {
        let url = wire::read::<NewWebhook>(request)?.url.unwrap_or_default();
        if !wire::is_absolute(&url) {
            return Err(wire::errors(400, &["url is not an absolute http or https url.".to_owned()]));
        }
        self.webhook = Some(Registered { url, created_at: dotnet::time(Timestamp::now()) });
        Ok(Reply::empty(StatusCode::OK))
    }

    pub(super) fn show_webhook(&self) -> Reply {
        match &self.webhook {
            Some(webhook) => Reply::json(StatusCode::OK, webhook),
            None => wire::nothing(),
        }
    }

    pub(super) fn delete_webhook(&mut self) -> Reply {
        self.webhook = None;
        wire::nothing()
    }

    /// `webhook/example`: at most one event a second. What a refusal looks like is not documented.
    pub(super) fn example(&mut self) -> Result<Parcel, Reply> {
        let recent = |at: Instant| at.elapsed() < Duration::from_secs(1);
        if self.last_example.is_some_and(recent) {
            return Err(Reply::empty(StatusCode::TOO_MANY_REQUESTS));
        }
        let parcel = self.parcel(Bytes::from_static(EXAMPLE.as_bytes()));
        let parcel = parcel.ok_or_else(|| wire::refusal("No webhook is registered."))?;
        self.last_example = Some(Instant::now());
        Ok(parcel)
    }

    /// The event that a user's assessment was scored, if there is a webhook.
    pub(super) fn scored_event(&self, id: &str) -> Option<Parcel> {
        let (user, index) = self.report(id)?;
        let scored = user.reports[index].user_assessment_id.clone();
        let data = UserScores::new(user, |report| report.user_assessment_id == scored);
        let event = Event { event: "user-assessment-scored", data };
        self.parcel(serde_json::to_vec(&event).ok()?.into())
    }

    fn parcel(&self, body: Bytes) -> Option<Parcel> {
        let url = self.webhook.as_ref()?.url.clone();
        let headers = vec![("Content-Type".to_owned(), "application/json".to_owned())];
        Some(Parcel { url, headers, body, patience: Duration::from_secs(5) })
    }
}
