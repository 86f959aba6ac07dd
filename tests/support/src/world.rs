//! The ports over the memory. Whatever happens between the hub and what it keeps is the [`Hooks`]'.

use std::ops::Deref;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use shared_core::domain::breaker::Breaker;
use shared_core::domain::ids::{Account, AccountName, Digest, Mode, ReservationId, VendorReference};
use shared_core::domain::reservation::{Change, DocumentOrigin, HistoryEntry, Reservation};
use shared_core::domain::timeouts::Timeouts;
use shared_core::ports::*;

use crate::memory::Memory;
use crate::script::Script;

/// What decides how the calls of the ports go, what time it is, and who the vendors are.
pub trait Hooks: Alerts + Clock {
    /// In which order a change's writes are made.
    fn order(&self) -> WriteOrder {
        WriteOrder::default()
    }

    /// Has `work` done, named by the method of its port: at once, late, twice, or not at
    /// all; and says that it failed or how it ended.
    fn call<T: Send + 'static>(
        &self,
        operation: &'static str,
        work: impl Fn(&mut Memory) -> T + Send + 'static,
    ) -> impl Future<Output = Result<T, BackendError>> + Send;

    fn timeouts(&self) -> &Timeouts;

    /// Who sells on an account.
    fn vendor(&self, account: &Account) -> &dyn VendorApi;
}

/// The order of a change's writes, as the hub has it or as a seeded bug does.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum WriteOrder {
    #[default]
    Right,
    ClaimsLate,
    DocumentsLate,
    FilesLate,
    /// The newest entry is filed before it is written.
    FilesEarly,
    /// Claims end apart from the write that ends them.
    ReleasesApart,
}

/// A write that comes too late.
enum LateWrite {
    Claim(Account, VendorReference, ReservationId),
    Document(ReservationId, Digest),
    File(ReservationId, Vec<HistoryEntry>),
}

/// The hub's world in memory, as one invocation or one test sees it.
pub struct World<H = Script> {
    hooks: H,
    /// The poll that was begun last.
    poll: AtomicU64,
    late: Mutex<Vec<LateWrite>>,
}

impl<H: Hooks> World<H> {
    pub fn new(hooks: H) -> Self {
        Self { hooks, poll: AtomicU64::default(), late: Mutex::default() }
    }
}

impl<H> Deref for World<H> {
    type Target = H;

    fn deref(&self) -> &H {
        &self.hooks
    }
}

impl<H: Hooks> World<H> {
    fn put_off(&self, write: LateWrite) -> Result<(), BackendError> {
        self.late.lock().expect("nobody panics").push(write);
        Ok(())
    }

    /// Makes the writes that were put off.
    async fn catch_up(&self) -> Result<(), BackendError> {
        let late = std::mem::take(&mut *self.late.lock().expect("nobody panics"));
        for write in late {
            self.call("late write", move |memory| match &write {
                LateWrite::Claim(account, reference, owner) => drop(memory.claim(account, reference, owner)),
                LateWrite::Document(id, digest) => memory.keep_document(id, digest),
                LateWrite::File(id, entries) => memory.file(id, entries),
            })
            .await?;
        }
        Ok(())
    }
}

/// A mark by which a write knows itself again.
fn fresh() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    LAST.fetch_add(1, Ordering::Relaxed)
}

impl<H: Hooks> Store for World<H> {
    async fn insert(&self, reservation: &Reservation) -> Result<InsertOutcome, BackendError> {
        let (reservation, write) = (reservation.clone(), fresh());
        self.call("insert", move |memory| memory.insert(&reservation, write)).await
    }

    async fn reservation(&self, id: &ReservationId) -> Result<Option<Reservation>, BackendError> {
        let id = id.clone();
        self.call("reservation", move |memory| memory.reservations.get(&id).cloned()).await
    }

