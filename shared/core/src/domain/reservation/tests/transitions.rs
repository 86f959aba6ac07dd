//! The status × event table: generated from the code and compared with
//! `transitions.md`. `UPDATE_TABLE=1` writes it anew.

use std::fmt::Write;
use std::path::Path;

use super::*;

/// What follows this line in `transitions.md` is generated.
const MARK: &str = "<!-- generated: UPDATE_TABLE=1 cargo test -p shared-core transitions -->\n";

/// A column: its heading, its event, and when the event happens.
#[derive(Clone, Copy)]
struct Column {
    heading: &'static str,
    event: fn(&Life) -> Option<Event>,
    seconds: i64,
}

const fn column(heading: &'static str, event: fn(&Life) -> Option<Event>) -> Column {
    Column { heading, event, seconds: HOUR }
}

/// The rows: a reservation in every state, each with a second call, so that
/// there is an older one, and where it matters with and without a test.
fn rows(vendor: Vendor) -> Vec<(&'static str, Life)> {
    let queued = |mut life: Life| {
        life.waits(10).hears(&ended(2, not_processed()));
        life
    };
    let then = |event: fn(&Life) -> Event| {
        let mut life = with_test(vendor);
        let event = event(&life);
        assert_eq!(life.hears(&event), Heard::Applied);
        life
    };
    let told = |mut life: Life, event: Event| {
        assert_eq!(life.hears(&event), Heard::Applied);
        life
    };
    vec![
        ("`pending`, queued", queued(second_call(vendor))),
        ("`pending`, calling", second_call(vendor)),
        ("`in_doubt`", told(second_call(vendor), ended(2, unknown(2, Unknown::TimedOut)))),
        ("`rejected`", told(second_call(vendor), ended(2, refused()))),
        ("`ready`", with_test(vendor)),
        ("`in_progress`", then(|life| says(life, "begun", ReportedStatus::InProgress))),
        ("`awaiting_score`", then(|life| says(life, "finished", ReportedStatus::AwaitingScore))),
        ("`under_review`", then(|life| says(life, "review", REVIEW))),
        ("`completed`", then(|life| says(life, "graded", completed(9)))),
        ("`invalidated`", then(|life| says(life, "invalid", ReportedStatus::Invalidated))),
        ("`expired`", at_expiry(with_test(vendor))),
        ("`expired`, no test", at_expiry(queued(second_call(vendor)))),
        ("`expired`, reclaimed", told(at_expiry(with_test(vendor)), reclaimed(vendor, at(EXPIRY)))),
        ("`cancelled`", then(|_| Event::Cancel)),
        ("`cancelled`, no test", told(queued(second_call(vendor)), Event::Cancel)),
    ]
}

/// The first call was not processed, the second is out.
fn second_call(vendor: Vendor) -> Life {
    let mut life = Life::calling(vendor);
    life.hears(&ended(1, not_processed()));
    life.waits(10);
    life.hears(&Event::CallStarted(lease(life.now)));
    life
}

fn with_test(vendor: Vendor) -> Life {
    let mut life = second_call(vendor);
    life.hears(&ended(2, confirmed(reference(vendor, 1))));
    life
}

fn at_expiry(mut life: Life) -> Life {
    life.now = at(EXPIRY);
    assert_eq!(life.hears(&Event::ExpiryReached), Heard::Applied);
    life
}

/// A vendor's report in its own way: iTEP's webhook, TrueNorth's answer.
fn says(life: &Life, document: &str, status: ReportedStatus) -> Event {
    match life.reservation.vendor() {
        Vendor::Itep => webhook(Vendor::Itep, &format!("receipt-{}", life.reservation.seq), document, status),
        Vendor::Truenorth => look_up(Vendor::Truenorth, life.now, document, status),
    }
}

