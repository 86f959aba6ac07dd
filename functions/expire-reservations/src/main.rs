//! The `expire-reservations` function.

use lambda_runtime::{Error, LambdaEvent};
use serde::de::IgnoredAny;
use shared::hub::Hub;
use shared::runtime::invocation;
use shared::telemetry;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let hub = &Hub::<()>::from_env()?;
    invocation::run(async |event: LambdaEvent<IgnoredAny>| expire_reservations::handle(hub, &event.context).await).await
}
