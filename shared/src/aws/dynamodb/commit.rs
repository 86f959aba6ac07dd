//! A change of a reservation: one conditional put, or one transaction with its claims.

use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::builders::PutBuilder;
use aws_sdk_dynamodb::types::{
    AttributeValue, CancellationReason, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem,
};
use shared_core::domain::ids::Digest;
use shared_core::domain::reservation::Change;
use shared_core::ports::{BackendError, WriteOutcome};

use super::item::{Attributes, ReservationItem};
use super::write::{self, TRIES, Written, pause};
use super::{DynamoStore, number};
use crate::aws::{corrupt, sdk_error};

const OPERATION: &str = "write a change";

/// Whether the reservation is still the one that was read.
const UNCHANGED: &str = "seq = :before";
const BEFORE: &str = ":before";

/// DynamoDB takes up to 36 characters; this is 128 bits.
const TOKEN_LENGTH: usize = 32;

type Cause = Box<dyn std::error::Error + Send + Sync>;

impl DynamoStore {
    pub(super) async fn write_change(&self, change: &Change) -> Result<WriteOutcome, BackendError> {
        let token = self.token(change).map_err(corrupt(OPERATION))?;
        let put = write::Put {
            item: ReservationItem::encode(&change.after, token.clone()),
            condition: UNCHANGED,
            values: vec![(BEFORE, seq_before(change))],
        };
        match self.put_if(OPERATION, put).await? {
            Written::Done(_) => Ok(WriteOutcome::Done),
            Written::Refused(current) => found(current, &token).map_err(corrupt(OPERATION)),
        }
    }

    pub(super) async fn write_change_with_claims(&self, change: &Change) -> Result<WriteOutcome, BackendError> {
        let token = self.token(change).map_err(corrupt(OPERATION))?;
        let writes = self.writes(change, &token).map_err(corrupt(OPERATION))?;
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

    fn writes(&self, change: &Change, token: &str) -> Result<Vec<TransactWriteItem>, Cause> {
        let reservation = self
            .put(ReservationItem::encode(&change.after, token.to_owned())?)
            .condition_expression(UNCHANGED)
            .expression_attribute_values(BEFORE, seq_before(change))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let puts = std::iter::once(reservation).chain(self.claims(change));
        let put = |put: PutBuilder| Ok(TransactWriteItem::builder().put(put.build()?).build());
        let mut writes: Vec<_> = puts.map(put).collect::<Result<_, Cause>>()?;
        for release in self.releases(change) {
            writes.push(TransactWriteItem::builder().delete(release.build()?).build());
        }
        Ok(writes)
    }

    /// Names the change by what it is, so that the same change, sent again by the
    /// SDK or by the caller, is the same write.
    fn token(&self, change: &Change) -> Result<String, Cause> {
        let change = serde_json::to_vec(&(&self.name, &change.after))?;
        Ok(Digest::sha256(&change).as_str()[..TOKEN_LENGTH].to_owned())
    }

    pub(super) fn put(&self, item: Attributes) -> PutBuilder {
        Put::builder().table_name(&self.name).set_item(Some(item))
    }
}

fn seq_before(change: &Change) -> AttributeValue {
    number(change.after.seq.saturating_sub(1))
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
        return found(first.item().cloned(), token).map(TransactionOutcome::Committed);
    }
    let passing = ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"];
    if reasons.iter().any(|reason| is(reason, &passing)) {
        return Ok(TransactionOutcome::Collision);
    }
    let taken = reasons.iter().skip(1).any(failed);
    Ok(if taken { TransactionOutcome::Committed(WriteOutcome::ReferenceTaken) } else { TransactionOutcome::Failure })
}

/// What a refused write found: itself, or somebody else's.
fn found(current: Option<Attributes>, token: &str) -> Result<WriteOutcome, Cause> {
    let current = ReservationItem::decode(current.ok_or("the reservation does not exist")?)?;
    let is_ours = current.write == token;
    Ok(if is_ours { WriteOutcome::Done } else { WriteOutcome::Conflict(Box::new(current.doc)) })
}
