//! What the functions have in common: their settings, their wiring, telemetry,
//! problems over HTTP and partial-batch answers.

pub mod batch;
pub mod gateway;
pub mod invocation;
pub mod problem;
pub mod webhook;

use std::time::{Duration, SystemTime};

/// What an invocation gets where its runner names no deadline: `cargo lambda
/// watch` sends one in 1970.
const WITHOUT_DEADLINE: Duration = Duration::from_secs(60);

/// How long an invocation may still take.
pub fn time_left(context: &lambda_runtime::Context) -> Duration {
    if context.deadline < 24 * 3600 * 1000 {
        return WITHOUT_DEADLINE;
    }
    context.deadline().duration_since(SystemTime::now()).unwrap_or_default()
}
