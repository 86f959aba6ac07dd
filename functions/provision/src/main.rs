//! The `provision` function.

use lambda_runtime::Error;
use shared::hub::{Hub, Vendors};
use shared::runtime::gateway;
use shared::telemetry;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let hub = &Hub::<Vendors>::from_env()?;
    gateway::run(|request| provision::handle(hub, request)).await
}
