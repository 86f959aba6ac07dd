//! Single conditional writes.

use std::time::Duration;

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure};
use shared_core::ports::BackendError;

use super::item::{Attributes, ItemError};
use super::keys::Key;
use super::{DynamoStore, key_of};
use crate::aws::{corrupt, sdk_error};

/// How often a write that collides with a transaction is tried.
pub(super) const TRIES: u32 = 5;

/// What became of a conditional write.
pub(super) enum Written {
    /// It is done; for updates, these are the item's attributes after it.
    Done(Attributes),
    /// Its condition failed; this is what there is, if there is anything.
    Refused(Option<Attributes>),
}

/// One conditional put of an item.
pub(super) struct Put<'a> {
    pub(super) item: Result<Attributes, ItemError>,
    pub(super) condition: &'a str,
    pub(super) values: Vec<(&'a str, AttributeValue)>,
}

/// One conditional update of an item.
pub(super) struct Update<'a> {
    pub(super) key: Key,
    pub(super) update: &'a str,
    pub(super) condition: &'a str,
    /// Attributes whose names the expressions cannot spell.
    pub(super) names: Vec<(&'a str, String)>,
    pub(super) values: Vec<(&'a str, AttributeValue)>,
}

impl DynamoStore {
    /// Puts an item if there is none under its key.
    pub(super) async fn put_new(
        &self,
        operation: &'static str,
        item: Result<Attributes, ItemError>,
    ) -> Result<Written, BackendError> {
        self.put_if(operation, Put { item, condition: "attribute_not_exists(pk)", values: Vec::new() }).await
    }

    /// Puts an item if a condition holds.
    pub(super) async fn put_if(&self, operation: &'static str, write: Put<'_>) -> Result<Written, BackendError> {
        let mut put = self
            .dynamodb()
            .put_item()
            .table_name(&self.name)
            .set_item(Some(write.item.map_err(corrupt(operation))?))
            .condition_expression(write.condition)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        for (name, value) in write.values {
            put = put.expression_attribute_values(name, value);
        }
        for tries in 1.. {
            let Err(error) = put.clone().send().await else { return Ok(Written::Done(Attributes::new())) };
            match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(failed)) => {
                    return Ok(Written::Refused(failed.item.clone()));
                }
                Some(PutItemError::TransactionConflictException(_)) if tries < TRIES => pause(tries).await,
                _ => return Err(sdk_error(operation)(error)),
            }
        }
        unreachable!("the last try returns")
    }

    /// Updates an item if a condition holds.
    pub(super) async fn update_if(&self, operation: &'static str, write: Update<'_>) -> Result<Written, BackendError> {
        let mut update = self
            .dynamodb()
            .update_item()
            .table_name(&self.name)
            .set_key(Some(key_of(write.key)))
            .update_expression(write.update)
            .condition_expression(write.condition)
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        for (placeholder, name) in write.names {
            update = update.expression_attribute_names(placeholder, name);
        }
        for (name, value) in write.values {
            update = update.expression_attribute_values(name, value);
        }
        for tries in 1.. {
            let error = match update.clone().send().await {
                Ok(answer) => return Ok(Written::Done(answer.attributes.unwrap_or_default())),
                Err(error) => error,
            };
            match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
                    return Ok(Written::Refused(failed.item.clone()));
                }
                Some(UpdateItemError::TransactionConflictException(_)) if tries < TRIES => pause(tries).await,
                _ => return Err(sdk_error(operation)(error)),
            }
        }
        unreachable!("the last try returns")
    }
}

/// Waits a random while, longer with every try: whoever collided parts.
pub(super) async fn pause(tries: u32) {
    let ceiling = 25_u64 << tries.min(5);
    let random = getrandom::u64().unwrap_or(ceiling);
    tokio::time::sleep(Duration::from_millis(random % ceiling)).await;
}
