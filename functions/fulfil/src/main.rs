//! The `fulfil` function.

use aws_lambda_events::sqs::SqsEvent;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use shared::lambda::telemetry;
use shared::lambda::wiring::Hub;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let hub = &Hub::from_env()?;
    run(service_fn(|event: LambdaEvent<SqsEvent>| Box::pin(async { Ok::<_, Error>(fulfil::handle(hub, event).await) })))
        .await
}
