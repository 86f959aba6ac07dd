//! All that the hub keeps, with the conditions that the real table puts on its writes.
//! A write that is carried out twice knows itself again.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use shared_core::domain::breaker::Breaker;
use shared_core::domain::ids::{Account, AccountName, Digest, Mode, ReservationId, Vendor, VendorReference};
use shared_core::domain::launch::{LINK_WINDOW, LINKS};
use shared_core::domain::reservation::{Alert, Change, HistoryEntry, Reservation, State};
use shared_core::ports::{
    ClaimOutcome, InboundWebhook, InsertOutcome, LinkCountOutcome, ListQuery, Page, PollMark, Quarantined,
    ReplaceOutcome, ResultMessage, ScoreCheck, Worklist, WriteOutcome,
};

/// A condition of the table's, which a seeded bug leaves out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    IsNew,
    SeqIsNext,
    ClaimIsFree,
}

#[derive(Default)]
pub struct Memory {
    pub reservations: BTreeMap<ReservationId, Reservation>,
    /// Which write made a reservation.
    made_by: BTreeMap<ReservationId, u64>,
    /// Every change that was written, the oldest first.
    pub changes: Vec<Change>,
    pub claims: BTreeMap<(Account, String), ReservationId>,
    /// The history entries that reservations no longer hold themselves.
    pub filed: BTreeMap<(ReservationId, u64), HistoryEntry>,
    pub documents: BTreeSet<(ReservationId, Digest)>,
    /// Where a reservation's `due_at` was moved to.
    pub postponed: Vec<(ReservationId, Timestamp)>,
    /// How many each page of a client's list was asked to have.
    pub listed: Vec<usize>,
    pub fulfilments: Vec<ReservationId>,
    pub results: Vec<(ResultMessage, Duration)>,
    pub checks: Vec<(ScoreCheck, Duration)>,
    pub quarantined: Vec<Quarantined>,
    pub breakers: BTreeMap<Account, Breaker>,
    earlier_breakers: BTreeMap<Account, Breaker>,
    pub polls: BTreeMap<AccountName, AccountPoll>,
    look_ups: BTreeMap<ReservationId, (Timestamp, u64)>,
    links: BTreeMap<ReservationId, Vec<Timestamp>>,
    pub alerts: Vec<(Alert, String)>,
    /// What failures that need nobody were about.
    pub recoverable_errors: Vec<String>,
    /// The condition that a bug leaves out.
    pub unchecked: Option<Condition>,
    /// What the indexes do not show yet.
    pub hidden: BTreeSet<ReservationId>,
    /// Whether the breakers' cache shows each as it was one write ago.
    pub has_stale_breakers: bool,
    /// How many a page of a worklist has, if not as many as are asked for.
    pub page: Option<usize>,
}

/// Where the polls of an account stand.
#[derive(Default)]
pub struct AccountPoll {
    pub mark: PollMark,
    /// Until when a poll has the lease, and which.
    pub lease: Option<(Timestamp, u64)>,
}

impl Memory {
    /// A table with these reservations, and the claims to their tests.
    pub fn with(reservations: impl IntoIterator<Item = Reservation>) -> Self {
        let mut memory = Self::default();
        for reservation in reservations {
            let surplus = reservation.surplus.iter().map(|surplus| &surplus.reference);
            for reference in reservation.reference.iter().chain(surplus) {
                memory.claims.insert(claim(&reservation, reference), reservation.id().clone());
            }
            memory.reservations.insert(reservation.id().clone(), reservation);
        }
        memory
    }

    /// The histories' entries, the oldest first.
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = &HistoryEntry> {
        self.changes.iter().map(|change| &change.entry)
    }

    pub(crate) fn insert(&mut self, reservation: &Reservation, write: u64) -> InsertOutcome {
        let id = reservation.id();
        if let Some(found) = self.reservations.get(id).filter(|_| self.checks(Condition::IsNew)) {
            let is_held = matches!(&found.state, State::Calling { lease, .. } if reservation.is_held_by(&lease.holder));
            let is_repeated = self.made_by.get(id) == Some(&write) && found.seq == reservation.seq;
            return if is_held || is_repeated {
                InsertOutcome::New
            } else {
                InsertOutcome::Existing(found.clone().into())
            };
        }
        self.made_by.insert(id.clone(), write);
        self.reservations.insert(id.clone(), reservation.clone());
        InsertOutcome::New
    }

    pub(crate) fn keep_document(&mut self, id: &ReservationId, digest: &Digest) {
        self.documents.insert((id.clone(), digest.clone()));
    }

    pub(crate) fn file(&mut self, id: &ReservationId, entries: &[HistoryEntry]) {
        for entry in entries {
            self.filed.entry((id.clone(), entry.seq)).or_insert_with(|| entry.clone());
        }
    }

