//! Orders, reservations and what is said of them.

use std::time::Duration;

use futures_util::FutureExt;
use jiff::{SignedDuration, Timestamp};
use shared_core::domain::backoff::Backoff;
use shared_core::domain::breaker::{Breaker, CallSignal, OperatorAction, ProbeBackoff};
use shared_core::domain::candidate::Candidate;
use shared_core::domain::deadline::Deadline;
use shared_core::domain::forward::Extra;
use shared_core::domain::ids::{Account, Digest, Fingerprint, ReservationId, Vendor, VendorReference};
use shared_core::domain::order::Order;
use shared_core::domain::reservation::{
    CallOutcome, Decision, Event, Evidence, Lease, Policy, Report, ReportedStatus, Reservation, Source, Unknown,
};
use shared_core::domain::timeouts::Timeouts;
use shared_core::ports::{AuthOutcome, Env, InboundWebhook, ObservedTest, RawDocument, SenderCredentials};
use shared_core::usecases::Invocation;

pub const DAY: i64 = 24 * 3600;

/// The template's defaults.
pub const TIMEOUTS: Timeouts = Timeouts {
    policy: Policy {
        backoff: Backoff { base: Duration::from_secs(5), cap: Duration::from_secs(900) },
        result_overdue: Duration::from_secs(7 * 86_400),
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

/// Seconds after the world began.
pub fn at(seconds: i64) -> Timestamp {
    Timestamp::constant(1_772_355_600, 0) + SignedDuration::from_secs(seconds)
}

/// An order of the company `acme` at iTEP, under an `Idempotency-Key`; it expires after ninety days.
pub fn order(key: &str) -> Order {
    order_at(Vendor::Itep, key)
}

/// The same at TrueNorth.
pub fn order_at_truenorth(key: &str) -> Order {
    order_at(Vendor::Truenorth, key)
}

pub fn order_at(vendor: Vendor, key: &str) -> Order {
    let client = "acme".parse().unwrap();
    Order {
        id: ReservationId::derive(&client, key),
        client,
        fingerprint: Fingerprint::new(key, "{}"),
        account: Account { vendor, name: "default".parse().unwrap() },
        product: "GTX-Academic-Plus".to_owned(),
        candidate: Some(Candidate {
            external_id: "c-1001".into(),
            given_name: "Mary".into(),
            family_name: "Poppins".into(),
            email: None,
            birth_date: None,
            extra: Extra::default(),
        }),
        registration: [].into(),
        groups: Vec::new(),
        return_url: None,
        expires_at: at(90 * DAY),
        metadata: [].into(),
        extra: Extra::default(),
    }
}

pub fn lease(holder: &str) -> Lease {
    Lease { holder: holder.to_owned(), until: at(90) }
}

/// A reservation whose first call was begun at second 0 by `worker`, and what events of a later moment made of it.
pub fn story(order: Order, now: Timestamp, events: &[Event]) -> Reservation {
    let reservation = Reservation::calling(order, lease("worker"), at(0));
    events.iter().fold(reservation, |reservation, event| after(reservation, event, now))
}

/// A reservation whose first call was sold this test.
pub fn ready(order: Order, test: &str) -> Reservation {
    let reference = match order.account.vendor {
        Vendor::Itep => VendorReference::itep(test),
        Vendor::Truenorth => truenorth(test),
    };
    story(order, at(1), &[sold(1, reference)])
}

/// A reservation whose first call was lost; its quiet time is over at second 990.
pub fn in_doubt(order: Order) -> Reservation {
    story(order, at(90), &[Event::LeaseLapsed { call_no: 1 }])
}

/// What an event makes of a reservation, if anything.
pub fn after(reservation: Reservation, event: &Event, now: Timestamp) -> Reservation {
    match reservation.apply(event, Source::Hub, now, &TIMEOUTS.policy) {
        Decision::Write(change) => change.after,
        Decision::Duplicate => reservation,
    }
}

/// The reference of a test at TrueNorth.
pub fn truenorth(test: &str) -> VendorReference {
    VendorReference::truenorth(test, "user-1")
}

pub fn sold(call_no: u32, reference: VendorReference) -> Event {
    Event::CallEnded { call_no, outcome: confirmed(reference) }
}

pub fn confirmed(reference: VendorReference) -> CallOutcome {
    CallOutcome::Confirmed { reference, launch: None }
}

/// An answer that leaves open whether a test was sold.
pub fn unknown(call_no: u32) -> CallOutcome {
    CallOutcome::Unknown(Evidence::without_answer(call_no, at(20), Unknown::TimedOut))
}

/// What was heard of a test at a moment.
pub fn report(reference: VendorReference, status: ReportedStatus, observed_at: Timestamp) -> Report {
    let digest = Digest::sha256(format!("{} {status:?}", reference.test()).as_bytes());
    Report { receipt: None, digest, reference, observed_at, status, unreadable: Vec::new() }
}

pub fn reported(report: Report) -> Event {
    Event::Reported(Box::new(report))
}

/// A genuine delivery of iTEP's to the account `default`.
pub fn inbound_webhook(id: &str, received_at: Timestamp, body: &[u8]) -> InboundWebhook {
    InboundWebhook {
        id: id.parse().unwrap(),
        account: "default".parse().unwrap(),
        received_at,
        content_type: "application/json".to_owned(),
        body: body.to_vec(),
        authenticated: AuthOutcome::Verified,
        credentials: SenderCredentials::default(),
        extra: Extra::default(),
    }
}

/// What a look-up at a moment said of a test.
pub fn observed_test(test: &str, status: ReportedStatus, observed_at: Timestamp) -> ObservedTest {
    let bytes = format!("{test} {status:?}").into_bytes();
    ObservedTest {
        reference: truenorth(test),
        observed_at,
        status,
        unreadable: Vec::new(),
        raw: RawDocument { digest: Digest::sha256(&bytes), bytes },
    }
}

/// The breaker of an account whose three last calls were lost at second 0: a probe is due at second 30.
pub fn opened() -> Breaker {
    let lost =
        |breaker: Breaker, _| breaker.call_ended("a caller", CallSignal::Unknown, at(0), TIMEOUTS.probes).unwrap();
    (0..3).fold(Breaker::default(), lost)
}

pub fn by(who: &str) -> OperatorAction {
    OperatorAction::new(who, at(0))
}

/// The invocation `this`, with so much time left.
pub fn this(env: &impl Env, left: Duration) -> Invocation {
    Invocation { id: "this".to_owned(), deadline: Deadline::after(env.now(), left) }
}

/// Runs what never waits.
pub fn wait<T>(future: impl Future<Output = T>) -> T {
    future.now_or_never().expect("nothing in memory waits")
}
