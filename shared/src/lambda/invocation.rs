//! What stands between the Lambda runtime and a function. The runtime logs an error's
//! `Debug`, answers its `Display` and the text of a panic to the Lambda API, and does
//! both with the value in an event that does not deserialize. So every event
//! deserializes, no panic reaches the runtime, and an error is a text of the hub's own.

use std::fmt;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use lambda_runtime::{Diagnostic, Error, LambdaEvent, service_fn};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};

use super::telemetry::Causes;

/// An event, or `None` where it could not be read. For a whole document only: what
/// follows the place of an error is not read.
struct Event<T>(Option<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Event<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(T::deserialize(deserializer).ok()))
    }
}

/// Why an invocation failed, in words that may be logged and answered.
struct InvocationError(String);

impl fmt::Debug for InvocationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<InvocationError> for Diagnostic {
    fn from(error: InvocationError) -> Self {
        Self { error_type: "InvocationError".to_owned(), error_message: error.0 }
    }
}

/// Serves a function's invocations.
///
/// # Errors
/// The Lambda API cannot be reached.
pub async fn run<T, R, F>(handle: impl Fn(LambdaEvent<T>) -> F) -> Result<(), Error>
where
    T: DeserializeOwned,
    R: Serialize,
    F: Future<Output = Result<R, Error>>,
{
    lambda_runtime::run(service_fn(|event| Box::pin(invoke(event, &handle)))).await
}

async fn invoke<T, R, F>(
    event: LambdaEvent<Event<T>>,
    handle: &impl Fn(LambdaEvent<T>) -> F,
) -> Result<R, InvocationError>
where
    F: Future<Output = Result<R, Error>>,
{
    let LambdaEvent { payload: Event(Some(payload)), context } = event else {
        return Err(InvocationError("the event cannot be read".to_owned()));
    };
    let invoked = AssertUnwindSafe(async { handle(LambdaEvent::new(payload, context)).await });
    match invoked.catch_unwind().await {
        Ok(done) => done.map_err(|error| InvocationError(Causes(&*error).to_string())),
        Err(_) => Err(InvocationError("a panic, see the log line before".to_owned())),
    }
}
