//! Matches reports to reservations and applies them. Consumes the `results` queue.

use std::time::Duration;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use lambda_runtime::LambdaEvent;
use shared::runtime::batch::process_batch;
use shared::runtime::deadline;
use shared::vendors::itep::webhook::parse_report;
use shared::vendors::webhook_auth::{self, WebhookAuthError};
use shared_core::domain::ids::{Account, ReservationId, Vendor};
use shared_core::domain::reservation::{Alert, CallOutcome};
use shared_core::ports::{
    AlertSubject, Alerts, AuthOutcome, BackendError, InboundWebhook, Quarantine, ResultMessage, Store, WebhookEnv,
};
use shared_core::usecases::purchase::record_outcome;
use shared_core::usecases::record_report::{RecordOutcome, quarantine, record_report};

/// What one record may take: a read and a transaction, each with its retries.
const NEEDS: Duration = Duration::from_secs(20);

/// Records a batch of reports and outcomes.
pub async fn handle<E: WebhookEnv<Store: Quarantine>>(env: &E, event: LambdaEvent<SqsEvent>) -> SqsBatchResponse {
    let LambdaEvent { payload, context } = event;
    process_batch(payload, env.clock(), deadline(&context), NEEDS, |message| record(env, message)).await
}

async fn record<E: WebhookEnv<Store: Quarantine>>(env: &E, message: ResultMessage) -> Result<(), BackendError> {
    match message {
        ResultMessage::InboundWebhook(webhook) => record_webhook(env, webhook).await,
        ResultMessage::Outcome { reservation_id, call_no, outcome } => {
            record_late_outcome(env, &reservation_id, call_no, &outcome).await
        }
        ResultMessage::LowStock { account } => {
            let account = Account { vendor: Vendor::Itep, name: account };
            env.alerts().raise(Alert::LowStock, AlertSubject::Account(&account));
            Ok(())
        }
    }
}

async fn record_webhook<E: WebhookEnv<Store: Quarantine>>(
    env: &E,
    mut webhook: InboundWebhook,
) -> Result<(), BackendError> {
    let webhook_id = webhook.id.clone();
    let recorded = match refusal(env, &mut webhook).await? {
        Some(why) => quarantine(env, webhook, why).await?,
        None => match parse_report(&webhook.content_type, &webhook.body) {
            Ok(report) => record_report(env, webhook, report).await?,
            Err(unreadable) => quarantine(env, webhook, &unreadable.to_string()).await?,
        },
    };
    let (outcome, reservation_id) = match &recorded {
        RecordOutcome::Written(change) => ("written", Some(change.after.id().to_string())),
        RecordOutcome::Duplicate => ("duplicate", None),
        RecordOutcome::Deferred => ("deferred", None),
        RecordOutcome::Quarantined => ("quarantined", None),
    };
    tracing::info!(%webhook_id, outcome, reservation_id, "report processed");
    Ok(())
}

/// Checks a sender who is not verified yet, as often as the report comes round.
/// Returns why the report must not be applied.
async fn refusal<E: WebhookEnv>(env: &E, webhook: &mut InboundWebhook) -> Result<Option<&'static str>, BackendError> {
    if matches!(webhook.authenticated, AuthOutcome::Verified | AuthOutcome::Trusted { .. }) {
        return Ok(None);
    }
    let account = Account { vendor: Vendor::Itep, name: webhook.account.clone() };
    let checked = webhook_auth::authenticate(env.secrets(), &account, &webhook.id, &webhook.credentials).await;
    webhook.authenticated = match checked {
        Ok(outcome) => outcome,
        Err(WebhookAuthError::Profile(_)) => AuthOutcome::Unchecked,
        Err(WebhookAuthError::Unreachable(error)) => return Err(error),
    };
    Ok(match webhook.authenticated {
        AuthOutcome::WrongToken => Some("its token is not valid"),
        AuthOutcome::WrongCredential => Some("its second credential is not valid"),
        AuthOutcome::Unchecked => Some("its sender cannot be checked: the account's `inbound` rules cannot be read"),
        AuthOutcome::Verified | AuthOutcome::Trusted { .. } => None,
    })
}

/// Records an outcome whose own write had failed.
async fn record_late_outcome<E: WebhookEnv>(
    env: &E,
    id: &ReservationId,
    call_no: u32,
    outcome: &CallOutcome,
) -> Result<(), BackendError> {
    let Some(reservation) = env.store().reservation(id).await? else {
        return Err(BackendError::corrupt("finding an outcome's reservation", format!("{id} is gone")));
    };
    let reservation = record_outcome(env, reservation, call_no, outcome).await?;
    tracing::info!(reservation_id = %id, call_no, status = reservation.status().as_str(), "call outcome recorded");
    Ok(())
}
