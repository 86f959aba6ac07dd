//! Takes iTEP's results webhook: authenticate, bound, make durable, answer. What
//! the report says is read later, by `record-result`.

use std::time::Duration;

use lambda_http::{Body, Request, Response};
use shared::hub::Hub;
use shared::runtime::problem::{Problem, kinds};
use shared::runtime::webhook::{self, Delivery};
use shared::telemetry::ErrorChain;
use shared_core::domain::ids::{Account, Vendor};
use shared_core::ports::{AuthOutcome, BackendError, Clock, InboundWebhook, Queue, ResultMessage};

/// Answers one delivery. Success means that it is kept.
pub async fn handle(hub: &Hub, request: Request) -> Response<Body> {
    match take(hub, &request).await {
        Ok(()) => webhook::accepted(),
        Err(problem) => problem.into_response(),
    }
}

async fn take(hub: &Hub, request: &Request) -> Result<(), Problem> {
    let mut receipt = receipt(hub, request)?;
    let account = Account { vendor: Vendor::Itep, name: receipt.account.clone() };
    match hub.vendors.authenticate(&account, &receipt.id, &receipt.credentials).await {
        Ok(outcome) => receipt.authenticated = outcome,
        // Better to keep a stranger's bytes for a while than to lose a result.
        Err(error) => tracing::error!(error = %ErrorChain(&error), receipt_id = %receipt.id, "queued unchecked"),
    }
    if receipt.authenticated == AuthOutcome::WrongToken {
        return Err(Problem::new(kinds::NOT_FOUND));
    }
    webhook::bound(&hub.alerts, &account, &receipt.body)?;
    if receipt.authenticated == AuthOutcome::WrongCredential {
        let why = "its token is valid, its second credential is not";
        hub.recording().quarantine(receipt, why).await.map_err(unavailable)?;
        return Err(Problem::new(kinds::UNAUTHORIZED).detail("The second credential is not valid."));
    }
    keep(hub, receipt).await
}

fn receipt(hub: &Hub, request: &Request) -> Result<InboundWebhook, Problem> {
    let id = webhook::receipt_id(request)?;
    let Delivery { account, credentials, content_type, body } = webhook::read(request, &id)?;
    let (received_at, authenticated) = (hub.clock.now(), AuthOutcome::Unchecked);
    Ok(InboundWebhook { id, account, received_at, content_type, body, authenticated, credentials })
}

async fn keep(hub: &Hub, receipt: InboundWebhook) -> Result<(), Problem> {
    let (receipt_id, bytes) = (receipt.id.clone(), receipt.body.len());
    hub.queue.record(&ResultMessage::InboundWebhook(receipt), Duration::ZERO).await.map_err(unavailable)?;
    tracing::info!(%receipt_id, bytes, "took a report");
    Ok(())
}

fn unavailable(outage: BackendError) -> Problem {
    tracing::error!(error = %ErrorChain(&outage), "a report could not be kept");
    Problem::new(kinds::UNAVAILABLE).detail("The report was not kept; deliver it again.").retry_after(60)
}
