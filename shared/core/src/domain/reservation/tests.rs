//! Builders for the state machine's tests: times, orders, events, and a
//! reservation that keeps a record of what it is told.

mod buying;
mod correct;
mod history;
mod properties;
mod properties_of_results;
mod reclaim;
mod reprocess;
mod resend;
mod results;
mod sequences;
mod transitions;
mod unreadable;

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::domain::backoff::Backoff;
use crate::domain::fixtures;
use crate::domain::ids::Digest;
use crate::domain::launch::Launch;
use crate::domain::test_result::{Scale, Score, ScoreField};

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

/// When an unused test of [`order`] is given up, in seconds of [`at`].
const EXPIRY: i64 = 90 * DAY;

/// How long after a lost call a look-up proves nothing, in seconds.
const QUIET: i64 = 900;

/// How long the lease of [`lease`] lasts, in seconds.
const LEASE: i64 = 90;

const POLICY: Policy = Policy {
    backoff: Backoff { base: Duration::from_secs(5), cap: Duration::from_secs(900) },
    result_overdue: Duration::from_secs(7 * DAY as u64),
    doubt_quiet: Duration::from_secs(QUIET as u64),
};

/// Seconds after the reservations of these tests were made.
fn at(seconds: i64) -> Timestamp {
    let start: Timestamp = "2026-03-01T09:00:00Z".parse().unwrap();
    start + SignedDuration::from_secs(seconds)
}

fn order(vendor: Vendor) -> Order {
    let order = fixtures::order(vendor, "order-42", at(EXPIRY));
    let registration = [("City".to_owned(), "Los Angeles".into())].into();
    Order { registration, metadata: [("order".to_owned(), "42".to_owned())].into(), ..order }
}

fn lease(now: Timestamp) -> Lease {
    Lease { holder: format!("invocation-{now}"), until: now + SignedDuration::from_secs(LEASE) }
}

fn reference(vendor: Vendor, n: u8) -> VendorReference {
    match vendor {
        Vendor::Itep => VendorReference::itep(&format!("TEST{n}")),
        Vendor::Truenorth => VendorReference::truenorth(&format!("assessment-{n}"), "user-1"),
    }
}

fn result(overall: u8) -> TestResult {
    let score = Score { scale: Scale::Itep, value: Some(f64::from(overall) / 2.0), cefr: None };
    TestResult { overall: Some(score), ..TestResult::default() }
}

fn completed(overall: u8) -> ReportedStatus {
    ReportedStatus::Completed(Box::new(result(overall)))
}

const REVIEW: ReportedStatus = ReportedStatus::UnderReview { problem: false };
const PROBLEM: ReportedStatus = ReportedStatus::UnderReview { problem: true };
const UNREADABLE: ReportedStatus = ReportedStatus::CompletedWithoutScores;

fn unheard_of() -> ReportedStatus {
    ReportedStatus::UnknownStatus { text: "Paused".to_owned() }
}

fn digest(document: &str) -> Digest {
    Digest::sha256(document.as_bytes())
}

/// A webhook's report on the vendor's first test. The document's name stands
/// for its bytes.
fn webhook(vendor: Vendor, receipt: &str, document: &str, status: ReportedStatus) -> Event {
    Event::Reported(Box::new(Report {
        receipt: Some(receipt.parse().unwrap()),
        digest: digest(document),
        reference: reference(vendor, 1),
        observed_at: at(0),
        status,
        unreadable: Vec::new(),
    }))
}

/// A report as received at a time.
fn received(observed_at: Timestamp, event: Event) -> Event {
    match event {
        Event::Reported(report) => Event::Reported(Box::new(Report { observed_at, ..*report })),
        event => event,
    }
}

/// A look-up's report on the vendor's first test, asked for at a time.
fn look_up(vendor: Vendor, asked: Timestamp, document: &str, status: ReportedStatus) -> Event {
    Event::Reported(Box::new(Report {
        receipt: None,
        digest: digest(document),
        reference: reference(vendor, 1),
        observed_at: asked,
        status,
        unreadable: Vec::new(),
    }))
}

