//! The clients' HTTP API: reserve a test and buy it at once if the vendor answers in
//! time; read, list, cancel, launch.
//!
//! [`handle`] routes a request, authenticates the client, applies its rate limit, and
//! calls one use case.
#![doc = include_str!("../README.md")]

mod actions;
mod answer;
mod client_rate;
mod context;
mod etag;
mod fingerprint;
mod idempotency;
mod pointer;
mod prefer;
pub mod problems;
mod products;
mod query;
mod read;
mod reasons;
mod request;
mod reserve;
mod routes;
mod rules;
mod view;

#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod tests;

use lambda_http::{Body, Request, Response};
use shared::hub::{Hub, Vendors};
use tracing::Instrument;

/// Answers one request. Whatever goes wrong is a problem in the answer, and is
/// logged once where it is the hub's fault.
pub async fn handle(hub: &Hub<Vendors>, request: Request) -> Response<Body> {
    let invocation = context::invocation(&request);
    let span = tracing::info_span!("request", request_id = invocation.id, client = tracing::field::Empty);
    routes::answer(hub, &request, &invocation).instrument(span).await
}
