//! The `record-result` function.

use lambda_runtime::Error;
use shared::aws::SecretCache;
use shared::hub::Hub;
use shared::runtime::invocation;
use shared::telemetry;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let hub = &Hub::<SecretCache>::from_env()?;
    invocation::run(async |event| Ok(record_result::handle(hub, event).await)).await
}
