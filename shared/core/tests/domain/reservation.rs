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
use shared_core::domain::ids::{Digest, InboundWebhookId, Vendor, VendorReference};
use shared_core::domain::launch::Launch;
use shared_core::domain::order::Order;
use shared_core::domain::reservation::*;
use shared_core::domain::test_result::{Scale, Score, ScoreField, Skill, TestResult};
use test_support::fixtures::{self, DAY, TIMEOUTS, at, confirmed, reported};

use Heard::{Applied, Duplicate, Noted, Remarked};
use ReportedStatus::{AwaitingScore, InProgress, Invalidated, Ready};

const ITEP: Vendor = Vendor::Itep;
const TRUENORTH: Vendor = Vendor::Truenorth;
const POLICY: Policy = TIMEOUTS.policy;
const HOUR: i64 = 3600;

/// When an unused test of [`order`] is given up, in seconds of [`at`].
const EXPIRY: i64 = 90 * DAY;

/// How long after a lost call a look-up proves nothing, in seconds.
const QUIET: i64 = 900;

/// How long the lease of [`lease`] lasts, in seconds.
const LEASE: i64 = 90;

fn order(vendor: Vendor) -> Order {
    let order = fixtures::order_at(vendor, "order-42");
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
    let score = Score::new(Scale::Itep, Some(f64::from(overall) / 2.0), None);
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

/// A report on the vendor's first test, heard at a time. The document's name stands
/// for its bytes.
fn report(vendor: Vendor, observed_at: Timestamp, document: &str, status: ReportedStatus) -> Report {
    Report { digest: digest(document), ..fixtures::report(reference(vendor, 1), status, observed_at) }
}

/// What a webhook of iTEP's says that came at a time.
fn posted(observed_at: Timestamp, receipt: &str, document: &str, status: ReportedStatus) -> Report {
    Report { receipt: Some(receipt.parse().unwrap()), ..report(ITEP, observed_at, document, status) }
}

fn webhook(receipt: &str, document: &str, status: ReportedStatus) -> Event {
    reported(posted(at(0), receipt, document, status))
}

/// A look-up's report on the vendor's first test, asked for at a time.
fn look_up(vendor: Vendor, asked: Timestamp, document: &str, status: ReportedStatus) -> Event {
    reported(report(vendor, asked, document, status))
}

/// A kept report of a sitting is read again.
fn read_again(report: Report, attempt: u32) -> Event {
    Event::Reprocessed { report: Box::new(report), attempt, reason: "the reader was mended".to_owned() }
}

fn corrected(reference: VendorReference) -> Event {
    Event::ReferenceCorrected { reference, reason: "misread".to_owned() }
}

fn ended(call_no: u32, outcome: CallOutcome) -> Event {
    Event::CallEnded { call_no, outcome }
}

fn confirmed_with_password(reference: VendorReference) -> CallOutcome {
    let test_id = reference.test().to_owned();
    let launch = Launch::Credentials { url: None, test_id, password: Some("open-sesame".into()) };
    CallOutcome::Confirmed { reference, launch: Some(launch) }
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

/// The operator reclaims a test, seen unused at a time.
fn reclaimed(reference: VendorReference, seen_at: Timestamp) -> Event {
    Event::Reclaimed { reference, seen_at, reason: "nobody came".to_owned() }
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
#[derive(Debug, Clone)]
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

    /// An iTEP test was sat and waits for its score.
    fn finished() -> Self {
        let mut life = Self::ready(ITEP);
        assert_eq!(life.itep("finished", AwaitingScore), Applied);
        life
    }

    /// An iTEP test has its result.
    fn graded() -> Self {
        let mut life = Self::ready(ITEP);
        assert_eq!(life.itep("graded", completed(9)), Applied);
        life
    }

    fn waits(&mut self, seconds: i64) -> &mut Self {
        self.now += SignedDuration::from_secs(seconds);
        self
    }

    fn hears(&mut self, event: &Event) -> Heard {
        let Decision::Write(change) = self.reservation.apply(event, Source::Hub, self.now, &POLICY) else {
            return Duplicate;
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
            None => Applied,
            Some(why) if applied => Remarked(why),
            Some(why) => Noted(why),
        }
    }

    /// Hears an iTEP webhook with a receipt of its own.
    fn itep(&mut self, document: &str, status: ReportedStatus) -> Heard {
        let receipt = format!("receipt-{}", self.history.len());
        self.hears(&reported(posted(self.now, &receipt, document, status)))
    }

    /// Hears a TrueNorth look-up that was asked for just now.
    fn truenorth(&mut self, document: &str, status: ReportedStatus) -> Heard {
        self.hears(&look_up(TRUENORTH, self.now, document, status))
    }

    fn vendor(&self) -> Vendor {
        self.reservation.vendor()
    }

    fn status(&self) -> Status {
        self.reservation.status()
    }

    fn overall(&self) -> Option<&TestResult> {
        self.reservation.result()
    }

    fn stands(&self) -> (Status, Option<Reason>, Option<&TestResult>) {
        (self.status(), self.reservation.reason, self.overall())
    }
}
