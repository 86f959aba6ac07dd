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

use shared_core::ports::ErrorChain;

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
        Ok(done) => done.map_err(|error| InvocationError(ErrorChain(&*error).to_string())),
        Err(_) => Err(InvocationError("a panic, see the log line before".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use lambda_runtime::Context;
    use serde_json::{Deserializer, Value};

    use super::*;

    /// What the runtime logs and answers about an invocation that fails.
    async fn told<F>(event: &str, handle: impl Fn(LambdaEvent<Value>) -> F) -> [String; 2]
    where
        F: Future<Output = Result<(), Error>>,
    {
        let event = Event::deserialize(&mut Deserializer::from_str(event)).unwrap();
        let error = invoke(LambdaEvent::new(event, Context::default()), &handle).await.unwrap_err();
        [format!("{error:?}"), Diagnostic::from(error).error_message]
    }

    #[tokio::test]
    async fn an_event_that_cannot_be_read_fails_its_invocation_without_its_text() {
        for event in ["{\"name\": \"canarybird", "[\"\\ud800canarybird\"]", "canarybird", ""] {
            assert_eq!(told(event, async |_| Ok(())).await, ["the event cannot be read"; 2], "{event}");
        }
    }

    #[tokio::test]
    async fn a_panic_fails_its_invocation_without_its_text() {
        let at_once = |event: LambdaEvent<Value>| -> std::future::Ready<_> { panic!("no {}", event.payload) };
        let later = async |event: LambdaEvent<Value>| {
            tokio::task::yield_now().await;
            panic!("no {}", event.payload)
        };
        for told in [told("\"canarybird\"", at_once).await, told("\"canarybird\"", later).await] {
            assert_eq!(told, ["a panic, see the log line before"; 2]);
        }
    }

    #[tokio::test]
    async fn an_error_is_told_with_its_causes_and_not_with_what_they_hold() {
        #[derive(Debug, thiserror::Error)]
        #[error("the sweep stopped")]
        struct Stopped {
            held: &'static str,
            #[source]
            cause: fmt::Error,
        }
        let stopped = async |_| Err(Stopped { held: "canarybird", cause: fmt::Error }.into());
        let text = format!("the sweep stopped: {}", fmt::Error);
        assert_eq!(told("{}", stopped).await, [text.as_str(); 2]);
        assert!(format!("{:?}", Stopped { held: "canarybird", cause: fmt::Error }).contains("canarybird"));
    }
}
