//! Fetches scores from TrueNorth under its rate limit: on a hint from the
//! `score-checks` queue, and for every account on a schedule.

use std::time::Duration;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use lambda_runtime::{Context, Error, LambdaEvent};
use serde_json::Value;
use shared::core::domain::reservation::Alert;
use shared::core::ports::{Alerts, LookupError, Polls, ScoreCheck};
use shared::core::usecases::check_score::CheckError;
use shared::lambda::telemetry::Causes;
use shared::lambda::wiring::Hub;
use shared::lambda::{batch, time_left};

/// What one look-up may take: a place in the rate limit, the call, the writes.
const NEEDS: Duration = Duration::from_secs(15);

/// Works through a batch of hints, or polls every account when the schedule says.
pub async fn handle(hub: &Hub, event: LambdaEvent<Value>) -> Result<Value, Error> {
    let LambdaEvent { payload, context } = event;
    if payload.get("Records").is_some() {
        let response = check_batch(hub, serde_json::from_value(payload)?, &context).await;
        return Ok(serde_json::to_value(response)?);
    }
    poll_accounts(hub, &context).await?;
    Ok(Value::Null)
}

async fn check_batch(hub: &Hub, event: SqsEvent, context: &Context) -> SqsBatchResponse {
    batch::each(event, || time_left(context), NEEDS, |check: ScoreCheck| check_one(hub, check)).await
}

async fn check_one(hub: &Hub, check: ScoreCheck) -> Result<(), CheckError> {
    let checked = hub.looking().check(&check).await.inspect_err(|error| alert(hub, &check.account, error))?;
    tracing::info!(reservation_id = %check.reservation_id, reason = ?check.reason, ?checked, "checked a score");
    Ok(())
}

/// One account's trouble is not the others'.
async fn poll_accounts(hub: &Hub, context: &Context) -> Result<(), Error> {
    for account in hub.store.accounts().await? {
        if time_left(context) < NEEDS {
            tracing::warn!("no time left to poll every account");
            break;
        }
        match hub.looking().poll(&account).await {
            Ok(Some(polled)) => tracing::info!(%account, ?polled, "polled an account"),
            Ok(None) => tracing::info!(%account, "another poll is under way"),
            Err(error) => {
                alert(hub, &account, &error);
                tracing::error!(%account, error = %Causes(&error), "a poll failed");
            }
        }
    }
    Ok(())
}

fn alert(hub: &Hub, account: &shared::core::domain::ids::AccountName, error: &CheckError) {
    let CheckError::LookUp(error) = error else { return };
    let alert = match error {
        LookupError::AccountUnavailable { .. } => Alert::AccountUnavailable,
        LookupError::CredentialsRefused => Alert::VendorCredentialsRefused,
        LookupError::Held { .. } | LookupError::Unusable { .. } => return,
    };
    hub.alerts.raise(alert, &format!("truenorth#{account}"));
}
