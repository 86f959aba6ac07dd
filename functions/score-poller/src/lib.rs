//! Fetches scores from TrueNorth within its rate limit: on a message of the
//! `score-checks` queue, and for every account on a schedule.

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use lambda_runtime::{Context, Error, LambdaEvent};
use serde_json::Value;
use shared::runtime::batch::process_batch;
use shared::runtime::{deadline, purchase_needs};
use shared_core::domain::ids::{Account, AccountName, Vendor};
use shared_core::domain::reservation::Alert;
use shared_core::ports::{AlertSubject, Alerts, CheckReason, ErrorChain, LookupError, Polls, ScoreCheck, VendorEnv};
use shared_core::usecases::check_score::{CheckError, check_score};
use shared_core::usecases::poll_scores::poll_scores;

/// Processes a batch of hints, or polls every account when the schedule says so.
pub async fn handle<E: VendorEnv<Store: Polls>>(env: &E, event: LambdaEvent<Value>) -> Result<Value, Error> {
    let LambdaEvent { payload, context } = event;
    if payload.get("Records").is_some() {
        // The error's text may quote the event.
        let event = serde_json::from_value(payload).map_err(|_| "the batch cannot be read")?;
        let response = check_batch(env, event, &context).await;
        return Ok(serde_json::to_value(response)?);
    }
    poll_accounts(env, &context).await?;
    Ok(Value::Null)
}

async fn check_batch<E: VendorEnv<Store: Polls>>(env: &E, event: SqsEvent, context: &Context) -> SqsBatchResponse {
    let needs = purchase_needs(env.timeouts());
    process_batch(event, env.clock(), deadline(context), needs, |check| check_one(env, check)).await
}

async fn check_one<E: VendorEnv<Store: Polls>>(env: &E, check: ScoreCheck) -> Result<(), CheckError> {
    let reservation_id = &check.reservation_id;
    match check_score(env, &check).await {
        Ok(outcome) => {
            tracing::info!(%reservation_id, reason = ?check.reason, ?outcome, "score checked");
            Ok(())
        }
        Err(error) => {
            alert(env, &account(check.account.clone()), &error);
            match error {
                // No second delivery: the reservation stays due, and the sweep enqueues it again.
                CheckError::LookUp(error) if matches!(check.reason, CheckReason::Expiry | CheckReason::Doubt) => {
                    tracing::warn!(%reservation_id, error = %ErrorChain(&error), "look-up failed, left to the next sweep");
                    Ok(())
                }
                error => Err(error),
            }
        }
    }
}

/// One account's trouble is not the others', but it is the function's: its error
/// alarm rings.
async fn poll_accounts<E: VendorEnv<Store: Polls>>(env: &E, context: &Context) -> Result<(), Error> {
    let (deadline, mut failed) = (deadline(context), 0);
    for name in env.store().accounts().await? {
        if deadline.remaining(env.now()) < purchase_needs(env.timeouts()) {
            tracing::warn!("no time left to poll every account");
            break;
        }
        failed += usize::from(!poll(env, &account(name)).await);
    }
    if failed > 0 { Err(format!("{failed} accounts could not be polled").into()) } else { Ok(()) }
}

/// Whether an account is polled, or need not be: another poll is under way, or
/// the rate limit holds this one.
async fn poll<E: VendorEnv<Store: Polls>>(env: &E, account: &Account) -> bool {
    match poll_scores(env, account).await {
        Ok(summary) => {
            tracing::info!(%account, ?summary, "poll finished");
            true
        }
        Err(error) => {
            alert(env, account, &error);
            tracing::error!(%account, error = %ErrorChain(&error), "poll failed");
            matches!(error, CheckError::LookUp(LookupError::RateLimited { .. }))
        }
    }
}

fn alert<E: VendorEnv>(env: &E, account: &Account, error: &CheckError) {
    let CheckError::LookUp(error) = error else { return };
    let alert = match error {
        LookupError::AccountUnavailable { .. } => Alert::AccountUnavailable,
        LookupError::CredentialsRefused => Alert::VendorCredentialsRefused,
        LookupError::RateLimited { .. } | LookupError::Unusable { .. } => return,
    };
    env.alerts().raise(alert, AlertSubject::Account(account));
}

fn account(name: AccountName) -> Account {
    Account { vendor: Vendor::Truenorth, name }
}
