//! The status × event table: generated from the code and compared with
//! `transitions.md`. `UPDATE_TABLE=1` writes it anew.

use std::fmt::Write;
use std::path::Path;

use super::*;

/// What follows this line in `transitions.md` is generated.
const MARK: &str = "<!-- generated: UPDATE_TABLE=1 cargo test -p shared-core transitions -->\n";

/// What happens in a life, where it can.
type Happening = Box<dyn Fn(&Life) -> Option<Event>>;

/// A column: its heading, its event, and how many seconds pass before.
struct Column {
    heading: &'static str,
    event: Happening,
    seconds: i64,
}

/// A column whose event happens after an hour.
fn column(heading: &'static str, event: impl Fn(&Life) -> Option<Event> + 'static) -> Column {
    Column { heading, event: Box::new(event), seconds: HOUR }
}

fn always(heading: &'static str, event: Event) -> Column {
    column(heading, move |_| Some(event.clone()))
}

/// The rows: a reservation in every state, each with a second call, so that
/// there is an older one, and where it matters with and without a test.
fn rows(vendor: Vendor) -> Vec<(&'static str, Life)> {
    let queued = || {
        let mut life = second_call(vendor);
        life.waits(10);
        told(life, ended(2, not_processed()))
    };
    let said = |document, status| {
        let life = with_test(vendor);
        let event = says(&life, document, status);
        told(life, event)
    };
    vec![
        ("`pending`, queued", queued()),
        ("`pending`, calling", second_call(vendor)),
        ("`in_doubt`", told(second_call(vendor), ended(2, unknown(2, Unknown::TimedOut)))),
        ("`rejected`", told(second_call(vendor), ended(2, refused()))),
        ("`ready`", with_test(vendor)),
        ("`in_progress`", said("begun", InProgress)),
        ("`awaiting_score`", said("finished", AwaitingScore)),
        ("`under_review`", said("review", REVIEW)),
        ("`completed`", said("graded", completed(9))),
        ("`invalidated`", said("invalid", Invalidated)),
        ("`expired`", at_expiry(with_test(vendor))),
        ("`expired`, no test", at_expiry(queued())),
        ("`expired`, reclaimed", told(at_expiry(with_test(vendor)), reclaimed(reference(vendor, 1), at(EXPIRY)))),
        ("`cancelled`", told(with_test(vendor), Event::Cancel)),
        ("`cancelled`, no test", told(queued(), Event::Cancel)),
    ]
}

fn told(mut life: Life, event: Event) -> Life {
    assert_eq!(life.hears(&event), Applied);
    life
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
    told(life, Event::ExpiryReached)
}

/// A vendor's report in its own way: iTEP's webhook, TrueNorth's answer.
fn says(life: &Life, document: &str, status: ReportedStatus) -> Event {
    match life.vendor() {
        Vendor::Itep => webhook(&format!("receipt-{}", life.reservation.seq), document, status),
        Vendor::Truenorth => look_up(TRUENORTH, life.now, document, status),
    }
}

/// What may be said of a purchase call: of the last one, or of one before.
fn calls(before: u32) -> Vec<Column> {
    let ends = |heading, outcome: fn(&Life) -> Option<CallOutcome>| {
        column(heading, move |life| Some(ended(life.reservation.calls - before, outcome(life)?)))
    };
    vec![
        ends("confirmed, a first test", |life| {
            life.reservation.reference.is_none().then(|| confirmed(reference(life.vendor(), 1)))
        }),
        ends("confirmed, the same test", |life| life.reservation.reference.clone().map(confirmed)),
        ends("confirmed, another test", |life| {
            life.reservation.reference.is_some().then(|| confirmed(reference(life.vendor(), 2)))
        }),
        ends("refused", |_| Some(refused())),
        ends("not processed", |_| Some(not_processed())),
        ends("unknown", |life| Some(unknown(life.reservation.calls, Unknown::TimedOut))),
        column("lease lapsed", move |life| Some(Event::LeaseLapsed { call_no: life.reservation.calls - before })),
    ]
}

fn last_call() -> Vec<Column> {
    let mut columns = calls(0);
    columns.push(column("call started", |life| Some(Event::CallStarted(lease(life.now)))));
    columns
}

