//! Buys what `provision` could not: the consumer of the `fulfilment` queue.

use std::time::Duration;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use lambda_runtime::{Context, LambdaEvent};
use shared::aws::sqs::Fulfilment;
use shared::hub::{Hub, purchase_needs};
use shared::runtime::{batch, time_left};
use shared_core::ports::BackendError;

/// Attends to a batch of reservations.
pub async fn handle(hub: &Hub, event: LambdaEvent<SqsEvent>) -> SqsBatchResponse {
    let context = &event.context;
    let left = || time_left(context);
    batch::process_batch(event.payload, left, purchase_needs(&hub.settings), |message: Fulfilment| {
        fulfil(hub, context, message)
    })
    .await
}

async fn fulfil(hub: &Hub, context: &Context, message: Fulfilment) -> Result<(), BackendError> {
    let left: Duration = time_left(context);
    let id = &message.reservation_id;
    let fulfilled = hub.buying().fulfil(id, &context.request_id, left).await?;
    tracing::info!(reservation_id = %id, ?fulfilled, "attended to a reservation");
    Ok(())
}
