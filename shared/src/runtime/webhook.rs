//! What the vendors' webhook functions share: reading who sends to whom.

use lambda_http::http::header;
use lambda_http::{Body, Request, RequestExt, Response};
use shared_core::domain::ids::{Account, AccountName, InboundWebhookId, Mode};
use shared_core::domain::reservation::Alert;
use shared_core::ports::{AlertSubject, Alerts, SenderCredentials};

use crate::vendors::bounds::WEBHOOK_BODY_MAX;

use super::gateway;
use super::problem::{Problem, kinds};

/// A webhook delivery, neither authenticated nor parsed.
pub struct Delivery {
    /// The account in the address.
    pub account: AccountName,
    /// What the sender presented, as digests under the delivery's id.
    pub credentials: SenderCredentials,
    /// The `Content-Type`.
    pub content_type: String,
    /// The body, bounded only by what Lambda takes.
    pub body: Vec<u8>,
}

/// Parses a delivery to `/webhooks/<vendor>/<account>/<token>`.
pub fn parse(request: &Request, id: &InboundWebhookId) -> Result<Delivery, Problem> {
    if request.method() != "POST" {
        return Err(Problem::method_not_allowed("POST"));
    }
    let path = request.raw_http_path();
    let (account, token) = address(path).ok_or_else(|| Problem::new(kinds::NOT_FOUND))?;
    Ok(Delivery {
        account,
        credentials: SenderCredentials::new(id, token, headers(request)),
        content_type: once(&gateway::joined(request.headers(), "content-type").unwrap_or_default()).to_owned(),
        body: request.body().to_vec(),
    })
}

/// Refuses a body that is larger than is taken, and tells the operator: the vendor
/// may not send it again. Called once the token was checked, so that no stranger can
/// ring the alarm, or while it cannot be: a report must not be lost untold.
///
/// # Errors
/// 413.
pub fn check_size(alerts: &impl Alerts, account: &Account, body: &[u8]) -> Result<(), Problem> {
    if body.len() <= WEBHOOK_BODY_MAX {
        return Ok(());
    }
    tracing::error!(%account, bytes = body.len(), "report too large");
    alerts.raise(Alert::ReportTooLarge, AlertSubject::Account(account));
    Err(Problem::new(kinds::TOO_LARGE).detail(format!("The limit is {WEBHOOK_BODY_MAX} bytes.")))
}

/// The id under which a request is received: that of the invocation.
pub fn id(request: &Request) -> Result<InboundWebhookId, Problem> {
    request.lambda_context().request_id.parse().map_err(|_| Problem::new(kinds::UNAVAILABLE))
}

fn address(path: &str) -> Option<(AccountName, &str)> {
    let (_, rest) = path.split_once("/webhooks/")?;
    let mut parts = rest.trim_end_matches('/').split('/').skip(1);
    match (parts.next(), parts.next(), parts.next()) {
        (Some(account), Some(token), None) => {
            let account: AccountName = account.parse().ok()?;
            (account.mode() == Mode::Live).then_some((account, token))
        }
        _ => None,
    }
}

/// The headers that may carry the second credential: which one does is the
/// account's affair.
fn headers(request: &Request) -> impl Iterator<Item = (&str, &str)> {
    let headers = request.headers().iter();
    let others = headers.filter(|(name, _)| !name.as_str().starts_with("x-amz") && **name != header::HOST);
    others.filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
}

/// A value that came twice and says the same is one: a report is not lost over it.
fn once(value: &str) -> &str {
    let halves = value.match_indices(',').map(|(at, _)| (value[..at].trim(), value[at + 1..].trim()));
    halves.into_iter().find(|(one, other)| one == other).map_or(value, |(one, _)| one)
}

/// An empty answer: what was delivered is kept, or needs no keeping.
pub fn accepted() -> Response<Body> {
    Response::new(Body::Empty)
}

#[cfg(test)]
mod tests;
