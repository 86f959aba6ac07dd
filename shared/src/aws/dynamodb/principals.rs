//! Who calls the hub: clients and their API keys.

use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{ConditionCheck, Put, TransactWriteItem};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared_core::domain::ids::{AccountName, ClientId, Digest, Mode, Vendor};
use shared_core::ports::BackendError;

use super::item::{Attributes, Item, document};
use super::keys::{self, Key};
use super::lists::string;
use super::polls::registered;
use super::write::{Update, Written};
use super::{DynamoStore, key_of, text};
use crate::aws::{corrupt, sdk_error};

/// A company that calls the hub from its website.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Client {
    pub id: ClientId,
    /// What the operator calls it.
    pub name: String,
    /// The vendor accounts that it may use.
    pub accounts: Accounts,
    /// Since when it is known.
    pub created_at: Timestamp,
}

impl Client {
    /// The client as it calls in a mode, with its accounts there.
    pub(crate) fn in_mode(mut self, mode: Mode) -> Self {
        let accounts = self.accounts.itep.iter_mut().chain(&mut self.accounts.truenorth);
        accounts.for_each(|name| *name = name.in_mode(mode));
        Self { id: self.id.in_mode(mode), ..self }
    }
}

/// Vendor accounts by name. Where a request names none, `default` is meant, or
/// the only one.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Accounts {
    /// At iTEP.
    pub itep: Vec<AccountName>,
    /// At TrueNorth.
    pub truenorth: Vec<AccountName>,
}

impl Accounts {
    pub fn at(&self, vendor: Vendor) -> &[AccountName] {
        match vendor {
            Vendor::Itep => &self.itep,
            Vendor::Truenorth => &self.truenorth,
        }
    }
}

/// An API key as it is stored: the key itself is not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRecord {
    /// The key's id, which is part of the key.
    pub key_id: String,
    /// Whose key it is, in the key's mode.
    pub client: ClientId,
    /// SHA-256 of the key's secret.
    pub secret_digest: Digest,
    /// What the operator calls it.
    pub label: Option<String>,
    pub created_at: Timestamp,
    /// When it stops working by itself.
    pub expires_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
}

impl KeyRecord {
    /// Whether the key opens anything.
    pub fn is_valid(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none_or(|end| now < end) && self.expires_at.is_none_or(|end| now < end)
    }
}

impl DynamoStore {
    /// Adds a client and has its TrueNorth accounts polled. `false`, and nothing
    /// written, if its id is taken.
    pub async fn create_client(&self, client: &Client) -> Result<bool, BackendError> {
        const OPERATION: &str = "create a client";
        let item = Item::encode(Key::client(&client.id), client).map_err(corrupt(OPERATION))?;
        let mut writes =
            vec![self.put_of(item, true), self.put_of(registered(keys::CLIENTS, client.id.as_str()), false)];
        writes.extend(
            client.accounts.truenorth.iter().map(|name| self.put_of(registered(keys::POLLS, name.as_str()), false)),
        );
        self.transact(OPERATION, writes).await
    }

    pub async fn client(&self, id: &ClientId) -> Result<Option<Client>, BackendError> {
        const OPERATION: &str = "read a client";
        let item = self.get(OPERATION, Key::client(id), false).await?;
        item.map(document).transpose().map_err(corrupt(OPERATION))
    }

    /// All clients, by id.
    pub async fn clients(&self) -> Result<Vec<Client>, BackendError> {
        const OPERATION: &str = "list clients";
        let registered = self.partition(OPERATION, keys::CLIENTS, "").await?;
        let keys = registered.iter().filter_map(|item| string(item, "sk"));
        let keys = keys.map(|id| Ok(Key::client(&id.parse()?))).collect::<Result<Vec<_>, _>>();
        let keys = keys.map_err(|problem: shared_core::domain::ids::InvalidId| corrupt(OPERATION)(problem))?;
        let mut clients: Vec<Client> = self.documents(OPERATION, keys).await?;
        clients.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(clients)
    }

