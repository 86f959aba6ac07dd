//! The hub on AWS: the ports of [`shared_core::ports`] over DynamoDB, SQS and
//! Secrets Manager, and the clients' API keys.

pub mod access;
pub mod clients;
pub mod counter;
pub mod cursor;
pub mod dead_letters;
pub mod dynamodb;
mod item;
mod keys;
pub mod secrets;
pub mod sqs;

pub use access::{Access, ApiKey};
pub use clients::{AwsClients, AwsClientsBuilder, MissingVariable};
pub use counter::CallCounter;
pub use cursor::{Cursor, InvalidCursor};
pub use dead_letters::{DeadLetterQueue, DeadLetters};
pub use dynamodb::DynamoStore;
pub use secrets::SecretCache;
pub use sqs::{QueueUrls, SqsQueue};

use shared_core::ports::BackendError;

/// An [`BackendError`] of the named operation.
pub(crate) fn outage<E>(operation: &'static str) -> impl FnOnce(E) -> BackendError
where
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    move |source| BackendError { operation, source: source.into() }
}
