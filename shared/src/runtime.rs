//! The layer between the Lambda runtime and the functions: invocations and deadlines,
//! HTTP requests and problems, webhooks, partial batch responses.

pub mod batch;
pub mod gateway;
pub mod invocation;
pub mod problem;
pub mod webhook;

use std::time::Duration;

use jiff::Timestamp;
use shared_core::domain::deadline::Deadline;
use shared_core::domain::timeouts::Timeouts;

/// What an invocation gets where its runner names no deadline: `cargo lambda
/// watch` sends one in 1970.
const WITHOUT_DEADLINE: Duration = Duration::from_secs(60);

/// By when an invocation must have ended.
pub fn deadline(context: &lambda_runtime::Context) -> Deadline {
    match i64::try_from(context.deadline).map(Timestamp::from_millisecond) {
        Ok(Ok(deadline)) if context.deadline >= 24 * 3600 * 1000 => Deadline::at(deadline),
        _ => Deadline::after(Timestamp::now(), WITHOUT_DEADLINE),
    }
}

/// What one record of a batch that speaks to a vendor may take: the call, its writes
/// and a margin.
pub fn purchase_needs(timeouts: &Timeouts) -> Duration {
    timeouts.call_and_write() + timeouts.write_margin
}
