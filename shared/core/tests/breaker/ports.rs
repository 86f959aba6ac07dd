//! The world around the use cases, in memory: storage that does what the contract
//! says, and a vendor that hangs for a while.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;
use std::time::Duration;

use jiff::Timestamp;
use shared_core::domain::backoff::Backoff;
use shared_core::domain::breaker::{Breaker, ProbeBackoff};
use shared_core::domain::candidate::Candidate;
use shared_core::domain::deadline::Deadline;
use shared_core::domain::ids::{Account, ClientId, Digest, Fingerprint, ReservationId, Vendor, VendorReference};
use shared_core::domain::launch::Launch;
use shared_core::domain::order::Order;
use shared_core::domain::reservation::{
    Alert, CallOutcome, Change, Event, Evidence, HistoryEntry, Policy, Report, ReportedStatus, Reservation, Source,
    State, Status, Unknown,
};
use shared_core::domain::timeouts::Timeouts;
use shared_core::ports::*;
use shared_core::usecases::commit::apply_and_commit;

use crate::clock::Virtual;
use crate::seeded::Bug;

/// The template's times.
pub(crate) const TIMEOUTS: Timeouts = Timeouts {
    policy: Policy {
        backoff: Backoff { base: Duration::from_secs(5), cap: Duration::from_secs(900) },
        result_overdue: Duration::from_secs(604_800),
        doubt_quiet: Duration::from_secs(900),
    },
    probes: ProbeBackoff { first: Duration::from_secs(30), cap: Duration::from_secs(300) },
    lease: Duration::from_secs(120),
    call: Duration::from_secs(20),
    write_margin: Duration::from_secs(5),
    handoff_margin: Duration::from_millis(2500),
    match_timeout: Duration::from_secs(900),
    match_retry: Duration::from_secs(60),
    lookup_interval: Duration::from_secs(30),
    poll_overlap: Duration::from_secs(86_400),
    poll_lease: Duration::from_secs(120),
    requeue_after: Duration::from_secs(120),
};

/// The n-th order.
pub(crate) fn order(n: usize) -> Order {
    let client = "acme".parse().unwrap();
    Order {
        id: ReservationId::derive(&client, &n.to_string()),
        client,
        fingerprint: Fingerprint::new("order-42", "{}"),
        account: Account { vendor: Vendor::Truenorth, name: "default".parse().unwrap() },
        product: "English Speaking".to_owned(),
        candidate: Candidate {
            external_id: "c-1001".into(),
            given_name: "Mary".into(),
            family_name: "Poppins".into(),
            email: None,
            birth_date: None,
        },
        registration: BTreeMap::new(),
        groups: Vec::new(),
        return_url: None,
        expires_at: "2026-06-01T09:00:00Z".parse().unwrap(),
        metadata: BTreeMap::new(),
    }
}

pub(crate) struct World {
    pub(crate) clock: Virtual,
    pub(crate) timeouts: Timeouts,
    hangs_for: Duration,
    /// How long the vendor takes to answer a purchase, while it answers.
    pub(crate) takes: Duration,
    /// The bug that is put in.
    pub(crate) bug: Option<Bug>,
    /// Whether it gives no sign of life but by selling.
    pub(crate) is_mute: bool,
    /// Whether the breakers' storage fails.
    pub(crate) breakers_fail: bool,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    reservations: BTreeMap<ReservationId, Reservation>,
    breakers: BTreeMap<Account, Breaker>,
    to_fulfil: VecDeque<ReservationId>,
    to_look_up: VecDeque<ReservationId>,
    sales: BTreeMap<ReservationId, Vec<VendorReference>>,
    alerts: Vec<Alert>,
    doubts: usize,
    unanswered: usize,
    recoverable_errors: usize,
    probes: usize,
    most_probes: usize,
}

impl World {
    /// A vendor that answers nothing at first.
    pub(crate) fn hanging_for(hangs_for: Duration) -> Self {
        Self {
            clock: Virtual::new(),
            timeouts: TIMEOUTS,
            hangs_for,
            takes: Duration::from_secs(1),
            bug: None,
            is_mute: false,
            breakers_fail: false,
            kept: Mutex::default(),
        }
    }

    fn hangs(&self) -> bool {
        self.clock.passed() < self.hangs_for
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap()
    }

    pub(crate) fn next_to_fulfil(&self) -> Option<ReservationId> {
        self.kept().to_fulfil.pop_front()
    }

    pub(crate) fn count(&self, status: Status) -> usize {
        self.kept().reservations.values().filter(|reservation| reservation.status() == status).count()
    }

    pub(crate) fn sales(&self) -> BTreeMap<ReservationId, Vec<VendorReference>> {
        self.kept().sales.clone()
    }

    /// How often a reservation came to be in doubt.
    pub(crate) fn doubts(&self) -> usize {
        self.kept().doubts
    }

