//! Finds the reservation that a report is about and applies the report: the
//! consumer of the `results` queue.

use std::time::Duration;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use lambda_runtime::LambdaEvent;
use shared::aws::sqs::RecordMessage;
use shared::hub::Hub;
use shared::runtime::{batch, time_left};
use shared::vendors::itep::webhook;
use shared::vendors::webhook_auth::WebhookAuthError;
use shared_core::domain::ids::{Account, ReservationId, Vendor};
use shared_core::domain::reservation::{Alert, CallOutcome};
use shared_core::ports::{Alerts, AuthOutcome, BackendError, InboundWebhook, ResultMessage, Store};
use shared_core::usecases::record_report::RecordOutcome;

/// What one record may take: a read and a transaction, each with its retries.
const NEEDS: Duration = Duration::from_secs(20);

/// Records a batch of reports and outcomes.
pub async fn handle(hub: &Hub, event: LambdaEvent<SqsEvent>) -> SqsBatchResponse {
    let context = &event.context;
    batch::process_batch(event.payload, || time_left(context), NEEDS, |message| record(hub, message)).await
}

async fn record(hub: &Hub, message: RecordMessage) -> Result<(), BackendError> {
    match message.message {
        ResultMessage::InboundWebhook(receipt) => record_receipt(hub, receipt).await,
        ResultMessage::Outcome { reservation_id, call_no, outcome } => {
            record_outcome(hub, &reservation_id, call_no, &outcome).await
        }
        ResultMessage::LowStock { account } => {
            hub.alerts.raise(Alert::LowStock, &Account { vendor: Vendor::Itep, name: account }.to_string());
            Ok(())
        }
    }
}

async fn record_receipt(hub: &Hub, mut receipt: InboundWebhook) -> Result<(), BackendError> {
    let receipt_id = receipt.id.clone();
    let refused = authenticate(hub, &mut receipt).await?;
    let recorded = match refused {
        None => read_and_record(hub, receipt).await?,
        Some(why) => hub.recording().quarantine(receipt, why).await?,
    };
    let (outcome, reservation_id) = match &recorded {
        RecordOutcome::Written(change) => ("written", Some(change.after.id().to_string())),
        RecordOutcome::Duplicate => ("duplicate", None),
        RecordOutcome::Deferred => ("deferred", None),
        RecordOutcome::Quarantined => ("quarantined", None),
    };
    tracing::info!(%receipt_id, outcome, reservation_id, "recorded a report");
    Ok(())
}

/// Checks a sender who is not verified yet, as often as the report comes round.
/// Returns why the report must not be applied.
async fn authenticate(hub: &Hub, receipt: &mut InboundWebhook) -> Result<Option<&'static str>, BackendError> {
    if matches!(receipt.authenticated, AuthOutcome::Verified | AuthOutcome::Trusted { .. }) {
        return Ok(None);
    }
    let account = Account { vendor: Vendor::Itep, name: receipt.account.clone() };
    receipt.authenticated = match hub.vendors.authenticate(&account, &receipt.id, &receipt.credentials).await {
        Ok(outcome) => outcome,
        Err(WebhookAuthError::Profile(_)) => AuthOutcome::Unchecked,
        Err(WebhookAuthError::Unreachable(outage)) => return Err(outage),
    };
    Ok(match receipt.authenticated {
        AuthOutcome::WrongToken => Some("its token is not valid"),
        AuthOutcome::WrongCredential => Some("its second credential is not valid"),
        AuthOutcome::Unchecked => Some("its sender cannot be checked: the account's `inbound` rules cannot be read"),
        AuthOutcome::Verified | AuthOutcome::Trusted { .. } => None,
    })
}

async fn read_and_record(hub: &Hub, receipt: InboundWebhook) -> Result<RecordOutcome, BackendError> {
    match webhook::read(&receipt.content_type, &receipt.body) {
        Ok(report) => hub.recording().record(receipt, report).await,
        Err(unreadable) => hub.recording().quarantine(receipt, &unreadable.to_string()).await,
    }
}

/// An outcome whose own write had failed.
async fn record_outcome(
    hub: &Hub,
    id: &ReservationId,
    call_no: u32,
    outcome: &CallOutcome,
) -> Result<(), BackendError> {
    let Some(reservation) = hub.store.reservation(id).await? else {
        return Err(BackendError {
            operation: "finding an outcome's reservation",
            source: format!("{id} is gone").into(),
        });
    };
    let reservation = hub.buying().record(reservation, call_no, outcome).await?;
    tracing::info!(reservation_id = %id, call_no, status = reservation.status().as_str(), "recorded an outcome");
    Ok(())
}