    pub(crate) fn claim(
        &mut self,
        account: &Account,
        reference: &VendorReference,
        owner: &ReservationId,
    ) -> ClaimOutcome {
        let claim = (account.clone(), reference.test().to_owned());
        if self.claims.get(&claim).is_some_and(|other| other != owner) && self.checks(Condition::ClaimIsFree) {
            return ClaimOutcome::Taken;
        }
        self.claims.insert(claim, owner.clone());
        ClaimOutcome::Done
    }

    pub(crate) fn write(&mut self, change: &Change) -> WriteOutcome {
        let (after, id) = (&change.after, change.after.id());
        let current = self.reservations.get(id).expect("a change of what is there");
        if current.seq + 1 != after.seq && self.checks(Condition::SeqIsNext) {
            let is_repeated = self.changes.iter().rfind(|written| written.after.id() == id) == Some(change);
            return if is_repeated { WriteOutcome::Done } else { WriteOutcome::Conflict(current.clone().into()) };
        }
        self.reservations.insert(id.clone(), after.clone());
        self.changes.push(change.clone());
        WriteOutcome::Done
    }

    pub(crate) fn write_with_claims(&mut self, change: &Change) -> WriteOutcome {
        let (after, id) = (&change.after, change.after.id());
        let account = &after.order.account;
        let is_taken = |reference| self.claims.get(&claim(after, reference)).is_some_and(|owner| owner != id);
        let is_next = self.reservations.get(id).is_some_and(|current| current.seq + 1 == after.seq);
        if is_next && change.claims().any(is_taken) && self.checks(Condition::ClaimIsFree) {
            return WriteOutcome::ReferenceTaken;
        }
        let outcome = self.write(change);
        if is_next {
            for reference in change.claims() {
                self.claim(account, reference, id);
            }
            self.release(change);
        }
        outcome
    }

    pub(crate) fn release(&mut self, change: &Change) {
        for reference in change.releases() {
            self.claims.remove(&claim(&change.after, reference));
        }
    }

    fn checks(&self, condition: Condition) -> bool {
        self.unchecked != Some(condition)
    }

    pub(crate) fn postpone(&mut self, id: &ReservationId, seq: u64, due_at: Timestamp) {
        if let Some(found) = self.reservations.get_mut(id).filter(|found| found.seq == seq) {
            found.due_at = Some(due_at);
            self.postponed.push((id.clone(), due_at));
        }
    }

    pub(crate) fn due(&self, now: Timestamp, limit: usize) -> Vec<ReservationId> {
        let mut due: Vec<_> = self.indexed(|found| found.due_at.filter(|due| *due <= now)).collect();
        due.sort();
        due.into_iter().map(|(_, id)| id.clone()).take(limit).collect()
    }

    pub(crate) fn filed_entries(&self, id: &ReservationId, after: u64, limit: usize) -> (Vec<HistoryEntry>, bool) {
        let later = self.filed.range((id.clone(), after + 1)..=(id.clone(), u64::MAX));
        let mut later: Vec<_> = later.map(|(_, entry)| entry.clone()).collect();
        let has_more = later.len() > limit;
        later.truncate(limit);
        (later, has_more)
    }

    pub(crate) fn list(&mut self, query: &ListQuery) -> Page<ReservationId> {
        self.listed.push(query.limit);
        let candidate = query.external_id.as_ref();
        let theirs = self.indexed(|found| {
            let order = &found.order;
            let is_asked =
                candidate.is_none_or(|id| order.candidate.as_ref().is_some_and(|it| it.external_id.expose() == id));
            (order.client == query.client && is_asked).then_some(found.created_at)
        });
        let newest_first = theirs.map(|(at, id)| (format!("{:019} {id}", i64::MAX - at.as_millisecond()), id.clone()));
        page(newest_first, query.cursor.as_deref(), query.limit)
    }

    pub(crate) fn worklist(&self, list: &Worklist, cursor: Option<&str>, limit: usize) -> Page<ReservationId> {
        let is_of = |found: &Reservation, vendor, name: &AccountName| {
            found.vendor() == vendor && found.order.account.name == *name
        };
        let listed = self.indexed(|found| match (list, &found.state) {
            (Worklist::InDoubt(mode), State::InDoubt { since }) if found.id().mode() == *mode => Some(*since),
            (Worklist::Open(name), _) if found.is_open() && is_of(found, Vendor::Truenorth, name) => {
                Some(found.created_at)
            }
            (Worklist::Unused(name), _) if found.has_unused_test() && is_of(found, Vendor::Itep, name) => {
                Some(found.order.expires_at)
            }
            _ => None,
        });
        let oldest_first = listed.map(|(at, id)| (format!("{:015} {id}", at.as_millisecond()), id.clone()));
        page(oldest_first, cursor, self.page.unwrap_or(limit))
    }