    async fn reservations(&self, ids: &[ReservationId]) -> Result<Vec<Reservation>, BackendError> {
        let ids = ids.to_vec();
        self.call("reservations", move |memory| {
            ids.iter().filter_map(|id| memory.reservations.get(id).cloned()).collect()
        })
        .await
    }

    async fn keep_document(
        &self,
        id: &ReservationId,
        document: &RawDocument,
        _: Option<&DocumentOrigin>,
    ) -> Result<(), BackendError> {
        let (id, digest) = (id.clone(), document.digest.clone());
        match self.order() {
            WriteOrder::DocumentsLate => self.put_off(LateWrite::Document(id, digest)),
            _ => self.call("keep_document", move |memory| memory.keep_document(&id, &digest)).await,
        }
    }

    async fn file(&self, id: &ReservationId, entries: &[HistoryEntry]) -> Result<(), BackendError> {
        let (id, entries) = (id.clone(), entries.to_vec());
        match self.order() {
            WriteOrder::FilesLate => self.put_off(LateWrite::File(id, entries)),
            _ => self.call("file", move |memory| memory.file(&id, &entries)).await,
        }
    }

    async fn claim(
        &self,
        account: &Account,
        reference: &VendorReference,
        owner: &ReservationId,
    ) -> Result<ClaimOutcome, BackendError> {
        let (account, reference, owner) = (account.clone(), reference.clone(), owner.clone());
        if self.order() == WriteOrder::ClaimsLate {
            return self.put_off(LateWrite::Claim(account, reference, owner)).map(|()| ClaimOutcome::Done);
        }
        self.call("claim", move |memory| memory.claim(&account, &reference, &owner)).await
    }

    async fn write(&self, change: &Change) -> Result<WriteOutcome, BackendError> {
        if self.order() == WriteOrder::FilesEarly {
            let (id, entry) = (change.after.id().clone(), change.entry.clone());
            self.call("file", move |memory| memory.file(&id, std::slice::from_ref(&entry))).await?;
        }
        let change = change.clone();
        let outcome = self.call("write", move |memory| memory.write(&change)).await?;
        self.catch_up().await?;
        Ok(outcome)
    }

    async fn write_with_claims(&self, change: &Change) -> Result<WriteOutcome, BackendError> {
        let change = change.clone();
        if self.order() == WriteOrder::ReleasesApart {
            let release = change.clone();
            self.call("release", move |memory| memory.release(&release)).await?;
        }
        self.call("write", move |memory| memory.write_with_claims(&change)).await
    }

    async fn owner(&self, account: &Account, reference: &str) -> Result<Option<ReservationId>, BackendError> {
        let claim = (account.clone(), reference.to_owned());
        self.call("owner", move |memory| memory.claims.get(&claim).cloned()).await
    }

    async fn postpone(&self, reservation: &Reservation, due_at: Timestamp) -> Result<(), BackendError> {
        let (id, seq) = (reservation.id().clone(), reservation.seq);
        self.call("postpone", move |memory| memory.postpone(&id, seq, due_at)).await
    }

    async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<ReservationId>, BackendError> {
        self.call("due", move |memory| memory.due(now, limit)).await
    }

    async fn filed_entries(
        &self,
        id: &ReservationId,
        after: u64,
        limit: usize,
    ) -> Result<(Vec<HistoryEntry>, bool), BackendError> {
        let id = id.clone();
        self.call("filed_entries", move |memory| memory.filed_entries(&id, after, limit)).await
    }

    async fn list(&self, query: &ListQuery) -> Result<Page<ReservationId>, BackendError> {
        let query = query.clone();
        self.call("list", move |memory| memory.list(&query)).await
    }

    async fn worklist(
        &self,
        list: &Worklist,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page<ReservationId>, BackendError> {
        let (list, cursor) = (list.clone(), cursor.map(str::to_owned));
        self.call("worklist", move |memory| memory.worklist(&list, cursor.as_deref(), limit)).await
    }
}

impl<H: Hooks> Queue for World<H> {
    async fn fulfil(&self, id: &ReservationId) -> Result<(), BackendError> {
        let id = id.clone();
        self.call("fulfil", move |memory| memory.fulfilments.push(id.clone())).await
    }