    pub(crate) fn calls_unanswered(&self) -> usize {
        self.kept().unanswered
    }

    pub(crate) fn breaker_writes(&self) -> u64 {
        self.kept().breakers.values().map(|breaker| breaker.seq).sum()
    }

    pub(crate) fn alerts(&self, alert: Alert) -> usize {
        self.kept().alerts.iter().filter(|raised| **raised == alert).count()
    }

    /// How many times the vendor was asked for a sign of life at the same time.
    pub(crate) fn most_probes(&self) -> usize {
        self.kept().most_probes
    }

    fn has(&self, bug: Bug) -> bool {
        self.bug == Some(bug)
    }

    fn misread(&self, breaker: Breaker) -> Breaker {
        match self.bug {
            Some(bug) => bug.misread(breaker),
            None => breaker,
        }
    }

    pub(crate) fn recoverable_errors(&self) -> usize {
        self.kept().recoverable_errors
    }

    /// The vendor's own books: what it sold to a reservation, told once it answers.
    pub(crate) async fn looks_doubts_up(&self) {
        loop {
            let next = self.kept().to_look_up.pop_front();
            match next {
                Some(id) if !self.hangs() => self.look_up(id).await,
                _ => self.clock.sleep(Duration::from_secs(1)).await,
            }
        }
    }

    async fn look_up(&self, id: ReservationId) {
        let (reservation, sold) = {
            let kept = self.kept();
            (kept.reservations[&id].clone(), kept.sales.get(&id).and_then(|tests| tests.first()).cloned())
        };
        let event = match sold {
            None => Event::NothingSold,
            Some(reference) => Event::Reported(Box::new(Report {
                receipt: None,
                digest: Digest::sha256(id.as_str().as_bytes()),
                reference,
                observed_at: self.clock.now(),
                status: ReportedStatus::Ready,
                unreadable: Vec::new(),
            })),
        };
        let source = Source::VendorLookup;
        apply_and_commit(self, reservation, &event, &source, None).await.unwrap();
    }
}

impl Env for World {
    type Store = Self;
    type Queue = Self;
    type Alerts = Self;
    type Clock = Virtual;

    fn store(&self) -> &Self {
        self
    }

    fn queue(&self) -> &Self {
        self
    }

    fn alerts(&self) -> &Self {
        self
    }

    fn clock(&self) -> &Virtual {
        &self.clock
    }

    fn timeouts(&self) -> &Timeouts {
        &self.timeouts
    }
}

impl VendorEnv for World {
    type Breakers = Self;

    fn breakers(&self) -> &Self {
        self
    }

    fn vendor(&self, _: Vendor) -> &dyn VendorApi {
        self
    }
}

impl VendorApi for World {
    fn terms<'a>(&'a self, _: &'a Account) -> OrderFuture<'a, AccountTerms> {
        unreachable!("nobody asks for terms")
    }

    fn products<'a>(&'a self, _: &'a Account, _: &'a ClientId) -> LookupFuture<'a, Vec<ProductOffer>> {
        unreachable!("nobody lists products")
    }

    fn validate<'a>(&'a self, _: &'a Order) -> OrderFuture<'a, ()> {
        Box::pin(async { Ok(()) })
    }

    /// While it hangs, the vendor sells on every other call and says nothing.
    fn purchase<'a>(&'a self, order: &'a Order, call_no: u32, deadline: Deadline) -> BoxFuture<'a, CallOutcome> {
        Box::pin(async move {
            let hangs = self.hangs();
            let reference = {
                let mut kept = self.kept();
                kept.unanswered += usize::from(hangs);
                if hangs && kept.unanswered.is_multiple_of(2) {
                    None
                } else {
                    let reference = VendorReference::truenorth(&format!("{}-{call_no}", order.id), "user");
                    kept.sales.entry(order.id.clone()).or_default().push(reference.clone());
                    Some(reference)
                }
            };
            match reference {
                Some(reference) if !hangs => {
                    self.clock.sleep(self.takes).await;
                    CallOutcome::Confirmed { reference, launch: None }
                }
                _ => {
                    self.clock.sleep(deadline.remaining(self.clock.now())).await;
                    CallOutcome::Unknown(Evidence::without_answer(call_no, self.clock.now(), Unknown::TimedOut))
                }
            }
        })
    }

    fn probe_reachable<'a>(&'a self, _: &'a Account) -> BoxFuture<'a, bool> {
        Box::pin(async {
            let hangs = self.hangs() || self.is_mute;
            {
                let mut kept = self.kept();
                kept.probes += 1;
                kept.most_probes = kept.most_probes.max(kept.probes);
            }
            self.clock.sleep(if hangs { Duration::from_secs(5) } else { Duration::from_secs(1) }).await;
            self.kept().probes -= 1;
            !hangs || self.has(Bug::ProbesBlindly)
        })
    }

    fn launch<'a>(&'a self, _: &'a Reservation, _: &'a VendorReference) -> LookupFuture<'a, Option<Launch>> {
        unreachable!("nobody launches")
    }

    fn parse_document(&self, _: &VendorReference, _: &RawDocument, _: Timestamp) -> Option<Report> {
        unreachable!("no document is kept")
    }
}