    /// What an index shows: the reservations for which `key` has a time.
    fn indexed(
        &self,
        key: impl Fn(&Reservation) -> Option<Timestamp>,
    ) -> impl Iterator<Item = (Timestamp, &ReservationId)> {
        let shown = self.reservations.iter().filter(|(id, _)| !self.hidden.contains(*id));
        shown.filter_map(move |(id, found)| Some((key(found)?, id)))
    }

    /// The same report is kept once, as it was kept first or since it was replayed.
    pub(crate) fn keep(&mut self, item: &Quarantined) {
        match self.quarantined.iter_mut().find(|kept| kept.receipt.id == item.receipt.id) {
            None => self.quarantined.push(item.clone()),
            Some(kept) if kept.replayed_at.is_some() => *kept = item.clone(),
            Some(_) => {}
        }
    }

    pub(crate) fn quarantined(&self, mode: Mode, cursor: Option<&str>, limit: usize) -> Page<Quarantined> {
        let key = |receipt: &InboundWebhook| format!("{:015} {}", receipt.received_at.as_millisecond(), receipt.id);
        let kept = self.quarantined.iter().filter(|kept| kept.receipt.account.mode() == mode);
        page(kept.map(|kept| (key(&kept.receipt), kept.clone())), cursor, limit)
    }

    pub(crate) fn breaker(&self, account: &Account) -> Breaker {
        let breakers = if self.has_stale_breakers { &self.earlier_breakers } else { &self.breakers };
        breakers.get(account).cloned().unwrap_or_default()
    }

    pub(crate) fn replace(&mut self, account: &Account, breaker: &Breaker) -> ReplaceOutcome {
        let current = self.breakers.entry(account.clone()).or_default();
        if current.seq + 1 == breaker.seq {
            self.earlier_breakers.insert(account.clone(), std::mem::replace(current, breaker.clone()));
        } else if current != breaker {
            return ReplaceOutcome::Overtaken(current.clone());
        }
        ReplaceOutcome::Done
    }

    pub(crate) fn begin_poll(
        &mut self,
        account: &AccountName,
        poll: u64,
        now: Timestamp,
        until: Timestamp,
    ) -> Option<PollMark> {
        let found = self.polls.entry(account.clone()).or_default();
        let is_free = found.lease.is_none_or(|(until, holder)| until <= now || holder == poll);
        is_free.then(|| {
            found.lease = Some((until, poll));
            found.mark.clone()
        })
    }

    pub(crate) fn end_poll(&mut self, account: &AccountName, poll: u64, mark: &PollMark) {
        let found = self.polls.entry(account.clone()).or_default();
        if found.lease.is_some_and(|(_, holder)| holder == poll) {
            *found = AccountPoll { mark: mark.clone(), lease: None };
        }
    }

    pub(crate) fn may_look_up(&mut self, id: &ReservationId, look_up: u64, now: Timestamp, interval: Duration) -> bool {
        let is_over = |last: Timestamp| now.duration_since(last).unsigned_abs() >= interval;
        let may = self.look_ups.get(id).is_none_or(|(last, by)| *by == look_up || is_over(*last));
        if may {
            self.look_ups.insert(id.clone(), (now, look_up));
        }
        may
    }

    pub(crate) fn count_link(&mut self, id: &ReservationId, now: Timestamp) -> LinkCountOutcome {
        let minted = self.links.entry(id.clone()).or_default();
        minted.retain(|at| *at + LINK_WINDOW > now);
        if minted.len() >= LINKS {
            return LinkCountOutcome::TooMany {
                retry_after: now.duration_until(minted[0] + LINK_WINDOW).unsigned_abs(),
            };
        }
        minted.push(now);
        LinkCountOutcome::Done
    }
}

/// The key of a claim to a test.
fn claim(reservation: &Reservation, reference: &VendorReference) -> (Account, String) {
    (reservation.order.account.clone(), reference.test().to_owned())
}

/// The first of what comes after a cursor, in the order of the keys; a key is the cursor of what follows it.
fn page<T>(keyed: impl Iterator<Item = (String, T)>, cursor: Option<&str>, limit: usize) -> Page<T> {
    let mut rest: Vec<_> = keyed.filter(|(key, _)| cursor.is_none_or(|cursor| key.as_str() > cursor)).collect();
    rest.sort_by(|(key, _), (other, _)| key.cmp(other));
    let next = (rest.len() > limit).then(|| rest[limit - 1].0.clone());
    Page { items: rest.into_iter().map(|(_, item)| item).take(limit).collect(), next }
}
