//! Reading many: indexes, histories and batches.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use futures_util::future::try_join_all;
use jiff::Timestamp;
use shared_core::domain::ids::ReservationId;
use shared_core::domain::reservation::{HistoryEntry, Reservation};
use shared_core::ports::{BackendError, ListQuery, Page, Worklist};

use super::cursor::Cursor;
use super::item::{Attributes, ReservationItem, document};
use super::keys::{self, Key};
use super::write::pause;
use super::{DynamoStore, key_of, text};
use crate::aws::{corrupt, sdk_error};

/// How many items DynamoDB reads in one batch.
pub(super) const BATCH: usize = 100;
/// How often the rest of a batch is asked for.
const BATCH_TRIES: u32 = 8;

/// A keys-only index and a partition of it.
struct Index {
    name: &'static str,
    pk: (&'static str, String),
    sk: &'static str,
    newest_first: bool,
}

impl Index {
    /// The key after which a page begins.
    fn start(&self, cursor: &Cursor) -> Attributes {
        let mut key = key_of(Key::reservation(cursor.id()));
        key.insert(self.pk.0.to_owned(), text(&self.pk.1));
        key.insert(self.sk.to_owned(), text(cursor.place()));
        key
    }
}

impl DynamoStore {
    pub(super) async fn list_of(&self, query: &ListQuery) -> Result<Page<ReservationId>, BackendError> {
        let client = query.client.to_string();
        let index = match &query.external_id {
            None => Index { name: "by_client", pk: ("client_pk", client), sk: "client_sk", newest_first: true },
            Some(external_id) => {
                let pk = ("candidate_pk", keys::candidate(&query.client, external_id));
                Index { name: "by_candidate", pk, sk: "candidate_sk", newest_first: true }
            }
        };
        self.page("list reservations", &index, query.cursor.as_deref(), query.limit).await
    }

