//! What the functions have in common: their settings, their wiring, telemetry,
//! problems over HTTP and partial-batch answers.

pub mod batch;
pub mod clock;
pub mod problem;
pub mod settings;
pub mod telemetry;
pub mod webhook;
pub mod wiring;

use std::time::{Duration, SystemTime};

/// How long an invocation may still take.
pub fn time_left(context: &lambda_runtime::Context) -> Duration {
    context.deadline().duration_since(SystemTime::now()).unwrap_or_default()
}
