//! The table in memory, with the conditions that the real one puts on its writes.

use std::collections::BTreeMap;

use jiff::Timestamp;
use shared_core::domain::ids::{Account, ReservationId, Vendor};
use shared_core::domain::reservation::{Alert, Change, Effect, HistoryEntry, Reservation, State as Status};
use shared_core::ports::{
    AlertSubject, Alerts, BackendError, InsertOutcome, ListQuery, Page, RawDocument, Store, Worklist, WriteOutcome,
};

use crate::bugs::Bug;
use crate::sim::{Port, State, outage};

#[derive(Default)]
pub(crate) struct Table {
    pub(crate) rows: BTreeMap<ReservationId, Row>,
    pub(crate) claims: BTreeMap<String, ReservationId>,
    /// Alerts that written changes call for.
    pub(crate) owed: Vec<(ReservationId, Alert)>,
}

/// A reservation's item, with the write that made it so.
pub(crate) struct Row {
    pub(crate) reservation: Reservation,
    made_by: Option<u64>,
    last: Option<Change>,
}

fn claim_key(account: &Account, reference: &str) -> String {
    format!("{account}#{reference}")
}

fn put(state: &mut State, reservation: &Reservation, write: u64, overwrites: bool) -> InsertOutcome {
    let id = reservation.id().clone();
    if let Some(row) = state.table.rows.get(&id).filter(|_| !overwrites) {
        let same_holder = match &row.reservation.state {
            Status::Calling { lease, .. } => reservation.is_held_by(&lease.holder),
            _ => false,
        };
        let ours = same_holder || (row.made_by == Some(write) && row.last.is_none());
        return if ours { InsertOutcome::New } else { InsertOutcome::Existing(Box::new(row.reservation.clone())) };
    }
    state.due_at(reservation.due_at);
    state.note(|| format!("  {id} {}", reservation.status().as_str()));
    let row = Row { reservation: reservation.clone(), made_by: Some(write), last: None };
    state.table.rows.insert(id, row);
    InsertOutcome::New
}

/// The alerts that a change calls for.
fn owed(change: &Change) -> impl Iterator<Item = (ReservationId, Alert)> {
    change.effects.iter().filter_map(|effect| match effect {
        Effect::Alert(alert) => Some((change.after.id().clone(), *alert)),
        _ => None,
    })
}

/// [`Bug::ToldAfterwards`]: what was told of a change is taken back for now.
fn tell_later(state: &mut State, change: &Change) {
    for (id, alert) in owed(change) {
        let told = state.alerts.entry(id.to_string()).or_default();
        let last = told.iter().rposition(|(raised, _)| *raised == alert);
        last.map(|last| told.remove(last));
    }
}

fn write(state: &mut State, change: &Change, bug: Option<Bug>) -> Result<WriteOutcome, BackendError> {
    let (any_seq, any_claim) = (bug == Some(Bug::SeqIgnored), bug == Some(Bug::ClaimsIgnored));
    let id = change.after.id();
    let Some(row) = state.table.rows.get(id) else { return Err(outage("the reservation does not exist")) };
    if row.reservation.seq + 1 != change.after.seq && !any_seq {
        if row.last.as_ref() == Some(change) {
            return Ok(WriteOutcome::Done);
        }
        return Ok(WriteOutcome::Conflict(Box::new(row.reservation.clone())));
    }
    let keys: Vec<_> =
        change.claims().map(|reference| claim_key(&change.after.order.account, reference.test())).collect();
    let is_taken = |key: &String| state.table.claims.get(key).is_some_and(|owner| owner != id);
    if !any_claim && keys.iter().any(is_taken) {
        return Ok(WriteOutcome::ReferenceTaken);
    }
    for key in keys {
        state.table.claims.insert(key, id.clone());
    }
    for reference in change.releases() {
        state.table.claims.remove(&claim_key(&change.after.order.account, reference.test()));
    }
    state.table.owed.extend(owed(change));
    keep(state, change, bug);
    Ok(WriteOutcome::Done)
}

fn keep(state: &mut State, change: &Change, bug: Option<Bug>) {
    let (id, mut after) = (change.after.id(), change.after.clone());
    if bug == Some(Bug::DueForgotten) && matches!(after.state, Status::Queued { .. }) {
        after.due_at = None;
    }
    state.due_at(after.due_at);
    state.note(|| {
        let (after, entry) = (&change.after, &change.entry);
        let verdict = entry.verdict;
        format!("  {id} {} seq {}: {:?} {verdict:?} {:?}", after.status().as_str(), after.seq, entry.event, entry.why)
    });
    let row = Row { reservation: after, made_by: None, last: Some(change.clone()) };
    state.table.rows.insert(id.clone(), row);
}

