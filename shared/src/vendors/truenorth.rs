//! TrueNorth and WebCAPE, by the Enterprise API 2020q1.
//!
//! A reservation *is* a user there (`uniqueIdentifier` = reservation id), so
//! that `POST /score` tells exactly what was sold for it.

pub(crate) mod assessments;
pub mod client;
pub mod convert;
pub(crate) mod limiter;
pub(crate) mod links;
pub mod profile;
pub(crate) mod purchase;
pub(crate) mod rate_limited;
pub(crate) mod scores;
mod splitter;
pub mod times;
pub mod webhook;
pub mod wire;
