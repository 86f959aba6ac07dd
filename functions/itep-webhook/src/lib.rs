//! Takes iTEP's results webhook: authenticate, bound, make durable, answer. What
//! the report says is read later, by `record-result`.

use std::time::Duration;

use lambda_http::{Body, Request, RequestExt, Response};
use shared::core::domain::ids::{Account, ReceiptId, Vendor};
use shared::core::ports::{Clock, Outage, Proof, Queue, Receipt, ResultMessage};
use shared::lambda::problem::{Problem, kinds};
use shared::lambda::telemetry::Causes;
use shared::lambda::webhook::{self, Delivery};
use shared::lambda::wiring::Hub;
use shared::vendors::inbound::{Admission, InboundError};

/// Answers one delivery. Success means that it is kept.
pub async fn handle(hub: &Hub, request: Request) -> Response<Body> {
    let receipt_id = request.lambda_context().request_id;
    match take(hub, &request, &receipt_id).await {
        Ok(()) => webhook::accepted(),
        Err(problem) => problem.into_response(),
    }
}

async fn take(hub: &Hub, request: &Request, receipt_id: &str) -> Result<(), Problem> {
    let delivery = webhook::read(request)?;
    let (receipt, proof) = receipt(hub, delivery, receipt_id)?;
    match admission(hub, &receipt, &proof).await {
        Ok(Admission::Admitted) => keep(hub, receipt).await,
        Ok(Admission::WrongToken) => Err(Problem::new(kinds::NOT_FOUND)),
        Ok(Admission::WrongCredential) => {
            let why = "its token is valid, its second credential is not";
            hub.recording().quarantine(receipt, why).await.map_err(unavailable)?;
            Err(Problem::new(kinds::UNAUTHORIZED).detail("The second credential is not valid."))
        }
        // Better to keep a stranger's bytes for a while than to lose a result.
        Err(error) => {
            tracing::error!(error = %Causes(&error), receipt_id, "queued unchecked");
            keep(hub, Receipt { unchecked: Some(proof), ..receipt }).await
        }
    }
}

fn receipt(hub: &Hub, delivery: Delivery, receipt_id: &str) -> Result<(Receipt, Proof), Problem> {
    let id: ReceiptId = receipt_id.parse().map_err(|_| Problem::new(kinds::UNAVAILABLE))?;
    let Delivery { account, proof, content_type, body } = delivery;
    let received_at = hub.clock.now();
    Ok((Receipt { id, account, received_at, content_type, body, unchecked: None }, proof))
}

async fn admission(hub: &Hub, receipt: &Receipt, proof: &Proof) -> Result<Admission, InboundError> {
    let account = Account { vendor: Vendor::Itep, name: receipt.account.clone() };
    let inbound = hub.vendors.inbound(&account).await?;
    Ok(inbound.map_or(Admission::WrongToken, |inbound| inbound.admit(proof.token.expose(), &proof.headers)))
}

async fn keep(hub: &Hub, receipt: Receipt) -> Result<(), Problem> {
    let (receipt_id, bytes) = (receipt.id.clone(), receipt.body.len());
    hub.queue.record(&ResultMessage::Receipt(receipt), Duration::ZERO).await.map_err(unavailable)?;
    tracing::info!(%receipt_id, bytes, "took a report");
    Ok(())
}

fn unavailable(outage: Outage) -> Problem {
    tracing::error!(error = %Causes(&outage), "a report could not be kept");
    Problem::new(kinds::UNAVAILABLE).detail("The report was not kept; deliver it again.").retry_after(60)
}
