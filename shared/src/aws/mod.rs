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
pub use clients::{Clients, ClientsBuilder, Unset};
pub use counter::CallCounter;
pub use cursor::{Cursor, InvalidCursor};
pub use dead_letters::{DeadLetterQueue, DeadLetters};
pub use dynamodb::DynamoStore;
pub use secrets::SecretCache;
pub use sqs::{QueueUrls, SqsQueue};

use shared_core::ports::Outage;

/// An [`Outage`] of the named operation.
pub(crate) fn outage<E>(operation: &'static str) -> impl FnOnce(E) -> Outage
where
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    move |source| Outage { operation, source: source.into() }
}