    pub(super) async fn worklist_of(
        &self,
        list: &Worklist,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page<ReservationId>, BackendError> {
        let pk = ("work_pk", keys::worklist(list));
        let index = Index { name: "worklist", pk, sk: "work_sk", newest_first: false };
        self.page("read a worklist", &index, cursor, limit).await
    }

    /// One page; asking for one more than fits tells whether there is another.
    async fn page(
        &self,
        operation: &'static str,
        index: &Index,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page<ReservationId>, BackendError> {
        let start = Cursor::parse(cursor)?.map(|cursor| index.start(&cursor));
        let answer = self
            .dynamodb()
            .query()
            .table_name(&self.name)
            .index_name(index.name)
            .key_condition_expression(format!("{} = :pk", index.pk.0))
            .expression_attribute_values(":pk", text(&index.pk.1))
            .scan_index_forward(!index.newest_first)
            .limit(at_most(limit + 1))
            .set_exclusive_start_key(start)
            .send()
            .await
            .map_err(sdk_error(operation))?;
        let mut entries = answer.items.unwrap_or_default();
        let more = entries.len() > limit;
        entries.truncate(limit);
        let last = entries.last().and_then(|entry| string(entry, index.sk)).and_then(Cursor::after);
        Ok(Page {
            items: entries.iter().filter_map(reservation_id).collect(),
            next: last.filter(|_| more).map(|cursor| cursor.to_string()),
        })
    }

    pub(super) async fn due_by(&self, now: Timestamp, limit: usize) -> Result<Vec<ReservationId>, BackendError> {
        let now = keys::sortable_millis(now);
        let shards = try_join_all((0..keys::DUE_SHARDS).map(|shard| self.due_in(shard, &now, limit))).await?;
        let mut due: Vec<_> = shards.into_iter().flatten().collect();
        due.sort();
        Ok(due.into_iter().map(|(_, id)| id).take(limit).collect())
    }

    async fn due_in(&self, shard: u8, now: &str, limit: usize) -> Result<Vec<(String, ReservationId)>, BackendError> {
        let answer = self
            .dynamodb()
            .query()
            .table_name(&self.name)
            .index_name("due")
            .key_condition_expression("due_pk = :pk AND due_at <= :now")
            .expression_attribute_values(":pk", text(keys::due_partition(shard)))
            .expression_attribute_values(":now", text(now))
            .limit(at_most(limit))
            .send()
            .await
            .map_err(sdk_error("read what is due"))?;
        let timed = |item: &Attributes| Some((string(item, "due_at")?.to_owned(), reservation_id(item)?));
        Ok(answer.items().iter().filter_map(timed).collect())
    }

    pub(super) async fn history_after(
        &self,
        id: &ReservationId,
        after: u64,
        limit: usize,
    ) -> Result<(Vec<HistoryEntry>, bool), BackendError> {
        const OPERATION: &str = "read a history";
        let answer = self
            .dynamodb()
            .query()
            .table_name(&self.name)
            .consistent_read(true)
            .key_condition_expression("pk = :pk AND sk BETWEEN :from AND :to")
            .expression_attribute_values(":pk", text(keys::partition(id)))
            .expression_attribute_values(":from", text(keys::history_sort(after.saturating_add(1))))
            .expression_attribute_values(":to", text(keys::history_sort(u64::MAX)))
            .limit(at_most(limit + 1))
            .send()
            .await
            .map_err(sdk_error(OPERATION))?;
        let mut items = answer.items.unwrap_or_default();
        let more = items.len() > limit || answer.last_evaluated_key.is_some();
        items.truncate(limit);
        let entries: Result<_, _> = items.into_iter().map(document).collect();
        Ok((entries.map_err(corrupt(OPERATION))?, more))
    }

    pub(super) async fn read_many(&self, ids: &[ReservationId]) -> Result<Vec<Reservation>, BackendError> {
        let mut found = HashMap::new();
        for batch in ids.chunks(BATCH) {
            let mut keys: Vec<_> = batch.iter().map(Key::reservation).collect();
            keys.sort_by(|a, b| a.pk.cmp(&b.pk));
            keys.dedup();
            for item in self.read_batch("read reservations", keys).await? {
                let item = ReservationItem::decode(item).map_err(corrupt("read reservations"))?;
                found.insert(item.doc.id().clone(), item.doc);
            }
        }
        Ok(ids.iter().filter_map(|id| found.get(id).cloned()).collect())
    }

    /// Reads up to [`BATCH`] items, in no order.
    pub(super) async fn read_batch(
        &self,
        operation: &'static str,
        keys: Vec<Key>,
    ) -> Result<Vec<Attributes>, BackendError> {
        let keys: Vec<_> = keys.into_iter().map(key_of).collect();
        let mut request = if keys.is_empty() { None } else { Some(keys) };
        let (mut items, mut tries) = (Vec::new(), 0);
        while let Some(keys) = request.take() {
            if tries == BATCH_TRIES {
                return Err(BackendError::unavailable(operation, "the table keeps leaving some of a batch unread"));
            }
            if tries > 0 {
                pause(tries).await;
            }
            tries += 1;
            let wanted = KeysAndAttributes::builder().set_keys(Some(keys)).build().map_err(corrupt(operation))?;
            let answer = self.dynamodb().batch_get_item().request_items(&self.name, wanted);
            let answer = answer.send().await.map_err(sdk_error(operation))?;
            items.extend(answer.responses.unwrap_or_default().into_values().flatten());
            let unread = answer.unprocessed_keys.unwrap_or_default().into_values().next();
            request = unread.map(|unread| unread.keys).filter(|keys| !keys.is_empty());
        }
        Ok(items)
    }
}

pub(super) fn string<'a>(item: &'a Attributes, name: &str) -> Option<&'a str> {
    item.get(name).and_then(|value| value.as_s().ok()).map(String::as_str)
}

fn reservation_id(item: &Attributes) -> Option<ReservationId> {
    item.get("pk").map(AttributeValue::as_s)?.ok().and_then(|pk| keys::reservation_of(pk))
}

pub(super) fn at_most(limit: usize) -> i32 {
    i32::try_from(limit).unwrap_or(i32::MAX).max(1)
}