/// Ids for which `key` has a time, in its order. An index may lag behind.
fn listed(state: &mut State, limit: usize, key: impl Fn(&Reservation) -> Option<Timestamp>) -> Vec<ReservationId> {
    let mut found: Vec<_> = state
        .table
        .rows
        .values()
        .filter_map(|row| Some((key(&row.reservation)?, row.reservation.id().clone())))
        .collect();
    found.retain(|_| !state.trouble(100));
    found.sort();
    found.into_iter().map(|(_, id)| id).take(limit).collect()
}

impl Store for Port<'_> {
    async fn insert(&self, reservation: &Reservation) -> Result<InsertOutcome, BackendError> {
        let token = self.sim.state().rng.next();
        let (reservation, overwrites) = (reservation.clone(), self.sim.has(Bug::ReserveOverwrites));
        self.op("reserve", move |state| put(state, &reservation, token, overwrites)).await
    }

    async fn reservation(&self, id: &ReservationId) -> Result<Option<Reservation>, BackendError> {
        let (id, forgets) = (id.clone(), self.sim.has(Bug::GradeTimesForgotten));
        self.op("read", move |state| {
            let mut found = state.table.rows.get(&id)?.reservation.clone();
            for attempt in found.attempts.iter_mut().filter(|_| forgets) {
                attempt.graded_at = None;
            }
            Some(found)
        })
        .await
    }

    /// In the order of their ids, since a caller may ask in the order of a hash map.
    async fn reservations(&self, ids: &[ReservationId]) -> Result<Vec<Reservation>, BackendError> {
        let mut ids = ids.to_vec();
        ids.sort();
        self.op("read many", move |state| {
            ids.iter().filter_map(|id| state.table.rows.get(id).map(|row| row.reservation.clone())).collect()
        })
        .await
    }

    async fn commit(&self, change: &Change, _: Option<&RawDocument>) -> Result<WriteOutcome, BackendError> {
        let (written, bug) = (change.clone(), self.sim.options.bug);
        if self.sim.has(Bug::ToldAfterwards) {
            tell_later(&mut self.sim.state(), change);
        }
        let done = self.op("commit", move |state| write(state, &written, bug)).await?;
        if self.sim.has(Bug::ToldAfterwards) {
            owed(change).for_each(|(id, alert)| self.raise(alert, AlertSubject::Reservation(&id)));
        }
        done
    }

    async fn owner(&self, account: &Account, reference: &str) -> Result<Option<ReservationId>, BackendError> {
        let key = claim_key(account, reference);
        self.op("owner", move |state| state.table.claims.get(&key).cloned()).await
    }

    async fn postpone(&self, reservation: &Reservation, due_at: Timestamp) -> Result<(), BackendError> {
        let (id, seq) = (reservation.id().clone(), reservation.seq);
        self.op("postpone", move |state| {
            if let Some(row) = state.table.rows.get_mut(&id).filter(|row| row.reservation.seq == seq) {
                row.reservation.due_at = Some(due_at);
                state.due_at(Some(due_at));
            }
        })
        .await
    }

    async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<ReservationId>, BackendError> {
        self.op("due", move |state| listed(state, limit, |r| r.due_at.filter(|due| *due <= now))).await
    }

    async fn history(&self, _: &ReservationId, _: u64, _: usize) -> Result<(Vec<HistoryEntry>, bool), BackendError> {
        Ok((Vec::new(), false))
    }

    async fn list(&self, _: &ListQuery) -> Result<Page<ReservationId>, BackendError> {
        Ok(Page { items: Vec::new(), next: None })
    }

    /// Pages by position, which is enough for a handful.
    async fn worklist(
        &self,
        list: &Worklist,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page<ReservationId>, BackendError> {
        let (list, from) = (list.clone(), cursor.and_then(|cursor| cursor.parse().ok()).unwrap_or(0_usize));
        self.op("worklist", move |state| {
            let mut items = listed(state, usize::MAX, |r| match (&list, &r.state) {
                (Worklist::InDoubt, Status::InDoubt { since }) => Some(*since),
                (Worklist::Open(name), _)
                    if r.is_open() && r.vendor() == Vendor::Truenorth && r.order.account.name == *name =>
                {
                    Some(r.created_at)
                }
                (Worklist::Unused(name), _)
                    if r.has_unused_test() && r.vendor() == Vendor::Itep && r.order.account.name == *name =>
                {
                    Some(r.order.expires_at)
                }
                _ => None,
            });
            let next = (items.len() > from + limit).then(|| (from + limit).to_string());
            items = items.into_iter().skip(from).take(limit).collect();
            Page { items, next }
        })
        .await
    }
}
