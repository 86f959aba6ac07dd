//! A world whose vendor hangs for a while, in virtual time.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use jiff::Timestamp;
use shared_core::domain::deadline::Deadline;
use shared_core::domain::ids::{Account, ClientId, ReservationId, VendorReference};
use shared_core::domain::launch::Launch;
use shared_core::domain::order::Order;
use shared_core::domain::reservation::{
    Alert, CallOutcome, Event, Evidence, Report, ReportedStatus, Reservation, Source, Status, Unknown,
};
use shared_core::domain::timeouts::Timeouts;
use shared_core::ports::*;
use shared_core::usecases::commit::apply_and_commit;
use test_support::fixtures::{TIMEOUTS, confirmed, report, reported, truenorth};
use test_support::{Hooks, Memory, World};

use crate::clock::Virtual;
use crate::seeded::Bug;

pub(crate) struct Hour {
    pub(crate) clock: Virtual,
    pub(crate) timeouts: Timeouts,
    pub(crate) hangs_for: Duration,
    /// How long the vendor takes to answer a purchase, while it answers.
    pub(crate) takes: Duration,
    pub(crate) bug: Option<Bug>,
    /// Whether it gives no sign of life but by selling.
    pub(crate) is_mute: bool,
    pub(crate) breakers_fail: bool,
    pub(crate) kept: Mutex<Kept>,
}

#[derive(Default)]
pub(crate) struct Kept {
    pub(crate) memory: Memory,
    pub(crate) sales: BTreeMap<ReservationId, Vec<VendorReference>>,
    pub(crate) unanswered: usize,
    probes: usize,
    /// How many times the vendor was asked for a sign of life at the same time.
    pub(crate) most_probes: usize,
}

impl Hour {
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

    pub(crate) fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap()
    }

    pub(crate) fn next_to_fulfil(&self) -> Option<ReservationId> {
        let queue = &mut self.kept().memory.fulfilments;
        (!queue.is_empty()).then(|| queue.remove(0))
    }

    pub(crate) fn count(&self, status: Status) -> usize {
        self.kept().memory.reservations.values().filter(|reservation| reservation.status() == status).count()
    }

    /// How often a reservation came to be in doubt.
    pub(crate) fn doubts(&self) -> usize {
        let came = |from: Option<Status>, to| to == Status::InDoubt && from != Some(to);
        self.kept().memory.entries().filter(|entry| came(entry.from, entry.to)).count()
    }

    pub(crate) fn breaker_writes(&self) -> u64 {
        self.kept().memory.breakers.values().map(|breaker| breaker.seq).sum()
    }

    pub(crate) fn count_raised(&self, alert: Alert) -> usize {
        self.kept().memory.alerts.iter().filter(|(raised, _)| *raised == alert).count()
    }
}

/// The vendor's own books: what it sold to a reservation, told once it answers.
pub(crate) async fn look_doubts_up(world: &World<Hour>) {
    loop {
        let next = {
            let queue = &mut world.kept().memory.checks;
            (!queue.is_empty()).then(|| queue.remove(0).0.reservation_id)
        };
        match next {
            Some(id) if !world.hangs() => look_up(world, id).await,
            _ => world.clock.sleep(Duration::from_secs(1)).await,
        }
    }
}

async fn look_up(world: &World<Hour>, id: ReservationId) {
    let (reservation, sold) = {
        let kept = world.kept();
        (kept.memory.reservations[&id].clone(), kept.sales.get(&id).and_then(|tests| tests.first()).cloned())
    };
    let event = match sold {
        None => Event::NothingSold,
        Some(reference) => reported(report(reference, ReportedStatus::Ready, world.now())),
    };
    apply_and_commit(world, reservation, &event, &Source::VendorLookup, None).await.unwrap();
}

impl Hooks for Hour {
    async fn call<T: Send + 'static>(
        &self,
        operation: &'static str,
        work: impl Fn(&mut Memory) -> T + Send + 'static,
    ) -> Result<T, BackendError> {
        if self.breakers_fail && operation == "breaker" {
            return Err(BackendError::unavailable(operation, "it cannot be reached"));
        }
        let memory = &mut self.kept().memory;
        let before = memory.breakers.clone();
        let done = work(memory);
        if let Some(bug) = self.bug {
            bug.spoil(&before, &mut memory.breakers);
        }
        Ok(done)
    }

    fn timeouts(&self) -> &Timeouts {
        &self.timeouts
    }

    fn vendor(&self, _: &Account) -> &dyn VendorApi {
        self
    }
}

impl Clock for Hour {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn sleep(&self, time: Duration) -> impl Future<Output = ()> + Send {
        self.clock.sleep(time)
    }
}

impl Alerts for Hour {
    fn raise(&self, alert: Alert, subject: AlertSubject<'_>) {
        self.kept().memory.alerts.push((alert, subject.to_string()));
    }

    fn log_recoverable(&self, error: &BackendError, subject: AlertSubject<'_>) {
        assert!(self.breakers_fail, "{subject}: {error}");
        self.kept().memory.recoverable_errors.push(subject.to_string());
    }
}

impl VendorApi for Hour {
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
            let reference = truenorth(&format!("{}-{call_no}", order.id));
            {
                let mut kept = self.kept();
                kept.unanswered += usize::from(hangs);
                if !hangs || !kept.unanswered.is_multiple_of(2) {
                    kept.sales.entry(order.id.clone()).or_default().push(reference.clone());
                }
            }
            if hangs {
                self.clock.sleep(deadline.remaining(self.clock.now())).await;
                return CallOutcome::Unknown(Evidence::without_answer(call_no, self.clock.now(), Unknown::TimedOut));
            }
            self.clock.sleep(self.takes).await;
            confirmed(reference)
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
            !hangs || self.bug == Some(Bug::ProbesBlindly)
        })
    }

    fn launch<'a>(&'a self, _: &'a Reservation, _: &'a VendorReference) -> LookupFuture<'a, Option<Launch>> {
        unreachable!("nobody launches")
    }

    fn parse_document(&self, _: &VendorReference, _: &RawDocument, _: Timestamp) -> Option<Report> {
        unreachable!("no document is kept")
    }
}
