//! The accounts' circuit breakers, remembered by each instance for a short while.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use shared_core::domain::breaker::Breaker;
use shared_core::domain::ids::Account;
use shared_core::ports::{BackendError, Breakers, ReplaceOutcome};

use super::item::{Attributes, ItemError, VERSION, document};
use super::keys::Key;
use super::write::{Update, Written};
use super::{DynamoStore, number};
use crate::aws::corrupt;

/// How old a breaker may be that says anything but "all is well": such an account
/// is off the ordinary path, and what it says changes quickly.
const MAX_AGE_OF_TROUBLE: Duration = Duration::from_secs(1);

/// The breakers as an instance knows them. Clones share what they know.
#[derive(Debug, Clone)]
pub struct DynamoBreakers {
    store: DynamoStore,
    max_age: Duration,
    seen: Arc<Mutex<HashMap<Account, (Timestamp, Breaker)>>>,
}

impl DynamoBreakers {
    /// Breakers in a table; one that was quiet is read again after `max_age`.
    pub fn new(store: DynamoStore, max_age: Duration) -> Self {
        Self { store, max_age, seen: Arc::default() }
    }

    fn known(&self, account: &Account) -> Option<Breaker> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, breaker) = seen.get(account)?;
        let max_age = if breaker.is_quiet() { self.max_age } else { self.max_age.min(MAX_AGE_OF_TROUBLE) };
        (Timestamp::now().duration_since(*at).unsigned_abs() < max_age).then(|| breaker.clone())
    }

    fn learn(&self, account: &Account, breaker: &Breaker) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.insert(account.clone(), (Timestamp::now(), breaker.clone()));
    }
}

impl Breakers for DynamoBreakers {
    async fn breaker(&self, account: &Account) -> Result<Breaker, BackendError> {
        const OPERATION: &str = "read a breaker";
        if let Some(known) = self.known(account) {
            return Ok(known);
        }
        let item = self.store.get(OPERATION, Key::breaker(account), true).await?;
        let breaker = read(item).map_err(corrupt(OPERATION))?;
        self.learn(account, &breaker);
        Ok(breaker)
    }

    async fn replace(&self, account: &Account, breaker: &Breaker) -> Result<ReplaceOutcome, BackendError> {
        const OPERATION: &str = "write a breaker";
        let doc = serde_dynamo::to_attribute_value(breaker).map_err(corrupt(OPERATION))?;
        let before = breaker.seq.saturating_sub(1);
        let mut values = vec![(":doc", doc), (":seq", number(breaker.seq)), (":v", number(VERSION))];
        if before > 0 {
            values.push((":before", number(before)));
        }
        let write = Update {
            key: Key::breaker(account),
            update: "SET doc = :doc, seq = :seq, v = :v",
            condition: if before == 0 { "attribute_not_exists(pk)" } else { "seq = :before" },
            names: Vec::new(),
            values,
        };
        let current = match self.store.update_if(OPERATION, write).await? {
            Written::Done(_) => breaker.clone(),
            Written::Refused(item) => read(item).map_err(corrupt(OPERATION))?,
        };
        self.learn(account, &current);
        // A write of ours that the SDK repeated finds itself.
        Ok(if current == *breaker { ReplaceOutcome::Done } else { ReplaceOutcome::Overtaken(current) })
    }
}

fn read(item: Option<Attributes>) -> Result<Breaker, ItemError> {
    item.map(document).transpose().map(Option::unwrap_or_default)
}
