//! Reservations in the states that the tests need.

use jiff::{Timestamp, ToSpan};
use shared_core::domain::candidate::Candidate;
use shared_core::domain::forward::Extra;
use shared_core::domain::ids::{Account, AccountName, ClientId, Digest, ReservationId, Vendor, VendorReference};
use shared_core::domain::order::Order;
use shared_core::domain::reservation::{
    CallOutcome, Change, Decision, Event, Evidence, HistoryEntry, Lease, Report, ReportedStatus, Reservation, Source,
    Unknown,
};
use shared_core::domain::test_result::{CefrBand, Scale, Score, ScoreField, Skill, SkillScore, TestResult};
use shared_core::ports::{AuthOutcome, InboundWebhook, InsertOutcome, SenderCredentials, Store, WriteOutcome};
use shared_core::usecases::commit::write;
use shared_core::usecases::history::entries;
use test_support::fixtures::{DAY, TIMEOUTS};

/// 2026-11-23 noon, and so many seconds.
pub(crate) fn at(seconds: i64) -> Timestamp {
    "2026-11-23T12:00:00Z".parse::<Timestamp>().unwrap() + seconds.seconds()
}

pub(crate) fn client() -> ClientId {
    "acme".parse().unwrap()
}

pub(crate) fn account(vendor: Vendor) -> Account {
    Account { vendor, name: account_name() }
}

pub(crate) fn account_name() -> AccountName {
    "default".parse().unwrap()
}

/// An order under an idempotency key, with everything that an order may have.
pub(crate) fn order(key: &str, vendor: Vendor) -> Order {
    let order = test_support::fixtures::order(key);
    Order {
        account: account(vendor),
        candidate: order.candidate.map(|it| Candidate { email: Some("mary@example.com".into()), ..it }),
        registration: [("City".to_owned(), "Los Angeles".into())].into(),
        expires_at: at(30 * DAY),
        metadata: [("order".to_owned(), "42".to_owned())].into(),
        ..order
    }
}

/// A reservation whose first call is out.
pub(crate) fn calling(key: &str, vendor: Vendor, now: Timestamp) -> Reservation {
    let lease = Lease { holder: format!("holder of {key}"), until: now + 90.seconds() };
    Reservation::calling(order(key, vendor), lease, now)
}

/// The write that an event becomes.
pub(crate) fn change(reservation: &Reservation, event: &Event, now: Timestamp) -> Change {
    change_by(Source::Hub, reservation, event, now)
}

/// The same by somebody.
pub(crate) fn change_by(source: Source, reservation: &Reservation, event: &Event, now: Timestamp) -> Change {
    match reservation.apply(event, source, now, &TIMEOUTS.policy) {
        Decision::Write(change) => *change,
        Decision::Duplicate => panic!("nothing to write"),
    }
}

/// The vendor sold this test.
pub(crate) fn confirmed(reservation: &Reservation, reference: &str, now: Timestamp) -> Change {
    let reference = match reservation.vendor() {
        Vendor::Itep => VendorReference::itep(reference),
        Vendor::Truenorth => VendorReference::truenorth(reference, "user"),
    };
    let outcome = CallOutcome::Confirmed { reference, launch: None };
    change(reservation, &Event::CallEnded { call_no: reservation.calls, outcome }, now)
}

/// The vendor's answer was lost.
pub(crate) fn lost(reservation: &Reservation, now: Timestamp) -> Change {
    let outcome = CallOutcome::Unknown(Evidence::without_answer(reservation.calls, now, Unknown::TimedOut));
    change(reservation, &Event::CallEnded { call_no: reservation.calls, outcome }, now)
}

pub(crate) async fn reserve(store: &impl Store, reservation: &Reservation) {
    assert_eq!(store.insert(reservation).await.unwrap(), InsertOutcome::New);
}

/// A reservation at iTEP whose first call is out since second 0, as it was written.
pub(crate) async fn reserved(store: &impl Store, key: &str) -> Reservation {
    let reservation = calling(key, Vendor::Itep, at(0));
    reserve(store, &reservation).await;
    reservation
}

/// Writes a change that nothing stands against; returns the reservation after it.
pub(crate) async fn commit(store: &impl Store, change: Change) -> Reservation {
    assert_eq!(write(store, &change, None).await.unwrap(), WriteOutcome::Done);
    change.after
}

pub(crate) fn receipt(id: &str, received_at: Timestamp, body: Vec<u8>) -> InboundWebhook {
    InboundWebhook {
        id: id.parse().unwrap(),
        account: account_name(),
        received_at,
        content_type: "multipart/form-data; boundary=x".to_owned(),
        body,
        authenticated: AuthOutcome::Verified,
        credentials: SenderCredentials::default(),
        extra: Extra::default(),
    }
}

/// A reservation's history after an entry, and whether there is more.
pub(crate) async fn history(
    store: &impl Store,
    id: &ReservationId,
    after: u64,
    limit: usize,
) -> (Vec<HistoryEntry>, bool) {
    let reservation = store.reservation(id).await.unwrap().expect("a reservation");
    entries(store, &reservation, after, limit).await.unwrap()
}

/// A vendor's report of a graded test, with numbers of every kind.
pub(crate) fn graded(reservation: &Reservation) -> Report {
    let score = |value| Score::new(Scale::Itep, value, CefrBand::parse("B2-C1"));
    let result = TestResult {
        overall: Some(score(Some(4.5))),
        skills: vec![SkillScore {
            skill: Skill::Grammar,
            score: score(Some(4.0)),
            raw_score: Some(68.25),
            percent: Some(72.0),
            correct: Some(13),
            total: None,
        }],
        report_url: Some("https://reports.example/1".into()),
        duration_seconds: Some(4050.0),
        finished_on: Some("2024-06-10".parse().unwrap()),
        ..TestResult::default()
    };
    Report {
        receipt: Some("receipt-1".parse().unwrap()),
        digest: Digest::sha256(b"document"),
        reference: reservation.reference.clone().expect("a test"),
        observed_at: at(50),
        status: ReportedStatus::Completed(Box::new(result)),
        unreadable: vec![ScoreField::from(Skill::Speaking)],
    }
}