fn ended(call_no: u32, outcome: CallOutcome) -> Event {
    Event::CallEnded { call_no, outcome }
}

fn confirmed(reference: VendorReference) -> CallOutcome {
    CallOutcome::Confirmed { reference, launch: None }
}

fn refused() -> CallOutcome {
    CallOutcome::Refused(Refusal { out_of_tests: false, vendor_reason: "no such product".to_owned() })
}

fn not_processed() -> CallOutcome {
    CallOutcome::NotProcessed { why: NotProcessed::Unreachable, retry_after: None, detail: None }
}

fn unknown(call_no: u32, unknown: Unknown) -> CallOutcome {
    CallOutcome::Unknown(Evidence::without_answer(call_no, at(0), unknown))
}

/// The operator reclaims the vendor's first test, seen unused at a time.
fn reclaimed(vendor: Vendor, seen_at: Timestamp) -> Event {
    Event::Reclaimed { reference: reference(vendor, 1), seen_at, reason: "nobody came".to_owned() }
}

/// What a reservation made of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Heard {
    Applied,
    /// Applied, and remarkable.
    Remarked(NoteReason),
    Noted(NoteReason),
    Duplicate,
}

/// A reservation that is told things, and all that came of them.
#[derive(Debug)]
struct Life {
    reservation: Reservation,
    now: Timestamp,
    history: Vec<HistoryEntry>,
    alerts: Vec<Alert>,
    /// The references that it owns.
    claims: Vec<VendorReference>,
    /// How often it was handed to the `fulfilment` queue.
    fulfilments: usize,
}

impl Life {
    fn of(reservation: Reservation) -> Self {
        let history = vec![reservation.reserved_entry()];
        Self {
            now: reservation.created_at,
            reservation,
            history,
            alerts: Vec::new(),
            claims: Vec::new(),
            fulfilments: 0,
        }
    }

    /// The first call is out.
    fn calling(vendor: Vendor) -> Self {
        Self::of(Reservation::calling(order(vendor), lease(at(0)), at(0)))
    }

    /// The first call was confirmed with the vendor's first test.
    fn ready(vendor: Vendor) -> Self {
        let mut life = Self::calling(vendor);
        life.hears(&ended(1, confirmed(reference(vendor, 1))));
        life
    }

    fn waits(&mut self, seconds: i64) -> &mut Self {
        self.now += SignedDuration::from_secs(seconds);
        self
    }

    fn hears(&mut self, event: &Event) -> Heard {
        let Decision::Write(change) = self.reservation.apply(event, Source::Hub, self.now, &POLICY) else {
            return Heard::Duplicate;
        };
        self.claims.retain(|claim| !change.releases().any(|released| released.is_same_test(claim)));
        self.claims.extend(change.claims().cloned());
        self.alerts.extend(change.effects.iter().filter_map(|effect| match effect {
            Effect::Alert(alert) => Some(*alert),
            _ => None,
        }));
        self.fulfilments += change.effects.iter().filter(|effect| **effect == Effect::Fulfil).count();
        let (applied, why) = (change.is_applied(), change.entry.why);
        self.reservation = change.after;
        self.history.push(change.entry);
        match why {
            None => Heard::Applied,
            Some(why) if applied => Heard::Remarked(why),
            Some(why) => Heard::Noted(why),
        }
    }

    /// Hears an iTEP webhook with a receipt of its own.
    fn itep(&mut self, document: &str, status: ReportedStatus) -> Heard {
        let receipt = format!("receipt-{}", self.history.len());
        self.hears(&received(self.now, webhook(Vendor::Itep, &receipt, document, status)))
    }

    /// Hears a TrueNorth look-up that was asked for just now.
    fn truenorth(&mut self, document: &str, status: ReportedStatus) -> Heard {
        self.hears(&look_up(Vendor::Truenorth, self.now, document, status))
    }

    fn status(&self) -> Status {
        self.reservation.status()
    }

    fn overall(&self) -> Option<&TestResult> {
        self.reservation.result()
    }
}
