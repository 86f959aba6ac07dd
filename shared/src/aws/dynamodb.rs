//! The hub's one table: reservations with their histories, claims and documents,
//! and everything else that is kept.

mod breakers;
mod claims;
mod commit;
pub mod cursor;
mod documents;
mod item;
mod keys;
mod lists;
mod polls;
mod principals;
mod quarantine;
mod rate_limits;
mod store;
mod write;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::types::AttributeValue;
use shared_core::domain::ids::AccountName;
use shared_core::ports::BackendError;

use super::clients::{AwsClients, MissingVariable, variable};
use super::sdk_error;

use item::Attributes;
use keys::Key;

pub use breakers::DynamoBreakers;
pub use cursor::{Cursor, InvalidCursor};
pub use documents::{KeptDocument, ReadBadly};
pub use principals::{Accounts, Client, KeyRecord};

/// The table. It implements the ports [`Store`](shared_core::ports::Store),
/// [`Quarantine`](shared_core::ports::Quarantine), [`Polls`](shared_core::ports::Polls)
/// and [`RateLimits`](shared_core::ports::RateLimits), and keeps clients and their
/// API keys. Clones share everything.
#[derive(Debug, Clone)]
pub struct DynamoStore {
    clients: AwsClients,
    name: String,
    /// Under which name this instance holds an account's poll lease.
    poll_leases: Arc<Mutex<HashMap<AccountName, String>>>,
}

impl DynamoStore {
    /// A table by name.
    pub fn new(clients: AwsClients, name: impl Into<String>) -> Self {
        Self { clients, name: name.into(), poll_leases: Arc::default() }
    }

    /// The table that `TABLE_NAME` names.
    pub fn from_env(clients: AwsClients) -> Result<Self, MissingVariable> {
        Ok(Self::new(clients, variable("TABLE_NAME")?))
    }

    fn dynamodb(&self) -> &aws_sdk_dynamodb::Client {
        self.clients.dynamodb()
    }

    async fn get(
        &self,
        operation: &'static str,
        key: Key,
        consistent: bool,
    ) -> Result<Option<Attributes>, BackendError> {
        let read = self.dynamodb().get_item().table_name(&self.name).set_key(Some(key_of(key)));
        let answer = read.consistent_read(consistent).send().await.map_err(sdk_error(operation))?;
        Ok(answer.item)
    }
}

/// A primary key as the SDK takes it.
fn key_of(key: Key) -> Attributes {
    HashMap::from([("pk".to_owned(), text(key.pk)), ("sk".to_owned(), text(key.sk))])
}

fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

fn number(value: impl std::fmt::Display) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// A random name, for telling one's own writes.
fn fresh_name(operation: &'static str) -> Result<String, BackendError> {
    let random = getrandom::u64().map_err(|error| BackendError::unavailable(operation, error))?;
    Ok(format!("{random:016x}"))
}
