//! The AWS adapters: the ports of [`shared_core::ports`] over DynamoDB, SQS and Secrets
//! Manager, and the clients' API keys.

pub mod access;
pub mod clients;
pub mod counter;
pub mod dead_letters;
pub mod dynamodb;
pub mod message;
pub mod secrets;
pub mod sqs;

pub use access::{Access, ApiKey};
pub use clients::{AwsClients, AwsClientsBuilder, MissingVariable};
pub use counter::CallCounter;
pub use dead_letters::{DeadLetterQueue, DeadLetters};
pub use dynamodb::{Cursor, DynamoStore, InvalidCursor};
pub use secrets::SecretCache;
pub use sqs::{QueueUrls, SqsQueue};

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use shared_core::ports::{BackendError, BackendErrorKind};

/// A call of AWS's that failed, by what the caller can do about it.
pub(crate) fn sdk_error<E, R>(operation: &'static str) -> impl FnOnce(SdkError<E, R>) -> BackendError
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    move |error| {
        let meta = error.as_service_error().map(ProvideErrorMetadata::meta);
        let (code, message) = meta.map_or((None, None), |meta| (meta.code(), meta.message()));
        let says = |text: &str| message.is_some_and(|message| message.contains(text));
        let kind = match code {
            Some("TransactionConflictException" | "TransactionInProgressException") => BackendErrorKind::Contended,
            Some("TransactionCanceledException") if says("TransactionConflict") => BackendErrorKind::Contended,
            Some("ValidationException") if says("size has exceeded") => BackendErrorKind::TooLarge,
            _ => BackendErrorKind::Unavailable,
        };
        BackendError::new(kind, operation, error)
    }
}

/// Something stored that cannot be read, or cannot be written as it is.
pub(crate) fn corrupt<E>(operation: &'static str) -> impl FnOnce(E) -> BackendError
where
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    move |source| BackendError::corrupt(operation, source)
}