    async fn record(&self, message: &ResultMessage, delay: Duration) -> Result<(), BackendError> {
        let message = message.clone();
        self.call("record", move |memory| memory.results.push((message.clone(), delay))).await
    }

    async fn check_score(&self, check: &ScoreCheck, delay: Duration) -> Result<(), BackendError> {
        let check = check.clone();
        self.call("check_score", move |memory| memory.checks.push((check.clone(), delay))).await
    }
}

impl<H: Hooks> Quarantine for World<H> {
    async fn keep(&self, item: &Quarantined) -> Result<(), BackendError> {
        let item = item.clone();
        self.call("keep", move |memory| memory.keep(&item)).await
    }

    async fn quarantined(
        &self,
        mode: Mode,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page<Quarantined>, BackendError> {
        let cursor = cursor.map(str::to_owned);
        self.call("quarantined", move |memory| memory.quarantined(mode, cursor.as_deref(), limit)).await
    }
}

impl<H: Hooks> Breakers for World<H> {
    async fn breaker(&self, account: &Account) -> Result<Breaker, BackendError> {
        let account = account.clone();
        self.call("breaker", move |memory| memory.breaker(&account)).await
    }

    async fn replace(&self, account: &Account, breaker: &Breaker) -> Result<ReplaceOutcome, BackendError> {
        let (account, breaker) = (account.clone(), breaker.clone());
        self.call("replace", move |memory| memory.replace(&account, &breaker)).await
    }
}

impl<H: Hooks> Polls for World<H> {
    async fn accounts(&self) -> Result<Vec<AccountName>, BackendError> {
        self.call("accounts", |memory| memory.polls.keys().cloned().collect()).await
    }

    async fn begin(
        &self,
        account: &AccountName,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<PollMark>, BackendError> {
        let (account, poll) = (account.clone(), fresh());
        self.poll.store(poll, Ordering::Relaxed);
        self.call("begin", move |memory| memory.begin_poll(&account, poll, now, until)).await
    }

    async fn end(&self, account: &AccountName, mark: &PollMark) -> Result<(), BackendError> {
        let (account, poll, mark) = (account.clone(), self.poll.load(Ordering::Relaxed), mark.clone());
        self.call("end", move |memory| memory.end_poll(&account, poll, &mark)).await
    }

    async fn may_look_up(&self, id: &ReservationId, now: Timestamp, interval: Duration) -> Result<bool, BackendError> {
        let (id, look_up) = (id.clone(), fresh());
        self.call("may_look_up", move |memory| memory.may_look_up(&id, look_up, now, interval)).await
    }
}

impl<H: Hooks> LinkCounts for World<H> {
    async fn count_link(&self, id: &ReservationId, now: Timestamp) -> Result<LinkCountOutcome, BackendError> {
        let id = id.clone();
        self.call("count_link", move |memory| memory.count_link(&id, now)).await
    }
}

impl<H: Hooks> Env for World<H> {
    type Store = Self;
    type Queue = Self;
    type Alerts = H;
    type Clock = H;

    fn store(&self) -> &Self {
        self
    }

    fn queue(&self) -> &Self {
        self
    }

    fn alerts(&self) -> &H {
        self
    }

    fn clock(&self) -> &H {
        self
    }

    fn timeouts(&self) -> &Timeouts {
        self.hooks.timeouts()
    }
}

impl<H: Hooks> VendorEnv for World<H> {
    type Breakers = Self;

    fn breakers(&self) -> &Self {
        self
    }

    fn vendor(&self, account: &Account) -> &dyn VendorApi {
        self.hooks.vendor(account)
    }
}
