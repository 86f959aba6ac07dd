//! Books in memory, with the promises that an import relies on: a change is
//! written over what it was made from, and a test has one owner.

use std::collections::HashMap;
use std::future::Future;
use std::pin::pin;
use std::sync::{Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::domain::backoff::Backoff;
use crate::domain::breaker::Pace;
use crate::domain::fixtures;
use crate::domain::ids::{Account, ReservationId, Vendor};
use crate::domain::order::Order;
use crate::domain::reservation::{Alert, Change, HistoryEntry, Policy, Reservation};
use crate::ports::{Alerts, Clock, Committed, ListQuery, Outage, Page, RawDocument, Reserved, Store, Worklist};
use crate::usecases::Times;

const DAYS: u64 = 24 * 3600;

pub(super) const TIMES: Times = Times {
    policy: Policy {
        backoff: Backoff { base: Duration::from_secs(5), cap: Duration::from_secs(900) },
        result_overdue: Duration::from_secs(7 * DAYS),
        doubt_quiet: Duration::from_secs(900),
    },
    probes: Pace { first: Duration::from_secs(30), cap: Duration::from_secs(300) },
    lease: Duration::from_secs(90),
    call: Duration::from_secs(20),
    margin: Duration::from_secs(5),
    hand_over: Duration::from_secs(2),
    match_patience: Duration::from_secs(900),
    match_retry: Duration::from_secs(60),
    lookup_interval: Duration::from_secs(30),
    poll_overlap: Duration::from_secs(DAYS),
    poll_lease: Duration::from_secs(120),
    handed_over: Duration::from_secs(120),
};

/// Seconds after the reservations of these tests were made.
pub(super) fn at(seconds: i64) -> Timestamp {
    let start: Timestamp = "2026-03-01T09:00:00Z".parse().unwrap();
    start + SignedDuration::from_secs(seconds)
}

/// An order that expires after ninety days.
pub(super) fn order(key: &str) -> Order {
    fixtures::order(Vendor::Itep, key, at(90 * 24 * 3600))
}

/// Runs what never waits.
pub(super) fn wait<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("nothing in memory waits"),
    }
}

#[derive(Default)]
struct Kept {
    reservations: HashMap<ReservationId, Reservation>,
    claims: HashMap<(Account, String), ReservationId>,
    entries: Vec<HistoryEntry>,
    alerts: Vec<Alert>,
}

pub(super) struct Books {
    kept: Mutex<Kept>,
    writes_left: usize,
}

impl Books {
    pub(super) fn with(reservations: impl IntoIterator<Item = Reservation>) -> Self {
        let mut kept = Kept::default();
        for reservation in reservations {
            let (account, id) = (reservation.order.account.clone(), reservation.id().clone());
            let surplus = reservation.surplus.iter().map(|surplus| &surplus.reference);
            for reference in reservation.reference.iter().chain(surplus) {
                kept.claims.insert((account.clone(), reference.test().to_owned()), id.clone());
            }
            kept.reservations.insert(id, reservation);
        }
        Self { kept: Mutex::new(kept), writes_left: usize::MAX }
    }

    pub(super) fn failing_after(self, writes: usize) -> Self {
        Self { writes_left: writes, ..self }
    }

    pub(super) fn reservation_of(&self, key: &str) -> Reservation {
        self.kept().reservations[&order(key).id].clone()
    }

    pub(super) fn last_entry(&self) -> HistoryEntry {
        self.kept().entries.last().cloned().unwrap()
    }

    pub(super) fn owner_of(&self, test_id: &str) -> Option<ReservationId> {
        self.kept().claims.get(&(order("").account, test_id.to_owned())).cloned()
    }

    pub(super) fn alerts(&self) -> Vec<Alert> {
        self.kept().alerts.clone()
    }

    pub(super) fn writes(&self) -> usize {
        self.kept().entries.len()
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap()
    }
}

impl Alerts for Books {
    fn raise(&self, alert: Alert, _: &str) {
        self.kept.lock().unwrap().alerts.push(alert);
    }

    fn note(&self, _: &Outage, _: &str) {}
}

impl Clock for Books {
    fn now(&self) -> Timestamp {
        at(100 * 24 * 3600)
    }

    async fn sleep(&self, _: Duration) {}
}

impl Store for Books {
    async fn reservation(&self, id: &ReservationId) -> Result<Option<Reservation>, Outage> {
        Ok(self.kept().reservations.get(id).cloned())
    }

    async fn owner(&self, account: &Account, reference: &str) -> Result<Option<ReservationId>, Outage> {
        Ok(self.kept().claims.get(&(account.clone(), reference.to_owned())).cloned())
    }

    async fn commit(&self, change: &Change, _: Option<&RawDocument>) -> Result<Committed, Outage> {
        let mut kept = self.kept();
        if kept.entries.len() >= self.writes_left {
            return Err(Outage { operation: "commit", source: "no storage".into() });
        }
        let (after, id) = (&change.after, change.after.id().clone());
        let current = &kept.reservations[&id];
        if current.seq + 1 != after.seq {
            return Ok(Committed::Conflict(Box::new(current.clone())));
        }
        let claims: Vec<_> =
            change.claims().map(|claim| (after.order.account.clone(), claim.test().to_owned())).collect();
        if claims.iter().any(|claim| kept.claims.get(claim).is_some_and(|owner| *owner != id)) {
            return Ok(Committed::ReferenceTaken);
        }
        kept.claims.extend(claims.into_iter().map(|claim| (claim, id.clone())));
        for released in change.releases() {
            kept.claims.remove(&(after.order.account.clone(), released.test().to_owned()));
        }
        kept.reservations.insert(id, after.clone());
        kept.entries.push(change.entry.clone());
        Ok(Committed::Done)
    }

    async fn reserve(&self, _: &Reservation) -> Result<Reserved, Outage> {
        panic!("an import reserves nothing")
    }

    async fn reservations(&self, ids: &[ReservationId]) -> Result<Vec<Reservation>, Outage> {
        Ok(ids.iter().filter_map(|id| self.kept().reservations.get(id).cloned()).collect())
    }

    async fn postpone(&self, _: &Reservation, _: Timestamp) -> Result<(), Outage> {
        panic!("an import postpones nothing")
    }

    async fn due(&self, _: Timestamp, _: usize) -> Result<Vec<ReservationId>, Outage> {
        panic!("an import attends to nothing else")
    }

    async fn history(&self, _: &ReservationId, _: u64, _: usize) -> Result<(Vec<HistoryEntry>, bool), Outage> {
        panic!("an import reads no history")
    }

    async fn list(&self, _: &ListQuery) -> Result<Page<ReservationId>, Outage> {
        panic!("an import lists nothing")
    }

    /// One reservation a page: the last one of a page is where the next begins.
    async fn worklist(&self, list: &Worklist, cursor: Option<&str>, _: usize) -> Result<Page<ReservationId>, Outage> {
        let kept = self.kept();
        let is_listed = |r: &&Reservation| {
            let Worklist::Unused(account) = list else { panic!("an import lists what was not used") };
            r.has_unused_test() && r.vendor() == Vendor::Itep && r.order.account.name == *account
        };
        let mut ids: Vec<_> = kept.reservations.values().filter(is_listed).map(|r| r.id().clone()).collect();
        ids.sort();
        ids.retain(|id| cursor.is_none_or(|cursor| id.as_str() > cursor));
        let next = (ids.len() > 1).then(|| ids[0].to_string());
        ids.truncate(1);
        Ok(Page { items: ids, next })
    }
}