const OUTCOMES: [Column; 6] = [
    column("confirmed, a first test", |life| {
        life.reservation
            .reference
            .is_none()
            .then(|| ended(life.reservation.calls, confirmed(reference(life.reservation.vendor(), 1))))
    }),
    column("confirmed, the same test", |life| {
        Some(ended(life.reservation.calls, confirmed(life.reservation.reference.clone()?)))
    }),
    column("confirmed, another test", |life| {
        life.reservation
            .reference
            .as_ref()
            .map(|_| ended(life.reservation.calls, confirmed(reference(life.reservation.vendor(), 2))))
    }),
    column("refused", |life| Some(ended(life.reservation.calls, refused()))),
    column("not processed", |life| Some(ended(life.reservation.calls, not_processed()))),
    column("unknown", |life| Some(ended(life.reservation.calls, unknown(life.reservation.calls, Unknown::TimedOut)))),
];

const LEASES: [Column; 2] = [
    column("lease lapsed", |life| Some(Event::LeaseLapsed { call_no: life.reservation.calls })),
    column("call started", |life| Some(Event::CallStarted(lease(life.now)))),
];

const REPORTS: [fn(&Life) -> Option<Event>; 9] = [
    |life| Some(says(life, "new", ReportedStatus::Ready)),
    |life| Some(says(life, "new", ReportedStatus::InProgress)),
    |life| Some(says(life, "new", ReportedStatus::AwaitingScore)),
    |life| Some(says(life, "new", REVIEW)),
    |life| Some(says(life, "new", PROBLEM)),
    |life| Some(says(life, "new", completed(10))),
    |life| Some(says(life, "new", ReportedStatus::CompletedWithoutScores)),
    |life| Some(says(life, "new", ReportedStatus::Invalidated)),
    |life| Some(says(life, "new", unheard_of())),
];

/// The vendor's words for [`REPORTS`]; empty where it has none.
fn vendors_words(vendor: Vendor) -> [&'static str; 9] {
    match vendor {
        Vendor::Itep => [
            "Ready",
            "Incomplete",
            "Finished",
            "Review",
            "Problem",
            "Complete",
            "Complete, no scores",
            "Invalidated",
            "unheard of",
        ],
        Vendor::Truenorth => [
            "NotStarted",
            "InProgress",
            "ScorePending",
            "NeedsReview",
            "",
            "Completed",
            "Completed, no scores",
            "",
            "unheard of",
        ],
    }
}

fn reports(vendor: Vendor) -> Vec<Column> {
    let columns = vendors_words(vendor).into_iter().zip(REPORTS);
    columns.filter(|(word, _)| !word.is_empty()).map(|(word, event)| column(word, event)).collect()
}

const OTHERS: [Column; 12] = [
    column("nothing sold", |_| Some(Event::NothingSold)),
    Column { heading: "nothing found at once", event: nothing_found, seconds: QUIET - 1 },
    Column { heading: "nothing found later", event: nothing_found, seconds: QUIET },
    column("given up", |_| Some(Event::GivenUp)),
    column("cancel", |_| Some(Event::Cancel)),
    Column { heading: "expiry reached", event: |_| Some(Event::ExpiryReached), seconds: EXPIRY },
    Column { heading: "result overdue", event: |_| Some(Event::ResultOverdue), seconds: 8 * DAY },
    Column { heading: "sent again", event: |_| Some(Event::ResendStarted), seconds: QUIET },
    Column { heading: "reclaimed before expiry", event: reclaim, seconds: HOUR },
    Column { heading: "reclaimed later", event: reclaim, seconds: 2 * EXPIRY },
    column("a kept report read again as graded", |life| {
        let heard = life.reservation.attempt().observed_at.unwrap_or(at(0));
        let report = look_up(life.reservation.vendor(), heard, "kept", completed(10));
        let Event::Reported(report) = report else { return None };
        Some(Event::Reprocessed { report, attempt: 1, reason: "it can be read now".to_owned() })
    }),
    column("reference corrected", |life| {
        let reference = reference(life.reservation.vendor(), 2);
        Some(Event::ReferenceCorrected { reference, reason: "misread".to_owned() })
    }),
];

fn reclaim(life: &Life) -> Option<Event> {
    Some(reclaimed(life.reservation.vendor(), life.now))
}

fn nothing_found(life: &Life) -> Option<Event> {
    Some(Event::NothingFound { asked_at: life.now })
}

/// The same event for the call before.
fn of_older_call(event: Event) -> Event {
    match event {
        Event::CallEnded { call_no, outcome } => ended(call_no - 1, outcome),
        Event::LeaseLapsed { call_no } => Event::LeaseLapsed { call_no: call_no - 1 },
        event => event,
    }
}

