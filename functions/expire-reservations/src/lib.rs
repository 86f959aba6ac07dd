//! Gives every reservation that is due its attention: expiry, lapsed leases,
//! retries, overdue results. Runs every minute, one at a time.

use lambda_runtime::{Context, Error};
use serde_json::{Value, json};
use shared::hub::Hub;
use shared::runtime::time_left;

/// Sweeps once and says what it did.
pub async fn handle(hub: &Hub, context: &Context) -> Result<Value, Error> {
    let attended = hub.attending().sweep(|| time_left(context)).await?;
    tracing::info!(
        due = attended.due,
        changed = attended.changed,
        handed_over = attended.handed_over,
        failed = attended.failed,
        "swept"
    );
    if attended.failed > 0 {
        return Err(format!("{} due reservations could not be attended to", attended.failed).into());
    }
    Ok(json!({
        "due": attended.due,
        "changed": attended.changed,
        "handed_over": attended.handed_over,
    }))
}
