//! The `truenorth-webhook` function.

use lambda_runtime::Error;
use shared::aws::SecretCache;
use shared::hub::Hub;
use shared::runtime::gateway;
use shared::telemetry;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let hub = &Hub::<SecretCache>::from_env()?;
    gateway::run(|request| truenorth_webhook::handle(hub, request)).await
}
