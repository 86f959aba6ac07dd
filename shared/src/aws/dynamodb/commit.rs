//! A change of a reservation: one transaction.

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::builders::PutBuilder;
use aws_sdk_dynamodb::types::{CancellationReason, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem};
use shared_core::domain::ids::Digest;
use shared_core::domain::reservation::Change;
use shared_core::ports::{BackendError, RawDocument, WriteOutcome};

use super::item::{Attributes, Item, ReservationItem};
use super::keys::Key;
use super::write::{TRIES, pause};
use super::{DynamoStore, documents, number};
use crate::aws::{corrupt, sdk_error};

const OPERATION: &str = "commit a change";

/// How many items a change writes before its claims: the reservation and the history entry.
const BEFORE_CLAIMS: usize = 2;

/// DynamoDB takes up to 36 characters; this is 128 bits.
const TOKEN_LENGTH: usize = 32;

type Cause = Box<dyn std::error::Error + Send + Sync>;

impl DynamoStore {
    pub(super) async fn write_change(
        &self,
        change: &Change,
        raw: Option<&RawDocument>,
    ) -> Result<WriteOutcome, BackendError> {
        let token = self.token(change, raw).map_err(corrupt(OPERATION))?;
        let writes = self.writes(change, raw, &token).map_err(corrupt(OPERATION))?;
        for tries in 1.. {
            let transaction = self.dynamodb().transact_write_items().client_request_token(&token);
            let sent = transaction.set_transact_items(Some(writes.clone())).send().await;
            let Err(error) = sent else { return Ok(WriteOutcome::Done) };
            let outcome = match error.as_service_error() {
                Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                    read(cancelled.cancellation_reasons(), &token).map_err(corrupt(OPERATION))?
                }
                Some(TransactWriteItemsError::TransactionInProgressException(_)) => TransactionOutcome::Collision,
                _ => TransactionOutcome::Failure,
            };
            match outcome {
                TransactionOutcome::Committed(committed) => return Ok(committed),
                TransactionOutcome::Collision if tries < TRIES => pause(tries).await,
                TransactionOutcome::Collision | TransactionOutcome::Failure => return Err(sdk_error(OPERATION)(error)),
            }
        }
        unreachable!("the last try returns")
    }

    fn writes(&self, change: &Change, raw: Option<&RawDocument>, token: &str) -> Result<Vec<TransactWriteItem>, Cause> {
        let (after, id) = (&change.after, change.after.id());
        let reservation = self
            .put(ReservationItem::encode(after, token.to_owned())?)
            .condition_expression("seq = :before")
            .expression_attribute_values(":before", number(after.seq.saturating_sub(1)))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let entry = self.put(Item::encode(Key::history(id, change.entry.seq), &change.entry)?);
        let mut puts = vec![reservation, entry];
        puts.extend(self.claims(change));
        let put = |put: PutBuilder| Ok(TransactWriteItem::builder().put(put.build()?).build());
        let mut writes: Vec<_> = puts.into_iter().map(put).collect::<Result<_, Cause>>()?;
        // A copy that does not fit must not hold back what it says.
        if let Some(raw) = raw.filter(|raw| documents::fits(raw)) {
            let keep = self.keep_document(id, raw, change.origin.as_ref()).build()?;
            writes.push(TransactWriteItem::builder().update(keep).build());
        }
        for release in self.releases(change) {
            writes.push(TransactWriteItem::builder().delete(release.build()?).build());
        }
        Ok(writes)
    }

    /// Names the change by what it is, so that the same change, sent again by the
    /// SDK or by the caller, is the same transaction.
    fn token(&self, change: &Change, raw: Option<&RawDocument>) -> Result<String, Cause> {
        let raw = raw.map(|raw| &raw.digest);
        let change = serde_json::to_vec(&(&self.name, &change.after, &change.entry, raw))?;
        Ok(Digest::sha256(&change).as_str()[..TOKEN_LENGTH].to_owned())
    }

    pub(super) fn put(&self, item: Attributes) -> PutBuilder {
        Put::builder().table_name(&self.name).set_item(Some(item))
    }
}

/// What a cancelled transaction says.
enum TransactionOutcome {
    Committed(WriteOutcome),
    /// Another transaction was at the same items, or there was too much at once.
    Collision,
    Failure,
}

fn read(reasons: &[CancellationReason], token: &str) -> Result<TransactionOutcome, Cause> {
    let is = |reason: &CancellationReason, codes: &[&str]| reason.code().is_some_and(|code| codes.contains(&code));
    let failed = |reason: &CancellationReason| is(reason, &["ConditionalCheckFailed"]);
    if let Some(first) = reasons.first().filter(|first| failed(first)) {
        let item: HashMap<_, _> = first.item().cloned().ok_or("the reservation does not exist")?;
        let current = ReservationItem::decode(item)?;
        let ours = current.write == token;
        let conflict = || WriteOutcome::Conflict(Box::new(current.doc));
        return Ok(TransactionOutcome::Committed(if ours { WriteOutcome::Done } else { conflict() }));
    }
    let passing = ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"];
    if reasons.iter().any(|reason| is(reason, &passing)) {
        return Ok(TransactionOutcome::Collision);
    }
    let taken = reasons.iter().skip(BEFORE_CLAIMS).any(failed);
    Ok(if taken { TransactionOutcome::Committed(WriteOutcome::ReferenceTaken) } else { TransactionOutcome::Failure })
}
