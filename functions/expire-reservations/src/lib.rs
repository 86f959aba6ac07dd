//! The sweep: processes reservations whose `due_at` has passed (expiry, lapsed leases,
//! retries, overdue results). Runs every minute, one at a time.

use lambda_runtime::{Context, Error};
use serde_json::{Value, json};
use shared::runtime::deadline;
use shared_core::ports::Env;
use shared_core::usecases::sweep::{SweepSummary, sweep};

/// Sweeps once and says what it did.
pub async fn handle<E: Env>(env: &E, context: &Context) -> Result<Value, Error> {
    let SweepSummary { due, changed, enqueued, failed } = sweep(env, deadline(context)).await?;
    tracing::info!(due, changed, enqueued, failed, "sweep finished");
    if failed > 0 {
        return Err(format!("{failed} due reservations could not be processed").into());
    }
    Ok(json!({ "due": due, "changed": changed, "enqueued": enqueued }))
}
