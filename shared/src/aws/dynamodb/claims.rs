//! Claims: which reservation a vendor's test belongs to. An item for each test, whose
//! owner alone may write or delete it.

use aws_sdk_dynamodb::types::Delete;
use aws_sdk_dynamodb::types::builders::{DeleteBuilder, PutBuilder};
use shared_core::domain::ids::{Account, ReservationId, VendorReference};
use shared_core::domain::reservation::Change;
use shared_core::ports::{BackendError, ClaimOutcome};

use super::item::{Attributes, VERSION};
use super::keys::Key;
use super::write::{Put, Written};
use super::{DynamoStore, key_of, number, text};

/// Nobody's yet, or the reservation's own.
const UNCLAIMED_OR_OWN: &str = "attribute_not_exists(pk) OR owner_id = :me";

impl DynamoStore {
    pub(super) async fn put_claim(
        &self,
        account: &Account,
        reference: &VendorReference,
        owner: &ReservationId,
    ) -> Result<ClaimOutcome, BackendError> {
        let put = Put {
            item: Ok(claim(Key::claim(account, reference.test()), owner.as_str())),
            condition: UNCLAIMED_OR_OWN,
            values: vec![(":me", text(owner.as_str()))],
        };
        Ok(match self.put_if("claim a vendor's test", put).await? {
            Written::Done(_) => ClaimOutcome::Done,
            Written::Refused(_) => ClaimOutcome::Taken,
        })
    }

    /// The writes that claim what a change names.
    pub(super) fn claims(&self, change: &Change) -> Vec<PutBuilder> {
        let owner = change.after.id().as_str();
        let put = |key| {
            let put = self.put(claim(key, owner)).condition_expression(UNCLAIMED_OR_OWN);
            put.expression_attribute_values(":me", text(owner))
        };
        keys(change).into_iter().map(put).collect()
    }

    /// The writes that end a change's former claims; one that is gone is ended.
    pub(super) fn releases(&self, change: &Change) -> Vec<DeleteBuilder> {
        let (account, owner) = (&change.after.order.account, change.after.id().as_str());
        let delete = |key| {
            let delete = Delete::builder().table_name(&self.name).set_key(Some(key_of(key)));
            delete.condition_expression(UNCLAIMED_OR_OWN).expression_attribute_values(":me", text(owner))
        };
        change.releases().map(|reference| delete(Key::claim(account, reference.test()))).collect()
    }
}

/// The keys of a change's claims, each once: a transaction may name an item only once.
fn keys(change: &Change) -> Vec<Key> {
    let mut keys = Vec::new();
    for reference in change.claims() {
        let key = Key::claim(&change.after.order.account, reference.test());
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    keys
}

fn claim(key: Key, owner: &str) -> Attributes {
    let mut item = key_of(key);
    item.extend([("v".to_owned(), number(VERSION)), ("owner_id".to_owned(), text(owner))]);
    item
}
