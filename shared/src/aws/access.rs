//! Who may call: API keys checked against the table, with what was found kept for
//! a while.

mod api_key;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use shared_core::domain::ids::Mode;
use shared_core::ports::BackendError;

use super::dynamodb::{Client, DynamoStore, KeyRecord};

pub use api_key::{ApiKey, InvalidKey};

/// How many keys are remembered at most; strangers must not fill the memory.
const REMEMBERED: usize = 1_000;

/// Checks API keys. A key costs two reads when it is first seen and once in every
/// TTL after; in between, what was found holds, revocations included.
#[derive(Debug)]
pub struct Access {
    store: DynamoStore,
    ttl: Duration,
    found: Mutex<HashMap<String, Found>>,
}

/// What the table said of a key id.
#[derive(Debug, Clone)]
struct Found {
    until: Timestamp,
    key: Option<Arc<(Client, KeyRecord)>>,
}

impl Access {
    /// Checks against a table; revocation holds after the TTL.
    pub fn new(store: DynamoStore, ttl: Duration) -> Self {
        Self { store, ttl, found: Mutex::default() }
    }

    /// The client whose key this is, in the key's mode; `None` if it is nobody's, or no longer.
    pub async fn authenticate(&self, presented: &str, now: Timestamp) -> Result<Option<Client>, BackendError> {
        let Ok(presented) = presented.parse::<ApiKey>() else { return Ok(None) };
        let Some(found) = self.look_up(presented.key_id(), now).await? else { return Ok(None) };
        let (client, record) = &*found;
        let is_same = presented.mode() == record.client.mode() && presented.matches(&record.secret_digest);
        let opens = is_same && record.is_valid(now);
        Ok(opens.then(|| client.clone()))
    }

    async fn look_up(&self, key_id: &str, now: Timestamp) -> Result<Option<Arc<(Client, KeyRecord)>>, BackendError> {
        if let Some(found) = self.remembered(key_id, now) {
            return Ok(found.key);
        }
        let key = match self.store.key(key_id).await? {
            Some(record) => {
                let client = self.store.client(&record.client.in_mode(Mode::Live)).await?;
                client.map(|client| Arc::new((client.in_mode(record.client.mode()), record)))
            }
            None => None,
        };
        self.remember(key_id, now, key.clone());
        Ok(key)
    }

    fn remembered(&self, key_id: &str, now: Timestamp) -> Option<Found> {
        let found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        found.get(key_id).filter(|found| now < found.until).cloned()
    }

    fn remember(&self, key_id: &str, now: Timestamp, key: Option<Arc<(Client, KeyRecord)>>) {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        if found.len() >= REMEMBERED {
            found.retain(|_, found| found.key.is_some() && now < found.until);
        }
        if found.len() < REMEMBERED {
            let until = now.checked_add(self.ttl).unwrap_or(now);
            found.insert(key_id.to_owned(), Found { until, key });
        }
    }
}
