//! Reports that could not be used, in the order in which they came.

use shared_core::domain::ids::Mode;
use shared_core::ports::{BackendError, Page, Quarantine, Quarantined};

use super::cursor::{self, InvalidCursor};
use super::item::{Item, document};
use super::keys::{self, Key};
use super::lists::{at_most, string};
use super::write::Put;
use super::{DynamoStore, key_of, text};
use crate::aws::{corrupt, sdk_error};

impl DynamoStore {
    /// Writes what the operator did with a kept report. A replay is to be written
    /// before it is sent: what fails again is kept anew, and must not be marked after that.
    ///
    /// # Errors
    /// The table could not be written.
    pub async fn mark_handled(&self, item: &Quarantined) -> Result<(), BackendError> {
        let key = Key::quarantined(&item.receipt);
        let put = Put { item: Item::encode(key, item), condition: "attribute_exists(pk)", values: Vec::new() };
        self.put_if("mark a report as handled", put).await.map(drop)
    }
}

impl Quarantine for DynamoStore {
    /// The same receipt is kept once, as it was kept first or since it was replayed.
    async fn keep(&self, item: &Quarantined) -> Result<(), BackendError> {
        let key = Key::quarantined(&item.receipt);
        let condition = "attribute_not_exists(pk) OR attribute_exists(doc.replayed_at)";
        let put = Put { item: Item::encode(key, item), condition, values: Vec::new() };
        self.put_if("quarantine a report", put).await.map(drop)
    }

    async fn quarantined(
        &self,
        mode: Mode,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page<Quarantined>, BackendError> {
        const OPERATION: &str = "list the quarantine";
        let after = cursor.map(|text| cursor::decode(text).filter(|sk| !sk.is_empty()).ok_or(InvalidCursor));
        let after = after.transpose().map_err(|error| BackendError::invalid("read a cursor", error))?;
        let partition = keys::quarantine(mode);
        let answer = self
            .dynamodb()
            .query()
            .table_name(&self.name)
            .consistent_read(true)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", text(&partition))
            .limit(at_most(limit))
            .set_exclusive_start_key(after.map(|sk| key_of(Key::new(partition, sk))))
            .send()
            .await
            .map_err(sdk_error(OPERATION))?;
        // Large bodies may end a page before its limit: only the last key tells.
        let last = answer.last_evaluated_key().and_then(|key| string(key, "sk")).map(cursor::encode);
        let items = answer.items.unwrap_or_default().into_iter().map(document);
        Ok(Page { items: items.collect::<Result<_, _>>().map_err(corrupt(OPERATION))?, next: last })
    }
}
