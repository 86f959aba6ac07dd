//! The reservations: [`Store`] over the table.

use futures_util::future::try_join_all;
use jiff::Timestamp;
use shared_core::domain::ids::{Account, ReservationId, VendorReference};
use shared_core::domain::reservation::{Change, DocumentOrigin, HistoryEntry, Reservation};
use shared_core::ports::{
    BackendError, ClaimOutcome, InsertOutcome, ListQuery, Page, RawDocument, Store, Worklist, WriteOutcome,
};

use super::item::{Item, ReservationItem};
use super::keys::{self, Key};
use super::write::{Update, Written};
use super::{DynamoStore, fresh_name, number, text};
use crate::aws::corrupt;

impl Store for DynamoStore {
    async fn insert(&self, reservation: &Reservation) -> Result<InsertOutcome, BackendError> {
        const OPERATION: &str = "reserve";
        let write = fresh_name(OPERATION)?;
        let item = ReservationItem::encode(reservation, write.clone());
        let old = match self.put_new(OPERATION, item).await? {
            Written::Done(_) => return Ok(InsertOutcome::New),
            Written::Refused(old) => {
                old.ok_or("the refusal does not show what there is").map_err(corrupt(OPERATION))?
            }
        };
        let old = ReservationItem::decode(old).map_err(corrupt(OPERATION))?;
        let ours = old.write == write || lease_holder(&old.doc).is_some_and(|holder| reservation.is_held_by(holder));
        Ok(if ours { InsertOutcome::New } else { InsertOutcome::Existing(Box::new(old.doc)) })
    }

    async fn reservation(&self, id: &ReservationId) -> Result<Option<Reservation>, BackendError> {
        const OPERATION: &str = "read a reservation";
        let item = self.get(OPERATION, Key::reservation(id), true).await?;
        let item = item.map(ReservationItem::decode).transpose().map_err(corrupt(OPERATION))?;
        Ok(item.map(|item| item.doc))
    }

    async fn reservations(&self, ids: &[ReservationId]) -> Result<Vec<Reservation>, BackendError> {
        self.read_many(ids).await
    }

    async fn keep_document(
        &self,
        id: &ReservationId,
        document: &RawDocument,
        origin: Option<&DocumentOrigin>,
    ) -> Result<(), BackendError> {
        self.put_document(id, document, origin).await
    }

    async fn file(&self, id: &ReservationId, entries: &[HistoryEntry]) -> Result<(), BackendError> {
        let put = |entry: &HistoryEntry| Item::encode(Key::history(id, entry.seq), entry.clone());
        let puts = entries.iter().map(|entry| self.put_new("file a history entry", put(entry)));
        try_join_all(puts).await.map(drop)
    }

    async fn claim(
        &self,
        account: &Account,
        reference: &VendorReference,
        owner: &ReservationId,
    ) -> Result<ClaimOutcome, BackendError> {
        self.put_claim(account, reference, owner).await
    }

    async fn write(&self, change: &Change) -> Result<WriteOutcome, BackendError> {
        self.write_change(change).await
    }

    async fn write_with_claims(&self, change: &Change) -> Result<WriteOutcome, BackendError> {
        self.write_change_with_claims(change).await
    }

    async fn owner(&self, account: &Account, reference: &str) -> Result<Option<ReservationId>, BackendError> {
        const OPERATION: &str = "find a reference's owner";
        let Some(item) = self.get(OPERATION, Key::claim(account, reference), true).await? else { return Ok(None) };
        let owner = item.get("owner_id").and_then(|owner| owner.as_s().ok());
        let owner = owner.ok_or("the claim names no owner").map_err(corrupt(OPERATION))?;
        owner.parse().map(Some).map_err(corrupt(OPERATION))
    }

    async fn postpone(&self, reservation: &Reservation, due_at: Timestamp) -> Result<(), BackendError> {
        let id = reservation.id();
        let update = Update {
            key: Key::reservation(id),
            update: "SET due_pk = :shard, due_at = :due, doc.due_at = :exactly",
            condition: "seq = :seq",
            names: Vec::new(),
            values: vec![
                (":shard", text(keys::due_partition(keys::due_shard(id)))),
                (":due", text(keys::sortable_millis_ceil(due_at))),
                (":exactly", text(due_at.to_string())),
                (":seq", number(reservation.seq)),
            ],
        };
        // Whoever changed it since has also said when it is due.
        self.update_if("postpone a reservation", update).await.map(drop)
    }

    async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<ReservationId>, BackendError> {
        self.due_by(now, limit).await
    }

    async fn filed_entries(
        &self,
        id: &ReservationId,
        after: u64,
        limit: usize,
    ) -> Result<(Vec<HistoryEntry>, bool), BackendError> {
        self.history_after(id, after, limit).await
    }

    async fn list(&self, query: &ListQuery) -> Result<Page<ReservationId>, BackendError> {
        self.list_of(query).await
    }

    async fn worklist(
        &self,
        list: &Worklist,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page<ReservationId>, BackendError> {
        self.worklist_of(list, cursor, limit).await
    }
}

fn lease_holder(reservation: &Reservation) -> Option<&str> {
    use shared_core::domain::reservation::State;
    match &reservation.state {
        State::Calling { lease, .. } => Some(&lease.holder),
        _ => None,
    }
}
