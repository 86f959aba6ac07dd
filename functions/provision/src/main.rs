//! The `provision` function.

use lambda_runtime::{Error, run, service_fn};
use shared::lambda::wiring::Hub;
use shared::lambda::{http, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let hub = &Hub::from_env()?;
    run(service_fn(|event| Box::pin(http::serve(event, |request| provision::handle(hub, request))))).await
}
