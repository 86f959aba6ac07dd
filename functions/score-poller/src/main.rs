//! The `score-poller` function.

use lambda_runtime::{Error, run, service_fn};
use shared::lambda::telemetry;
use shared::lambda::wiring::Hub;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let hub = &Hub::from_env()?;
    run(service_fn(|event| Box::pin(score_poller::handle(hub, event)))).await
}