impl Breakers for World {
    async fn breaker(&self, account: &Account) -> Result<Breaker, BackendError> {
        if self.breakers_fail {
            return Err(BackendError::unavailable("read a breaker", "it cannot be reached"));
        }
        let breaker = self.kept().breakers.get(account).cloned().unwrap_or_default();
        Ok(self.misread(breaker))
    }

    async fn replace(&self, account: &Account, breaker: &Breaker) -> Result<ReplaceOutcome, BackendError> {
        let mut kept = self.kept();
        let current = kept.breakers.entry(account.clone()).or_default();
        if current.seq + 1 != breaker.seq {
            return Ok(ReplaceOutcome::Overtaken(self.misread(current.clone())));
        }
        if !self.bug.is_some_and(|bug| bug.forgets(current, breaker)) {
            *current = breaker.clone();
        }
        Ok(ReplaceOutcome::Done)
    }
}

impl Alerts for World {
    fn raise(&self, alert: Alert, _: AlertSubject<'_>) {
        self.kept().alerts.push(alert);
    }

    fn log_recoverable(&self, error: &BackendError, subject: AlertSubject<'_>) {
        assert!(self.breakers_fail, "{subject}: {error}");
        self.kept().recoverable_errors += 1;
    }
}

impl Queue for World {
    async fn fulfil(&self, id: &ReservationId) -> Result<(), BackendError> {
        self.kept().to_fulfil.push_back(id.clone());
        Ok(())
    }

    async fn record(&self, _: &ResultMessage, _: Duration) -> Result<(), BackendError> {
        unreachable!("every outcome can be written")
    }

    async fn check_score(&self, check: &ScoreCheck, _: Duration) -> Result<(), BackendError> {
        self.kept().to_look_up.push_back(check.reservation_id.clone());
        Ok(())
    }
}

impl Store for World {
    async fn insert(&self, reservation: &Reservation) -> Result<InsertOutcome, BackendError> {
        let known = self.kept().reservations.insert(reservation.id().clone(), reservation.clone());
        assert_eq!(known, None, "no order comes twice here");
        Ok(InsertOutcome::New)
    }

    async fn reservation(&self, id: &ReservationId) -> Result<Option<Reservation>, BackendError> {
        Ok(self.kept().reservations.get(id).cloned())
    }

    async fn commit(&self, change: &Change, _: Option<&RawDocument>) -> Result<WriteOutcome, BackendError> {
        let mut kept = self.kept();
        let current = kept.reservations[change.after.id()].clone();
        if current.seq + 1 != change.after.seq {
            return Ok(WriteOutcome::Conflict(Box::new(current)));
        }
        let in_doubt = |reservation: &Reservation| matches!(reservation.state, State::InDoubt { .. });
        kept.doubts += usize::from(in_doubt(&change.after) && !in_doubt(&current));
        kept.reservations.insert(current.id().clone(), change.after.clone());
        Ok(WriteOutcome::Done)
    }

    async fn postpone(&self, reservation: &Reservation, due_at: Timestamp) -> Result<(), BackendError> {
        let mut kept = self.kept();
        let current = kept.reservations.get_mut(reservation.id()).unwrap();
        if current.seq == reservation.seq {
            current.due_at = Some(due_at);
        }
        Ok(())
    }

    async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<ReservationId>, BackendError> {
        let kept = self.kept();
        let mut due: Vec<_> = kept.reservations.values().filter(|r| r.due_at.is_some_and(|at| at <= now)).collect();
        due.sort_by_key(|reservation| reservation.due_at);
        Ok(due.into_iter().take(limit).map(|reservation| reservation.id().clone()).collect())
    }

    async fn worklist(&self, _: &Worklist, _: Option<&str>, _: usize) -> Result<Page<ReservationId>, BackendError> {
        Ok(Page { items: Vec::new(), next: None })
    }

    async fn reservations(&self, _: &[ReservationId]) -> Result<Vec<Reservation>, BackendError> {
        unreachable!("nobody lists here")
    }

    async fn owner(&self, _: &Account, _: &str) -> Result<Option<ReservationId>, BackendError> {
        unreachable!("every report names its reservation")
    }

    async fn history(&self, _: &ReservationId, _: u64, _: usize) -> Result<(Vec<HistoryEntry>, bool), BackendError> {
        unreachable!("nobody reads histories here")
    }

    async fn list(&self, _: &ListQuery) -> Result<Page<ReservationId>, BackendError> {
        unreachable!("nobody lists here")
    }
}
