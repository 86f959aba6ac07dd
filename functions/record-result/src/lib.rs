//! Finds the reservation that a report is about and applies the report: the
//! consumer of the `results` queue.

use std::time::Duration;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use lambda_runtime::LambdaEvent;
use shared::aws::sqs::RecordMessage;
use shared::core::domain::ids::{Account, ReservationId, Vendor};
use shared::core::domain::reservation::{Alert, CallOutcome};
use shared::core::ports::{Alerts, Outage, Receipt, ResultMessage, Store};
use shared::core::usecases::record_report::Recorded;
use shared::lambda::wiring::Hub;
use shared::lambda::{batch, time_left};
use shared::vendors::inbound::{Admission, InboundError};
use shared::vendors::itep::webhook;

/// What one record may take: a read and a transaction, each with its retries.
const NEEDS: Duration = Duration::from_secs(20);

/// Records a batch of reports and outcomes.
pub async fn handle(hub: &Hub, event: LambdaEvent<SqsEvent>) -> SqsBatchResponse {
    let context = &event.context;
    batch::each(event.payload, || time_left(context), NEEDS, |message| record(hub, message)).await
}

async fn record(hub: &Hub, message: RecordMessage) -> Result<(), Outage> {
    match message.message {
        ResultMessage::Receipt(receipt) => record_receipt(hub, receipt).await,
        ResultMessage::Outcome { reservation_id, call_no, outcome } => {
            record_outcome(hub, &reservation_id, call_no, &outcome).await
        }
        ResultMessage::LowStock { account } => {
            hub.alerts.raise(Alert::LowStock, &Account { vendor: Vendor::Itep, name: account }.to_string());
            Ok(())
        }
    }
}

async fn record_receipt(hub: &Hub, receipt: Receipt) -> Result<(), Outage> {
    let receipt_id = receipt.id.clone();
    let recorded = match admission(hub, &receipt).await {
        Ok(Admission::Admitted) => read_and_record(hub, receipt).await?,
        Ok(Admission::WrongToken) => hub.recording().quarantine(receipt, "its token is not valid").await?,
        Ok(Admission::WrongCredential) => {
            hub.recording().quarantine(receipt, "its second credential is not valid").await?
        }
        Err(InboundError::Profile(_)) => {
            let why = "its sender cannot be checked: the account's `inbound` rules cannot be read";
            hub.recording().quarantine(receipt, why).await?
        }
        Err(InboundError::Unreachable(outage)) => return Err(outage),
    };
    let (outcome, reservation_id) = match &recorded {
        Recorded::Written(change) => ("written", Some(change.after.id().to_string())),
        Recorded::Duplicate => ("duplicate", None),
        Recorded::Deferred => ("deferred", None),
        Recorded::Quarantined => ("quarantined", None),
    };
    tracing::info!(%receipt_id, outcome, reservation_id, "recorded a report");
    Ok(())
}

/// What the webhook function could not check is checked here.
async fn admission(hub: &Hub, receipt: &Receipt) -> Result<Admission, InboundError> {
    let Some(proof) = &receipt.unchecked else {
        return Ok(Admission::Admitted);
    };
    let account = Account { vendor: Vendor::Itep, name: receipt.account.clone() };
    let inbound = hub.vendors.inbound(&account).await?;
    Ok(inbound.map_or(Admission::WrongToken, |inbound| inbound.admit(proof.token.expose(), &proof.headers)))
}

async fn read_and_record(hub: &Hub, receipt: Receipt) -> Result<Recorded, Outage> {
    match webhook::read(&receipt.content_type, &receipt.body) {
        Ok(report) => hub.recording().record(receipt, report).await,
        Err(unreadable) => hub.recording().quarantine(receipt, &unreadable.to_string()).await,
    }
}

/// An outcome whose own write had failed.
async fn record_outcome(hub: &Hub, id: &ReservationId, call_no: u32, outcome: &CallOutcome) -> Result<(), Outage> {
    let Some(reservation) = hub.store.reservation(id).await? else {
        return Err(Outage { operation: "finding an outcome's reservation", source: format!("{id} is gone").into() });
    };
    let reservation = hub.buying().record(reservation, call_no, outcome).await?;
    tracing::info!(reservation_id = %id, call_no, status = reservation.status().as_str(), "recorded an outcome");
    Ok(())
}
