//! The `score-poller` function.

use lambda_runtime::Error;
use shared::hub::{Hub, Vendors};
use shared::runtime::invocation;
use shared::telemetry;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let hub = &Hub::<Vendors>::from_env()?;
    invocation::run(|event| score_poller::handle(hub, event)).await
}