/// What became of the reservation, in a few words.
fn cell(mut life: Life, column: &Column, older_call: bool) -> String {
    life.waits(column.seconds);
    let Some(event) = (column.event)(&life) else { return "–".to_owned() };
    let event = if older_call { of_older_call(event) } else { event };
    let (before, alerts) = (life.reservation.clone(), life.alerts.len());
    let mut cell = match life.hears(&event) {
        Heard::Duplicate => "duplicate".to_owned(),
        Heard::Noted(why) => format!("noted: {}", words(why)),
        Heard::Applied => change(&before, &life.reservation),
        Heard::Remarked(why) => format!("{}, {}", change(&before, &life.reservation), words(why)),
    };
    for alert in &life.alerts[alerts..] {
        write!(cell, " ⚠ {}", words(alert)).unwrap();
    }
    cell
}

fn change(before: &Reservation, after: &Reservation) -> String {
    match &after.state {
        State::Queued { .. } => "→ queued".to_owned(),
        State::Calling { .. } => "→ calling".to_owned(),
        state if state.status() != before.status() => format!("→ {}", words(state.status())),
        _ if after.reference.is_none() && before.reference.is_some() => "test released".to_owned(),
        _ if before.reference.is_some() && before.reference != after.reference => "test corrected".to_owned(),
        _ if before.reference != after.reference => "test kept".to_owned(),
        _ => "applied".to_owned(),
    }
}

/// A name as histories spell it, with spaces.
fn words(name: impl serde::Serialize) -> String {
    serde_json::to_value(name).unwrap().as_str().unwrap().replace('_', " ")
}

fn table(title: &str, vendor: Vendor, columns: &[Column], older_call: bool) -> String {
    let mut text = format!("\n### {title}\n\n| |");
    for column in columns {
        write!(text, " {} |", column.heading).unwrap();
    }
    text.push_str("\n| --- |");
    text.push_str(&" --- |".repeat(columns.len()));
    for (name, _) in rows(vendor) {
        write!(text, "\n| {name} |").unwrap();
        for column in columns {
            let (_, life) = rows(vendor).into_iter().find(|row| row.0 == name).unwrap();
            write!(text, " {} |", cell(life, column, older_call)).unwrap();
        }
    }
    text.push('\n');
    text
}

fn tables() -> String {
    let outcomes = [OUTCOMES.as_slice(), &LEASES].concat();
    [
        table("The last purchase call", Vendor::Itep, &outcomes, false),
        table("An older purchase call", Vendor::Itep, &outcomes[..7], true),
        table("iTEP reports, by webhook", Vendor::Itep, &reports(Vendor::Itep), false),
        table("TrueNorth reports, by look-up", Vendor::Truenorth, &reports(Vendor::Truenorth), false),
        table("The operator, look-ups, the client and the clocks", Vendor::Itep, &OTHERS, false),
    ]
    .concat()
}

#[test]
fn the_status_by_event_table_in_the_documentation_is_what_the_code_does() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/domain/reservation/transitions.md");
    let found = std::fs::read_to_string(&path).unwrap();
    let introduction = found.split_once(MARK).map_or(found.as_str(), |(introduction, _)| introduction);
    let expected = format!("{introduction}{MARK}{}", tables());
    if std::env::var_os("UPDATE_TABLE").is_some() {
        std::fs::write(&path, &expected).unwrap();
    } else {
        assert!(
            found == expected,
            "transitions.md is out of date: UPDATE_TABLE=1 cargo test -p shared-core transitions"
        );
    }
}

#[test]
fn buying_and_the_clocks_are_the_same_for_both_vendors() {
    let columns = [OUTCOMES.as_slice(), &LEASES, &OTHERS].concat();
    for older_call in [false, true] {
        let [itep, truenorth] = [Vendor::Itep, Vendor::Truenorth].map(|v| table("", v, &columns, older_call));
        assert_eq!(itep, truenorth);
    }
}

#[test]
fn every_status_has_a_row() {
    let rows = rows(Vendor::Itep);
    assert!(Status::ALL.iter().all(|status| rows.iter().any(|(_, life)| life.status() == *status)));
}
