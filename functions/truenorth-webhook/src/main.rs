//! The `truenorth-webhook` function.

use lambda_http::{Error, Request, run, service_fn};
use shared::lambda::telemetry;
use shared::lambda::wiring::Hub;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let hub = &Hub::from_env()?;
    run(service_fn(async |request: Request| Ok::<_, Error>(truenorth_webhook::handle(hub, request).await))).await
}
