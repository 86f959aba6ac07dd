//! Buys tests that `provision` could not buy at once. Consumes the `fulfilment` queue.

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use lambda_runtime::{Context, LambdaEvent};
use shared::aws::sqs::Fulfilment;
use shared::runtime::batch::process_batch;
use shared::runtime::{deadline, purchase_needs};
use shared_core::ports::{BackendError, VendorEnv};
use shared_core::usecases::{Invocation, fulfil};

pub async fn handle<E: VendorEnv>(env: &E, event: LambdaEvent<SqsEvent>) -> SqsBatchResponse {
    let LambdaEvent { payload, context } = event;
    let needs = purchase_needs(env.timeouts());
    let fulfil = |message: Fulfilment| fulfil_one(env, &context, message);
    process_batch(payload, env.clock(), deadline(&context), needs, fulfil).await
}

async fn fulfil_one<E: VendorEnv>(env: &E, context: &Context, message: Fulfilment) -> Result<(), BackendError> {
    let invocation = Invocation { id: context.request_id.clone(), deadline: deadline(context) };
    let reservation_id = message.reservation_id;
    let outcome = fulfil::fulfil(env, &reservation_id, &invocation).await?;
    tracing::info!(%reservation_id, ?outcome, "fulfilment processed");
    Ok(())
}
