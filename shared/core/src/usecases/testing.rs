//! A hub in memory for the use cases' tests: storage that keeps the contract's
//! promises, queues and alerts that remember, a vendor that says what it is told to.

mod ports;
mod store;

use std::collections::{HashMap, HashSet};
use std::future::Future;
use std::pin::pin;
use std::sync::{Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::Invocation;
use crate::domain::backoff::Backoff;
use crate::domain::breaker::{Breaker, CallSignal, OperatorAction, ProbeBackoff};
use crate::domain::deadline::Deadline;
use crate::domain::fixtures;
use crate::domain::ids::{Account, Digest, ReservationId, Vendor, VendorReference};
use crate::domain::order::Order;
use crate::domain::reservation::{
    Alert, CallOutcome, Decision, Event, Evidence, HistoryEntry, Lease, Policy, ReportedStatus, Reservation, Source,
    Status, Unknown,
};
use crate::domain::timeouts::Timeouts;
use crate::ports::{
    BackendError, Env, ObservedTest, PollMark, Quarantined, RawDocument, ResendOutcome, ResultMessage, ScoreCheck,
    TimeSpan,
};

const DAYS: u64 = 24 * 3600;
pub(crate) const DAY: i64 = 24 * 3600;

pub(crate) const TIMEOUTS: Timeouts = Timeouts {
    policy: Policy {
        backoff: Backoff { base: Duration::from_secs(5), cap: Duration::from_secs(900) },
        result_overdue: Duration::from_secs(7 * DAYS),
        doubt_quiet: Duration::from_secs(900),
    },
    probes: ProbeBackoff { first: Duration::from_secs(30), cap: Duration::from_secs(300) },
    lease: Duration::from_secs(90),
    call: Duration::from_secs(20),
    write_margin: Duration::from_secs(5),
    handoff_margin: Duration::from_secs(2),
    match_timeout: Duration::from_secs(900),
    match_retry: Duration::from_secs(60),
    lookup_interval: Duration::from_secs(30),
    poll_overlap: Duration::from_secs(DAYS),
    poll_lease: Duration::from_secs(120),
    requeue_after: Duration::from_secs(120),
};

/// Seconds after the reservations of these tests were made.
pub(crate) fn at(seconds: i64) -> Timestamp {
    let start: Timestamp = "2026-03-01T09:00:00Z".parse().unwrap();
    start + SignedDuration::from_secs(seconds)
}

/// An order at iTEP that expires after ninety days.
pub(crate) fn order(key: &str) -> Order {
    fixtures::order(Vendor::Itep, key, at(90 * DAY))
}

/// An order at TrueNorth that expires after ninety days.
pub(crate) fn order_at_truenorth(key: &str) -> Order {
    fixtures::order(Vendor::Truenorth, key, at(90 * DAY))
}

pub(crate) fn lease(holder: &str) -> Lease {
    Lease { holder: holder.to_owned(), until: at(90) }
}

/// A reservation whose first call was begun at second 0 by `worker`, and what events of a later moment made of it.
pub(crate) fn story(order: Order, now: Timestamp, events: &[Event]) -> Reservation {
    let reservation = Reservation::calling(order, lease("worker"), at(0));
    events.iter().fold(reservation, |reservation, event| after(reservation, event, now))
}

/// A reservation whose first call was sold this test.
pub(crate) fn ready(order: Order, test: &str) -> Reservation {
    let reference = match order.account.vendor {
        Vendor::Itep => VendorReference::itep(test),
        Vendor::Truenorth => truenorth(test),
    };
    story(order, at(1), &[sold(1, reference)])
}

/// A reservation whose first call was lost; its quiet time is over at second 990.
pub(crate) fn in_doubt(order: Order) -> Reservation {
    story(order, at(90), &[Event::LeaseLapsed { call_no: 1 }])
}

/// What an event makes of a reservation, if anything.
pub(crate) fn after(reservation: Reservation, event: &Event, now: Timestamp) -> Reservation {
    match reservation.apply(event, Source::Hub, now, &TIMEOUTS.policy) {
        Decision::Write(change) => change.after,
        Decision::Duplicate => reservation,
    }
}

/// The reference of a test at TrueNorth.
pub(crate) fn truenorth(test: &str) -> VendorReference {
    VendorReference::truenorth(test, "user-1")
}

pub(crate) fn sold(call_no: u32, reference: VendorReference) -> Event {
    Event::CallEnded { call_no, outcome: confirmed(reference) }
}

pub(crate) fn confirmed(reference: VendorReference) -> CallOutcome {
    CallOutcome::Confirmed { reference, launch: None }
}

/// What a look-up at a moment said of a test.
pub(crate) fn observed_test(test: &str, status: ReportedStatus, observed_at: Timestamp) -> ObservedTest {
    let bytes = format!("{test} {status:?}").into_bytes();
    ObservedTest {
        reference: truenorth(test),
        observed_at,
        status,
        unreadable: Vec::new(),
        raw: RawDocument { digest: Digest::sha256(&bytes), bytes },
    }
}

/// Runs what never waits.
pub(crate) fn wait<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("nothing in memory waits"),
    }
}

