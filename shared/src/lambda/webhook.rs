//! What the vendors' webhook functions share: reading who sends to whom.

use lambda_http::http::header;
use lambda_http::{Body, Request, RequestExt, Response};
use shared_core::domain::ids::AccountName;
use shared_core::domain::sensitive::Sensitive;
use shared_core::ports::Proof;

use crate::vendors::itep::webhook::BODY_MAX;

use super::problem::{Problem, kinds};

/// A webhook delivery, bounded but neither authenticated nor parsed.
pub struct Delivery {
    /// The account in the address.
    pub account: AccountName,
    /// What the sender shows.
    pub proof: Proof,
    /// The `Content-Type`.
    pub content_type: String,
    /// The body.
    pub body: Vec<u8>,
}

/// Reads a delivery to `/webhooks/<vendor>/<account>/<token>`.
pub fn read(request: &Request) -> Result<Delivery, Problem> {
    if request.method() != "POST" {
        return Err(Problem::new(kinds::METHOD_NOT_ALLOWED).detail("Deliver by POST."));
    }
    let (account, token) = address(request).ok_or_else(|| Problem::new(kinds::NOT_FOUND))?;
    let body = request.body().as_ref();
    if body.len() > BODY_MAX {
        return Err(Problem::new(kinds::TOO_LARGE).detail(format!("At most {BODY_MAX} bytes are taken.")));
    }
    Ok(Delivery {
        account,
        proof: Proof { token, headers: headers(request) },
        content_type: text(request, &header::CONTENT_TYPE).unwrap_or_default(),
        body: body.to_vec(),
    })
}

fn address(request: &Request) -> Option<(AccountName, Sensitive<String>)> {
    let path = request.raw_http_path();
    let (_, rest) = path.split_once("/webhooks/")?;
    let mut parts = rest.trim_end_matches('/').split('/').skip(1);
    match (parts.next(), parts.next(), parts.next()) {
        (Some(account), Some(token), None) => Some((account.parse().ok()?, token.into())),
        _ => None,
    }
}

/// Every header with a bounded value: which one carries the second credential is
/// the account's affair.
fn headers(request: &Request) -> Vec<(String, Sensitive<String>)> {
    request
        .headers()
        .iter()
        .filter(|(name, _)| !name.as_str().starts_with("x-amz") && **name != header::HOST)
        .filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok().filter(|v| v.len() <= 1024)?.into())))
        .take(40)
        .collect()
}

fn text(request: &Request, name: &header::HeaderName) -> Option<String> {
    Some(request.headers().get(name)?.to_str().ok()?.to_owned())
}

/// An empty answer: what was delivered is kept, or needs no keeping.
pub fn accepted() -> Response<Body> {
    Response::new(Body::Empty)
}