    /// Adds a key. `false`, and nothing written, if there is no such client or the
    /// key's id is taken.
    pub async fn create_key(&self, key: &KeyRecord) -> Result<bool, BackendError> {
        const OPERATION: &str = "create a key";
        let item = Item::encode(Key::api_key(&key.key_id), key).map_err(corrupt(OPERATION))?;
        let client = key.client.in_mode(Mode::Live);
        let of_client = Key::api_key_of(&client, &key.key_id);
        let check = ConditionCheck::builder()
            .table_name(&self.name)
            .set_key(Some(key_of(Key::client(&client))))
            .condition_expression("attribute_exists(pk)")
            .build();
        let check = TransactWriteItem::builder().condition_check(check.map_err(corrupt(OPERATION))?).build();
        let writes = vec![self.put_of(item, true), self.put_of(registered(&of_client.pk, &of_client.sk), false), check];
        self.transact(OPERATION, writes).await
    }

    pub async fn key(&self, key_id: &str) -> Result<Option<KeyRecord>, BackendError> {
        const OPERATION: &str = "read a key";
        let item = self.get(OPERATION, Key::api_key(key_id), true).await?;
        item.map(document).transpose().map_err(corrupt(OPERATION))
    }

    /// A client's keys, the oldest first.
    pub async fn keys(&self, client: &ClientId) -> Result<Vec<KeyRecord>, BackendError> {
        const OPERATION: &str = "list keys";
        let items = self.partition(OPERATION, &Key::client(client).pk, keys::KEY_PREFIX).await?;
        let ids = items.iter().filter_map(|item| string(item, "sk")?.strip_prefix(keys::KEY_PREFIX));
        let mut keys: Vec<KeyRecord> = self.documents(OPERATION, ids.map(Key::api_key).collect()).await?;
        keys.sort_by(|a, b| (a.created_at, &a.key_id).cmp(&(b.created_at, &b.key_id)));
        Ok(keys)
    }

    /// Ends a key. A key that has ended stays ended since then. `None` if there is
    /// no such key.
    pub async fn revoke_key(&self, key_id: &str, now: Timestamp) -> Result<Option<KeyRecord>, BackendError> {
        const OPERATION: &str = "revoke a key";
        let write = Update {
            key: Key::api_key(key_id),
            update: "SET doc.revoked_at = if_not_exists(doc.revoked_at, :now)",
            condition: "attribute_exists(pk)",
            names: Vec::new(),
            values: vec![(":now", text(now.to_string()))],
        };
        match self.update_if(OPERATION, write).await? {
            Written::Done(item) => document(item).map(Some).map_err(corrupt(OPERATION)),
            Written::Refused(_) => Ok(None),
        }
    }

    async fn documents<T: serde::de::DeserializeOwned>(
        &self,
        operation: &'static str,
        keys: Vec<Key>,
    ) -> Result<Vec<T>, BackendError> {
        let mut documents = Vec::new();
        for keys in keys.chunks(super::lists::BATCH) {
            for item in self.read_batch(operation, keys.to_vec()).await? {
                documents.push(document(item).map_err(corrupt(operation))?);
            }
        }
        Ok(documents)
    }

    fn put_of(&self, item: Attributes, is_new: bool) -> TransactWriteItem {
        let put = Put::builder().table_name(&self.name).set_item(Some(item));
        let put = put.set_condition_expression(is_new.then(|| "attribute_not_exists(pk)".to_owned()));
        // Building fails only without a table or an item.
        TransactWriteItem::builder().set_put(put.build().ok()).build()
    }

    /// `false` if a condition failed.
    async fn transact(&self, operation: &'static str, writes: Vec<TransactWriteItem>) -> Result<bool, BackendError> {
        let sent = self.dynamodb().transact_write_items().set_transact_items(Some(writes)).send().await;
        let Err(error) = sent else { return Ok(true) };
        match error.as_service_error() {
            Some(TransactWriteItemsError::TransactionCanceledException(cancelled))
                if cancelled.cancellation_reasons().iter().any(|r| r.code() == Some("ConditionalCheckFailed")) =>
            {
                Ok(false)
            }
            _ => Err(sdk_error(operation)(error)),
        }
    }
}
