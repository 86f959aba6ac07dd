//! Fetches scores from TrueNorth under its rate limit: on a hint from the
//! `score-checks` queue, and for every account on a schedule.

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use lambda_runtime::{Context, Error, LambdaEvent};
use serde_json::Value;
use shared::hub::{Hub, purchase_needs};
use shared::runtime::{batch, time_left};
use shared::telemetry::ErrorChain;
use shared_core::domain::ids::AccountName;
use shared_core::domain::reservation::Alert;
use shared_core::ports::{Alerts, CheckReason, LookupError, Polls, ScoreCheck};
use shared_core::usecases::check_score::CheckError;

/// Works through a batch of hints, or polls every account when the schedule says.
pub async fn handle(hub: &Hub, event: LambdaEvent<Value>) -> Result<Value, Error> {
    let LambdaEvent { payload, context } = event;
    if payload.get("Records").is_some() {
        // The error's text may quote the event.
        let event = serde_json::from_value(payload).map_err(|_| "the batch cannot be read")?;
        let response = check_batch(hub, event, &context).await;
        return Ok(serde_json::to_value(response)?);
    }
    poll_accounts(hub, &context).await?;
    Ok(Value::Null)
}

async fn check_batch(hub: &Hub, event: SqsEvent, context: &Context) -> SqsBatchResponse {
    batch::process_batch(event, || time_left(context), purchase_needs(&hub.settings), |check| check_one(hub, check))
        .await
}

async fn check_one(hub: &Hub, check: ScoreCheck) -> Result<(), CheckError> {
    let checked = match hub.looking().check(&check).await {
        Ok(checked) => checked,
        Err(error) => {
            alert(hub, &check.account, &error);
            return deferred(&check, error);
        }
    };
    tracing::info!(reservation_id = %check.reservation_id, reason = ?check.reason, ?checked, "checked a score");
    Ok(())
}

/// A check of an expiry or a doubt that the vendor did not answer needs no second delivery: the
/// reservation stays due, and the sweep sends it again.
fn deferred(check: &ScoreCheck, error: CheckError) -> Result<(), CheckError> {
    match error {
        CheckError::LookUp(error) if matches!(check.reason, CheckReason::Expiry | CheckReason::Doubt) => {
            tracing::warn!(reservation_id = %check.reservation_id, error = %ErrorChain(&error), "left to the next sweep");
            Ok(())
        }
        error => Err(error),
    }
}

/// One account's trouble is not the others', but it is the function's: its error
/// alarm rings.
async fn poll_accounts(hub: &Hub, context: &Context) -> Result<(), Error> {
    let mut failed = 0;
    for account in hub.store.accounts().await? {
        if time_left(context) < purchase_needs(&hub.settings) {
            tracing::warn!("no time left to poll every account");
            break;
        }
        failed += usize::from(!poll(hub, &account).await);
    }
    if failed > 0 { Err(format!("{failed} accounts could not be polled").into()) } else { Ok(()) }
}

/// Whether an account is polled, or need not be: another poll is under way, or
/// the rate limit holds this one.
async fn poll(hub: &Hub, account: &AccountName) -> bool {
    match hub.looking().poll(account).await {
        Ok(polled) => {
            tracing::info!(%account, ?polled, "polled an account");
            true
        }
        Err(error) => {
            alert(hub, account, &error);
            tracing::error!(%account, error = %ErrorChain(&error), "a poll failed");
            matches!(error, CheckError::LookUp(LookupError::Held { .. }))
        }
    }
}

fn alert(hub: &Hub, account: &AccountName, error: &CheckError) {
    let CheckError::LookUp(error) = error else { return };
    let alert = match error {
        LookupError::AccountUnavailable { .. } => Alert::AccountUnavailable,
        LookupError::CredentialsRefused => Alert::VendorCredentialsRefused,
        LookupError::Held { .. } | LookupError::Unusable { .. } => return,
    };
    hub.alerts.raise(alert, &format!("truenorth#{account}"));
}
