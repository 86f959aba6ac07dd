//! The contract of storage, queues and secrets: what the hub relies on, held
//! against whatever stands at the endpoint.
//!
//! It needs `AWS_ENDPOINT_URL`, which `cargo dev test` sets.

#![allow(clippy::unwrap_used, reason = "a test that meets an error has failed")]

mod access;
mod breakers;
mod cost;
mod fixtures;
mod later;
mod lists;
mod meter;
mod older;
mod queues;
mod reservations;
mod schema;
mod secrets;
mod truenorth;
mod world;