/// What the world keeps, for tests to arrange and to look at.
#[derive(Default)]
pub(crate) struct Kept {
    pub(crate) reservations: HashMap<ReservationId, Reservation>,
    claims: HashMap<(Account, String), ReservationId>,
    pub(crate) entries: Vec<HistoryEntry>,
    /// Where a reservation's `due_at` was moved to.
    pub(crate) postponed: Vec<(ReservationId, Timestamp)>,
    pub(crate) breakers: HashMap<Account, Breaker>,
    pub(crate) quarantined: Vec<Quarantined>,
    pub(crate) fulfilments: Vec<ReservationId>,
    pub(crate) results: Vec<(ResultMessage, Duration)>,
    pub(crate) checks: Vec<(ScoreCheck, Duration)>,
    pub(crate) alerts: Vec<(Alert, String)>,
    /// What failures that need nobody were about.
    pub(crate) recoverable_errors: Vec<String>,
    pub(crate) slept: Vec<Duration>,
    /// How often storage was asked for what is due.
    pub(crate) due_asked: usize,
    /// How many a page of a worklist has, if not as many as are asked for.
    pub(crate) page: Option<usize>,
    now: i64,
    /// The operations that fail.
    pub(crate) failing: HashSet<&'static str>,
    /// After how many changes no more can be written.
    pub(crate) writes_at_most: Option<usize>,
    /// How many writes somebody else is about to overtake.
    pub(crate) overtaken: usize,
    /// What somebody else makes of a reservation right before the next write.
    pub(crate) overtaken_by: Option<Reservation>,
    /// Whether writes never end.
    pub(crate) is_stuck: bool,
    /// What the vendor says to a purchase, and to one that is sent again.
    pub(crate) answer: Option<CallOutcome>,
    pub(crate) answer_again: Option<ResendOutcome>,
    /// How many seconds a purchase, or the check of an order, takes.
    pub(crate) purchase_takes: i64,
    pub(crate) validation_takes: i64,
    calls: Vec<u32>,
    pub(crate) is_silent: bool,
    pub(crate) asked_for_a_sign: usize,
    /// The digest of each purchase's request, at a vendor that refuses repetitions.
    pub(crate) request_digest: Option<Digest>,
    /// What TrueNorth knows.
    pub(crate) observed: Vec<(ReservationId, ObservedTest)>,
    pub(crate) looked_up: Vec<ReservationId>,
    pub(crate) swept: Vec<TimeSpan>,
    /// The poll that may begin, and the marks that were left.
    pub(crate) poll: Option<PollMark>,
    pub(crate) marks: Vec<PollMark>,
    pub(crate) leased_until: Option<Timestamp>,
    last_look_ups: HashMap<ReservationId, Timestamp>,
    /// Tests to which a link can be made.
    pub(crate) links: HashSet<String>,
    links_minted: HashMap<ReservationId, Vec<Timestamp>>,
}

pub(crate) struct World {
    kept: Mutex<Kept>,
}

impl World {
    /// Storage with these reservations, made at this second.
    pub(crate) fn with(reservations: impl IntoIterator<Item = Reservation>) -> Self {
        let mut kept = Kept::default();
        for reservation in reservations {
            let (account, id) = (reservation.order.account.clone(), reservation.id().clone());
            let surplus = reservation.surplus.iter().map(|surplus| &surplus.reference);
            for reference in reservation.reference.iter().chain(surplus) {
                kept.claims.insert((account.clone(), reference.test().to_owned()), id.clone());
            }
            kept.reservations.insert(id, reservation);
        }
        Self { kept: Mutex::new(kept) }
    }

    /// The same, at another second.
    pub(crate) fn at(self, seconds: i64) -> Self {
        self.kept().now = seconds;
        self
    }

    /// The same, with operations that fail.
    pub(crate) fn failing(self, operations: &[&'static str]) -> Self {
        self.kept().failing.extend(operations);
        self
    }

    /// What is kept, for one look at a time.
    pub(crate) fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.try_lock().expect("nobody else is looking")
    }

    /// The reservation of an order by its key.
    pub(crate) fn reservation_of(&self, key: &str) -> Reservation {
        self.kept().reservations[&order(key).id].clone()
    }

    pub(crate) fn status_of(&self, key: &str) -> Status {
        self.reservation_of(key).status()
    }

    pub(crate) fn last_entry(&self) -> HistoryEntry {
        self.kept().entries.last().cloned().unwrap()
    }

    /// The owner of an iTEP test.
    pub(crate) fn owner_of(&self, test_id: &str) -> Option<ReservationId> {
        self.kept().claims.get(&(order("").account, test_id.to_owned())).cloned()
    }

    pub(crate) fn alerts(&self) -> Vec<Alert> {
        self.kept().alerts.iter().map(|(alert, _)| *alert).collect()
    }

    /// The numbers of the purchase calls that were made.
    pub(crate) fn calls(&self) -> Vec<u32> {
        self.kept().calls.clone()
    }

    /// How many changes were written.
    pub(crate) fn writes(&self) -> usize {
        self.kept().entries.len()
    }

    fn works(&self, operation: &'static str) -> Result<MutexGuard<'_, Kept>, BackendError> {
        let kept = self.kept();
        if kept.failing.contains(operation) {
            return Err(BackendError::unavailable(operation, "it cannot be reached"));
        }
        Ok(kept)
    }
}

/// The invocation `this`, with so much time left.
pub(crate) fn this(world: &World, left: Duration) -> Invocation {
    Invocation { id: "this".to_owned(), deadline: Deadline::after(world.now(), left) }
}

/// An answer that leaves open whether a test was sold.
pub(crate) fn unknown(call_no: u32) -> CallOutcome {
    CallOutcome::Unknown(Evidence::without_answer(call_no, at(20), Unknown::TimedOut))
}

/// The breaker of an account whose three last calls were lost at second 0: a probe is due at second 30.
pub(crate) fn opened() -> Breaker {
    let lost =
        |breaker: Breaker, _| breaker.call_ended("a caller", CallSignal::Unknown, at(0), TIMEOUTS.probes).unwrap();
    (0..3).fold(Breaker::default(), lost)
}

pub(crate) fn by(who: &str) -> OperatorAction {
    OperatorAction { who: who.to_owned(), at: at(0) }
}
