//! The table in memory: a change is written over what it was made from, and a test
//! has one owner.

use jiff::Timestamp;

use super::World;
use crate::domain::ids::{Account, AccountName, ReservationId, Vendor};
use crate::domain::reservation::{Change, HistoryEntry, Reservation, State};
use crate::ports::{BackendError, InsertOutcome, ListQuery, Page, RawDocument, Store, Worklist, WriteOutcome};

impl Store for World {
    async fn insert(&self, reservation: &Reservation) -> Result<InsertOutcome, BackendError> {
        let mut kept = self.works("insert")?;
        if let Some(known) = kept.reservations.get(reservation.id()) {
            return Ok(InsertOutcome::Existing(Box::new(known.clone())));
        }
        kept.reservations.insert(reservation.id().clone(), reservation.clone());
        Ok(InsertOutcome::New)
    }

    async fn reservation(&self, id: &ReservationId) -> Result<Option<Reservation>, BackendError> {
        Ok(self.works("reservation")?.reservations.get(id).cloned())
    }

    async fn reservations(&self, ids: &[ReservationId]) -> Result<Vec<Reservation>, BackendError> {
        let kept = self.works("reservations")?;
        Ok(ids.iter().filter_map(|id| kept.reservations.get(id).cloned()).collect())
    }

    async fn commit(&self, change: &Change, _: Option<&RawDocument>) -> Result<WriteOutcome, BackendError> {
        if self.kept().is_stuck {
            return std::future::pending().await;
        }
        let mut kept = self.works("commit")?;
        if kept.writes_at_most.is_some_and(|most| kept.entries.len() >= most) {
            return Err(BackendError::unavailable("commit", "no storage"));
        }
        let (after, id) = (&change.after, change.after.id().clone());
        if let Some(other) = kept.overtaken_by.take() {
            kept.reservations.insert(other.id().clone(), other);
        }
        let is_overtaken = kept.overtaken > 0;
        kept.overtaken = kept.overtaken.saturating_sub(1);
        let current = kept.reservations.get_mut(&id).expect("a reservation that is kept");
        current.seq += u64::from(is_overtaken);
        if current.seq + 1 != after.seq {
            return Ok(WriteOutcome::Conflict(Box::new(current.clone())));
        }
        let claims: Vec<_> =
            change.claims().map(|claim| (after.order.account.clone(), claim.test().to_owned())).collect();
        if claims.iter().any(|claim| kept.claims.get(claim).is_some_and(|owner| *owner != id)) {
            return Ok(WriteOutcome::ReferenceTaken);
        }
        kept.claims.extend(claims.into_iter().map(|claim| (claim, id.clone())));
        for released in change.releases() {
            kept.claims.remove(&(after.order.account.clone(), released.test().to_owned()));
        }
        kept.reservations.insert(id, after.clone());
        kept.entries.push(change.entry.clone());
        Ok(WriteOutcome::Done)
    }

    async fn owner(&self, account: &Account, reference: &str) -> Result<Option<ReservationId>, BackendError> {
        Ok(self.works("owner")?.claims.get(&(account.clone(), reference.to_owned())).cloned())
    }

    async fn postpone(&self, reservation: &Reservation, due_at: Timestamp) -> Result<(), BackendError> {
        let mut kept = self.works("postpone")?;
        kept.postponed.push((reservation.id().clone(), due_at));
        kept.reservations.get_mut(reservation.id()).expect("a reservation that is kept").due_at = Some(due_at);
        Ok(())
    }

    async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<ReservationId>, BackendError> {
        let mut kept = self.works("due")?;
        kept.due_asked += 1;
        let mut due: Vec<_> = kept.reservations.values().filter_map(|it| Some((it.due_at?, it.id().clone()))).collect();
        due.retain(|(at, _)| *at <= now);
        due.sort();
        Ok(due.into_iter().map(|(_, id)| id).take(limit).collect())
    }

    async fn history(&self, _: &ReservationId, _: u64, _: usize) -> Result<(Vec<HistoryEntry>, bool), BackendError> {
        panic!("no use case reads histories")
    }

    async fn list(&self, _: &ListQuery) -> Result<Page<ReservationId>, BackendError> {
        panic!("no use case lists")
    }

    /// By id, so that the last one of a page is where the next begins.
    async fn worklist(
        &self,
        list: &Worklist,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page<ReservationId>, BackendError> {
        let kept = self.works("worklist")?;
        let mut ids: Vec<_> =
            kept.reservations.values().filter(|it| is_on(it, list)).map(|it| it.id().clone()).collect();
        ids.sort();
        ids.retain(|id| cursor.is_none_or(|cursor| id.as_str() > cursor));
        let limit = kept.page.unwrap_or(limit);
        let next = (ids.len() > limit).then(|| ids[limit - 1].to_string());
        ids.truncate(limit);
        Ok(Page { items: ids, next })
    }
}

fn is_on(reservation: &Reservation, list: &Worklist) -> bool {
    let is_of = |vendor, name: &AccountName| reservation.vendor() == vendor && reservation.order.account.name == *name;
    match list {
        Worklist::InDoubt => matches!(reservation.state, State::InDoubt { .. }),
        Worklist::Open(name) => reservation.is_open() && is_of(Vendor::Truenorth, name),
        Worklist::Unused(name) => reservation.has_unused_test() && is_of(Vendor::Itep, name),
    }
}
