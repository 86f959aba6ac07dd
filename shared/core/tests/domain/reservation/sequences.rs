//! Arbitrary sequences of events, and what a reservation makes of them.

use proptest::prelude::*;

use super::*;

/// Checks what holds of every event of every life.
macro_rules! always {
    ($($(#[$comment:meta])* fn $name:ident($told:ident) $property:block)*) => {
        proptest! { $(
            $(#[$comment])*
            #[test]
            fn $name(lived in lives()) { for $told in &lived.told $property }
        )* }
    };
}
pub(super) use always;

/// One event before it is addressed to a reservation: with the age of what was asked,
/// with the number of a test, and of a call that is so many before the last one.
#[derive(Debug, Clone)]
pub(super) enum Step {
    Addressed(Event),
    CallStarted,
    CallEnded { before: u32, outcome: CallOutcome },
    LeaseLapsed { before: u32 },
    NothingFound { age: i64 },
    Reported(Document),
    Reclaimed { test: u8, age: i64 },
    Reprocessed { nth: usize, as_read_now: Document },
    ReferenceCorrected { test: u8 },
}

/// A vendor's document on its way: the same `kind`, `n` and `test` are the same
/// bytes, the same `delivery` of them has the same receipt.
#[derive(Debug, Clone)]
pub(super) struct Document {
    kind: u8,
    n: u8,
    test: u8,
    delivery: Option<u8>,
    /// How long ago it was asked for, in seconds.
    age: i64,
}

impl Document {
    fn says(&self) -> ReportedStatus {
        match self.kind {
            0 => Ready,
            1 => InProgress,
            2 => AwaitingScore,
            3 => REVIEW,
            4 => PROBLEM,
            5 => UNREADABLE,
            6 => Invalidated,
            7 => unheard_of(),
            _ => completed(self.n),
        }
    }

    /// Every other grade has a score that cannot be read.
    fn unreadable(&self) -> Vec<ScoreField> {
        match self.says() {
            ReportedStatus::Completed(_) | UNREADABLE if self.n % 2 == 1 => {
                vec![ScoreField::from(Skill::Speaking)]
            }
            _ => Vec::new(),
        }
    }

    fn report(&self, vendor: Vendor, now: Timestamp) -> Report {
        let Self { kind, n, test, .. } = self;
        let document = format!("{kind}-{n}-{test}");
        Report {
            receipt: self.delivery.map(|delivery| format!("{document}-{delivery}").parse().unwrap()),
            reference: reference(vendor, *test),
            unreadable: self.unreadable(),
            ..report(vendor, now - SignedDuration::from_secs(self.age), &document, self.says())
        }
    }
}

impl Step {
    fn event(&self, r: &Reservation, now: Timestamp, told: &[Told]) -> Event {
        let number = |before: &u32| r.calls.saturating_sub(*before);
        let ago = |age: &i64| now - SignedDuration::from_secs(*age);
        match self {
            Step::CallStarted => Event::CallStarted(lease(now)),
            Step::CallEnded { before, outcome: CallOutcome::Unknown(Evidence { unknown, .. }) } => {
                let evidence = Evidence::without_answer(number(before), now, *unknown);
                ended(number(before), CallOutcome::Unknown(evidence))
            }
            Step::CallEnded { before, outcome } => ended(number(before), outcome.clone()),
            Step::LeaseLapsed { before } => Event::LeaseLapsed { call_no: number(before) },
            Step::NothingFound { age } => Event::NothingFound { asked_at: ago(age) },
            Step::Reported(document) => reported(document.report(r.vendor(), now)),
            Step::Reclaimed { test, age } => reclaimed(reference(r.vendor(), *test), ago(age)),
            Step::Reprocessed { nth, as_read_now } => {
                reprocessed(told, *nth, as_read_now).unwrap_or(Event::NothingSold)
            }
            Step::ReferenceCorrected { test } => corrected(reference(r.vendor(), *test)),
            Step::Addressed(event) => event.clone(),
        }
    }
}

/// An earlier report is read again, and says what the other document says.
fn reprocessed(told: &[Told], nth: usize, as_read_now: &Document) -> Option<Event> {
    let kept: Vec<_> = told.iter().filter(|told| told.entry.is_some() && told.report().is_some()).collect();
    let first = kept.get(nth % kept.len().max(1))?;
    let report = first.report()?;
    let report = Report { status: as_read_now.says(), unreadable: as_read_now.unreadable(), ..report.clone() };
    let attempt = first.after.sitting_at(report.observed_at);
    Some(read_again(report, attempt))
}

/// One event, what was before it and what was made of it.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) before: Reservation,
    pub(super) event: Event,
    pub(super) now: Timestamp,
    pub(super) heard: Heard,
    pub(super) after: Reservation,
    /// The history entry, unless it was a duplicate.
    pub(super) entry: Option<HistoryEntry>,
    /// The alerts of this event.
    pub(super) alerts: Vec<Alert>,
}

impl Told {
    pub(super) fn is_applied(&self) -> bool {
        matches!(self.heard, Applied | Remarked(_))
    }

    /// What a report says that came just now, or that is read again.
    pub(super) fn says(&self) -> Option<&ReportedStatus> {
        match &self.event {
            Event::Reported(report) | Event::Reprocessed { report, .. } => Some(&report.status),
            _ => None,
        }
    }

    pub(super) fn is_correction(&self) -> bool {
        matches!(self.event, Event::ReferenceCorrected { .. })
    }

    pub(super) fn report(&self) -> Option<&Report> {
        match &self.event {
            Event::Reported(report) => Some(report),
            _ => None,
        }
    }
}

/// A whole life: each event in turn, and where it led.
#[derive(Debug)]
pub(super) struct Lived {
    pub(super) told: Vec<Told>,
    pub(super) life: Life,
}

fn live(vendor: Vendor, respond_async: bool, steps: &[(Step, i64)]) -> Lived {
    let mut life = match respond_async {
        true => Life::of(Reservation::queued(order(vendor), at(0), at(0))),
        false => Life::calling(vendor),
    };
    let mut told = Vec::new();
    for (step, seconds) in steps {
        let (before, alerts) = (life.reservation.clone(), life.alerts.len());
        let event = step.event(&before, life.waits(*seconds).now, &told);
        let heard = life.hears(&event);
        told.push(Told {
            before,
            event,
            now: life.now,
            heard,
            after: life.reservation.clone(),
            entry: (heard != Duplicate).then(|| life.history.last().unwrap().clone()),
            alerts: life.alerts[alerts..].to_vec(),
        });
    }
    Lived { told, life }
}

/// Mostly onwards, by very different spans; now and then two machines' clocks
/// disagree.
fn seconds() -> impl Strategy<Value = i64> {
    prop_oneof![
        4 => 0..60i64,
        3 => 60..2 * HOUR,
        3 => HOUR..9 * DAY,
        1 => Just(EXPIRY),
        1 => -30..0i64,
    ]
}

/// Mostly of the last call, sometimes of the one before.
fn before() -> impl Strategy<Value = u32> {
    prop_oneof![4 => Just(0), 1 => Just(1)]
}

fn outcome(vendor: Vendor, confirmations: u32) -> impl Strategy<Value = CallOutcome> {
    let not_processed = prop::sample::select(vec![
        NotProcessed::Unreachable,
        NotProcessed::Busy,
        NotProcessed::CredentialsRefused,
        NotProcessed::AccountUnavailable,
        NotProcessed::SaidSo,
        NotProcessed::NoTime,
    ]);
    let unclear = prop::sample::select(vec![Unknown::TimedOut, Unknown::NoReference, Unknown::ReferenceTaken]);
    prop_oneof![
        confirmations => test().prop_map(move |test| confirmed(reference(vendor, test))),
        1 => test().prop_map(move |test| confirmed_with_password(reference(vendor, test))),
        1 => any::<bool>().prop_map(|out_of_tests| {
            CallOutcome::Refused(Refusal { out_of_tests, vendor_reason: "no".to_owned() })
        }),
        2 => not_processed.prop_map(|why| CallOutcome::NotProcessed { why, retry_after: None, detail: None }),
        // Its call and its time are those of the moment when it is told.
        2 => unclear.prop_map(|seen| unknown(1, seen)),
    ]
}

fn test() -> impl Strategy<Value = u8> {
    prop_oneof![8 => Just(1u8), 1 => Just(2u8), 1 => Just(3u8)]
}

fn document() -> impl Strategy<Value = Document> {
    let test = prop_oneof![20 => Just(1u8), 1 => Just(2u8)];
    let delivery = prop_oneof![1 => Just(None), 2 => (0..3u8).prop_map(Some)];
    let age = prop_oneof![2 => Just(0i64), 1 => 0..3 * HOUR];
    let parts = (0..11u8, 0..3u8, test, delivery, age);
    parts.prop_map(|(kind, n, test, delivery, age)| Document { kind, n, test, delivery, age })
}

/// At a vendor, with weights for confirmed calls, reports and clocks.
fn step(vendor: Vendor, confirmations: u32, reports: u32, clocks: u32) -> impl Strategy<Value = Step> {
    let call_ended = (before(), outcome(vendor, confirmations));
    let call_ended = call_ended.prop_map(|(before, outcome)| Step::CallEnded { before, outcome });
    prop_oneof![
        2 => Just(Step::CallStarted),
        4 => call_ended,
        1 => before().prop_map(|before| Step::LeaseLapsed { before }),
        1 => Just(Step::Addressed(Event::NothingSold)),
        2 => (0..HOUR).prop_map(|age| Step::NothingFound { age }),
        1 => Just(Step::Addressed(Event::GivenUp)),
        reports => document().prop_map(Step::Reported),
        clocks => Just(Step::Addressed(Event::ExpiryReached)),
        1 => Just(Step::Addressed(Event::Cancel)),
        1 => Just(Step::Addressed(Event::ResultOverdue)),
        reports.div_ceil(4) => (0..9usize, document()).prop_map(|(nth, as_read_now)| Step::Reprocessed { nth, as_read_now }),
        clocks => (test(), 0..3 * HOUR).prop_map(|(test, age)| Step::Reclaimed { test, age }),
        1 => (1..4u8).prop_map(|test| Step::ReferenceCorrected { test }),
    ]
}

/// Lives of reservations at both vendors: some that are long in buying, some
/// that are mostly sat and graded, some that mostly wait.
pub(super) fn lives() -> impl Strategy<Value = Lived> {
    prop_oneof![Just(ITEP), Just(TRUENORTH)].prop_flat_map(|vendor| {
        let steps = prop_oneof![
            prop::collection::vec((step(vendor, 1, 1, 1), seconds()), 1..30),
            prop::collection::vec((step(vendor, 4, 12, 1), seconds()), 1..30),
            prop::collection::vec((step(vendor, 4, 4, 4), seconds()), 1..30),
        ];
        (any::<bool>(), steps).prop_map(move |(respond_async, steps)| live(vendor, respond_async, &steps))
    })
}
