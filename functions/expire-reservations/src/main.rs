//! The `expire-reservations` function.

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::Value;
use shared::lambda::telemetry;
use shared::lambda::wiring::Hub;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let hub = &Hub::from_env()?;
    run(service_fn(|event: LambdaEvent<Value>| {
        Box::pin(async move { expire_reservations::handle(hub, &event.context).await })
    }))
    .await
}
