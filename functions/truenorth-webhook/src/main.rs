//! The `truenorth-webhook` function.

use lambda_runtime::Error;
use shared::lambda::wiring::Hub;
use shared::lambda::{http, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let hub = &Hub::from_env()?;
    http::run(|request| truenorth_webhook::handle(hub, request)).await
}