/// What a vendor says, in its own words.
fn reports(vendor: Vendor) -> Vec<Column> {
    let statements = [
        (Some("Ready"), Some("NotStarted"), Ready),
        (Some("Incomplete"), Some("InProgress"), InProgress),
        (Some("Finished"), Some("ScorePending"), AwaitingScore),
        (Some("Review"), Some("NeedsReview"), REVIEW),
        (Some("Problem"), None, PROBLEM),
        (Some("Complete"), Some("Completed"), completed(10)),
        (Some("Complete, no scores"), Some("Completed, no scores"), UNREADABLE),
        (Some("Invalidated"), None, Invalidated),
        (Some("unheard of"), Some("unheard of"), unheard_of()),
    ];
    let spoken = statements.into_iter().filter_map(|(itep, truenorth, status)| {
        let word = if vendor == ITEP { itep } else { truenorth };
        Some(column(word?, move |life| Some(says(life, "new", status.clone()))))
    });
    spoken.collect()
}

fn others() -> Vec<Column> {
    let nothing_found = |life: &Life| Some(Event::NothingFound { asked_at: life.now });
    let reclaim = |life: &Life| Some(reclaimed(reference(life.vendor(), 1), life.now));
    vec![
        always("nothing sold", Event::NothingSold),
        Column { seconds: QUIET - 1, ..column("nothing found at once", nothing_found) },
        Column { seconds: QUIET, ..column("nothing found later", nothing_found) },
        always("given up", Event::GivenUp),
        always("cancel", Event::Cancel),
        Column { seconds: EXPIRY, ..always("expiry reached", Event::ExpiryReached) },
        Column { seconds: 8 * DAY, ..always("result overdue", Event::ResultOverdue) },
        Column { seconds: QUIET, ..always("sent again", Event::ResendStarted) },
        column("reclaimed before expiry", reclaim),
        Column { seconds: 2 * EXPIRY, ..column("reclaimed later", reclaim) },
        column("a kept report read again as graded", |life| {
            let heard = life.reservation.attempt().observed_at.unwrap_or(at(0));
            Some(read_again(report(life.vendor(), heard, "kept", completed(10)), 1))
        }),
        column("reference corrected", |life| Some(corrected(reference(life.vendor(), 2)))),
    ]
}

/// What became of the reservation, in a few words.
fn cell(mut life: Life, column: &Column) -> String {
    life.waits(column.seconds);
    let Some(event) = (column.event)(&life) else { return "–".to_owned() };
    let (before, alerts) = (life.reservation.clone(), life.alerts.len());
    let mut cell = match life.hears(&event) {
        Duplicate => "duplicate".to_owned(),
        Noted(why) => format!("noted: {}", words(why)),
        Applied => change(&before, &life.reservation),
        Remarked(why) => format!("{}, {}", change(&before, &life.reservation), words(why)),
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

fn table(title: &str, vendor: Vendor, columns: &[Column]) -> String {
    let mut text = format!("\n### {title}\n\n| |");
    for column in columns {
        write!(text, " {} |", column.heading).unwrap();
    }
    text.push_str("\n| --- |");
    text.push_str(&" --- |".repeat(columns.len()));
    for (name, life) in rows(vendor) {
        write!(text, "\n| {name} |").unwrap();
        for column in columns {
            write!(text, " {} |", cell(life.clone(), column)).unwrap();
        }
    }
    text.push('\n');
    text
}

fn tables() -> String {
    [
        table("The last purchase call", ITEP, &last_call()),
        table("An older purchase call", ITEP, &calls(1)),
        table("iTEP reports, by webhook", ITEP, &reports(ITEP)),
        table("TrueNorth reports, by look-up", TRUENORTH, &reports(TRUENORTH)),
        table("The operator, look-ups, the client and the clocks", ITEP, &others()),
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
    for columns in [last_call(), calls(1), others()] {
        assert_eq!(table("", ITEP, &columns), table("", TRUENORTH, &columns));
    }
}

#[test]
fn every_status_has_a_row() {
    let rows = rows(ITEP);
    assert!(Status::ALL.iter().all(|status| rows.iter().any(|(_, life)| life.status() == *status)));
}
