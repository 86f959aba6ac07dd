//! The vendors' documents as they came, each once beside its reservation, to be
//! looked at and read again.

use std::collections::{BTreeSet, HashMap};

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, Update};
use shared_core::domain::ids::{Digest, ReservationId};
use shared_core::domain::reservation::{DocumentOrigin, HistoryEntry};
use shared_core::ports::{BackendError, RawDocument};

use super::item::{Attributes, VERSION};
use super::keys::{HISTORY_PREFIX, Key, RAW_PREFIX, partition, reservation_of};
use super::lists::string;
use super::{DynamoStore, key_of, number, text};
use crate::aws::{corrupt, sdk_error};

/// The largest document that is kept, in bytes: an item may have 400 KB, and its keys count.
const SIZE_MAX: usize = 390_000;

/// A vendor's document as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptDocument {
    pub document: RawDocument,
    /// Where it came from; not known of those that were kept by earlier releases.
    pub origin: Option<DocumentOrigin>,
}

/// How a document's reading was wanting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadBadly {
    /// Its status was none that the vendor's documents name.
    UnknownStatus,
    /// Some or all of its scores could not be read.
    UnreadableScores,
}

impl ReadBadly {
    fn filter(self) -> &'static str {
        match self {
            ReadBadly::UnknownStatus => "begins_with(sk, :history) AND doc.#event = :event",
            ReadBadly::UnreadableScores => {
                "begins_with(sk, :history) AND (doc.#event = :event OR contains(doc.detail, :unreadable))"
            }
        }
    }

    fn values(self) -> HashMap<String, AttributeValue> {
        let event = match self {
            ReadBadly::UnknownStatus => "report_unknown_status",
            ReadBadly::UnreadableScores => "report_without_scores",
        };
        let mut values = HashMap::from([(":history", HISTORY_PREFIX), (":event", event)]);
        if self == ReadBadly::UnreadableScores {
            values.insert(":unreadable", HistoryEntry::UNREADABLE);
        }
        values.into_iter().map(|(name, value)| (name.to_owned(), text(value))).collect()
    }
}

/// Whether a document can be kept.
pub(super) fn fits(raw: &RawDocument) -> bool {
    raw.bytes.len() <= SIZE_MAX
}

impl DynamoStore {
    /// Keeps a document in binary, since base64 would make it a third larger. What is
    /// kept again stays that of its first receipt.
    pub(super) fn keep_document(
        &self,
        id: &ReservationId,
        raw: &RawDocument,
        origin: Option<&DocumentOrigin>,
    ) -> UpdateBuilder {
        let update = Update::builder()
            .table_name(&self.name)
            .set_key(Some(key_of(Key::raw(id, &raw.digest))))
            .expression_attribute_values(":v", number(VERSION))
            .expression_attribute_values(":body", AttributeValue::B(Blob::new(raw.bytes.as_slice())));
        let Some(origin) = origin else { return update.update_expression("SET v = :v, body = :body") };
        update
            .update_expression(
                "SET v = :v, body = :body, observed_at = if_not_exists(observed_at, :observed_at), \
                 attempt = if_not_exists(attempt, :attempt)",
            )
            .expression_attribute_values(":observed_at", text(origin.observed_at.to_string()))
            .expression_attribute_values(":attempt", number(origin.attempt))
    }

    /// The documents whose reading the histories call wanting, by reading the whole
    /// table: the operator's, once a reader was mended. Tells how many items were read.
    ///
    /// # Errors
    /// The table could not be read.
    pub async fn documents_read_badly(
        &self,
        how: ReadBadly,
        mut progress: impl FnMut(u64),
    ) -> Result<Vec<(ReservationId, Digest)>, BackendError> {
        const OPERATION: &str = "look for reports in the histories";
        let (mut found, mut seen, mut after) = (BTreeSet::new(), 0, None);
        loop {
            let scan = self.dynamodb().scan().table_name(&self.name).filter_expression(how.filter());
            let scan = scan
                .expression_attribute_names("#event", "event")
                .set_expression_attribute_values(Some(how.values()))
                .set_exclusive_start_key(after);
            let answer = scan.send().await.map_err(sdk_error(OPERATION))?;
            let named = answer.items().iter().filter_map(|item| {
                let digest = item.get("doc")?.as_m().ok()?.get("digest")?.clone();
                Some((reservation_of(string(item, "pk")?)?, serde_dynamo::from_attribute_value(digest).ok()?))
            });
            found.extend(named);
            seen += u64::from(answer.scanned_count.unsigned_abs());
            progress(seen);
            after = answer.last_evaluated_key;
            if after.is_none() {
                return Ok(found.into_iter().collect());
            }
        }
    }

    /// Every document that is kept of a reservation.
    ///
    /// # Errors
    /// The table could not be read, or holds something else there.
    pub async fn kept_documents(&self, id: &ReservationId) -> Result<Vec<KeptDocument>, BackendError> {
        const OPERATION: &str = "read a reservation's documents";
        let (mut kept, mut after) = (Vec::new(), None);
        loop {
            let query = self.dynamodb().query().table_name(&self.name).consistent_read(true);
            let answer = query
                .key_condition_expression("pk = :pk AND begins_with(sk, :raw)")
                .expression_attribute_values(":pk", text(partition(id)))
                .expression_attribute_values(":raw", text(RAW_PREFIX))
                .set_exclusive_start_key(after)
                .send()
                .await
                .map_err(sdk_error(OPERATION))?;
            let read = answer.items.unwrap_or_default().into_iter().map(|item| read(&item).ok_or("not a document"));
            kept.extend(read.collect::<Result<Vec<_>, _>>().map_err(corrupt(OPERATION))?);
            after = answer.last_evaluated_key;
            if after.is_none() {
                return Ok(kept);
            }
        }
    }
}

fn read(item: &Attributes) -> Option<KeptDocument> {
    let digest: Digest = string(item, "sk")?.strip_prefix(RAW_PREFIX)?.parse().ok()?;
    let bytes = item.get("body")?.as_b().ok()?.as_ref().to_vec();
    let origin = || {
        let observed_at = string(item, "observed_at")?.parse().ok()?;
        let attempt = item.get("attempt")?.as_n().ok()?.parse().ok()?;
        Some(DocumentOrigin { observed_at, attempt })
    };
    Some(KeptDocument { document: RawDocument { digest, bytes }, origin: origin() })
}
