use shared_core::domain::ids::ReservationId;
use shared_core::domain::reservation::Event;
use test_support::World;
use test_support::fixtures::wait;

use super::*;
use crate::fixtures;

/// So many reservations, every third of them cancelled.
fn shelf(count: usize) -> World {
    let one = |i: usize| {
        let mut reservation = fixtures::queued();
        reservation.order.id = ReservationId::derive(&reservation.order.client, &i.to_string());
        if i.is_multiple_of(3) { fixtures::apply(&reservation, &Event::Cancel) } else { reservation }
    };
    World::with((0..count).map(one))
}

fn collected(shelf: &World, limit: usize, cursor: Option<&str>, filter: &Filter<'_>) -> (usize, Option<String>) {
    let client = "acme".parse().unwrap();
    let query = ListQuery { client, external_id: None, cursor: cursor.map(str::to_owned), limit };
    let (found, next) = wait(collect(shelf, query, filter)).unwrap();
    assert!(found.iter().all(|reservation| filter.fits(reservation)));
    (found.len(), next)
}

const ALL: Filter<'static> = Filter { status: None, product: None };

#[test]
fn without_a_filter_one_page_of_the_store_is_one_page_of_the_answer() {
    let shelf = shelf(5);
    let (count, next) = collected(&shelf, 3, None, &ALL);
    assert_eq!((count, next.is_some()), (3, true));
    assert_eq!(collected(&shelf, 3, next.as_deref(), &ALL), (2, None));
    assert_eq!(shelf.kept().listed, [3, 3]);
}

#[test]
fn with_a_filter_the_store_is_read_on_until_the_page_is_full() {
    let filter = Filter { status: Some(Status::Cancelled), product: None };
    let (count, next) = collected(&shelf(100), 4, None, &filter);
    assert_eq!(count, 4);
    assert!(next.is_some());
}

#[test]
fn paging_with_a_filter_misses_none_and_repeats_none() {
    let shelf = shelf(100);
    let filter = Filter { status: Some(Status::Cancelled), product: None };
    let (mut total, mut cursor) = (0, None);
    loop {
        let (count, next) = collected(&shelf, 5, cursor.as_deref(), &filter);
        total += count;
        match next {
            Some(next) => cursor = Some(next),
            None => break,
        }
    }
    assert_eq!(total, 34);
}

#[test]
fn a_filter_that_fits_nothing_ends_its_page_after_a_bound() {
    let shelf = shelf(1000);
    let filter = Filter { status: None, product: Some("another") };
    let (count, next) = collected(&shelf, 2, None, &filter);
    assert_eq!((count, shelf.kept().listed.len()), (0, PAGES_READ));
    assert_eq!(collected(&shelf, 1000, next.as_deref(), &ALL), (1000 - 20, None));
}

#[test]
fn a_line_of_history_reads_as_documented() {
    let entry = HistoryEntry {
        event: EventName::CallNotProcessed,
        source: Source::Operator { name: "canary".to_owned() },
        detail: Some("canary: the profile lacks url".to_owned()),
        ..fixtures::queued().reserved_entry()
    };
    insta::assert_snapshot!(serde_json::to_string_pretty(&EntryView::new(&entry)).unwrap());
}

#[test]
fn a_line_of_history_of_a_later_release_is_told_in_its_words_and_without_its_detail() {
    let mut line = serde_json::to_value(fixtures::queued().reserved_entry()).unwrap();
    (line["event"], line["verdict"], line["why"]) = ("seat_booked".into(), "deferred".into(), "booked_early".into());
    (line["source"], line["detail"]) = (serde_json::json!({ "who": "scheduler", "job": "canary" }), "canary".into());
    line["later"] = "canary".into();
    let view = serde_json::to_value(EntryView::new(&serde_json::from_value(line).unwrap())).unwrap();
    let told = ["source", "event", "verdict", "reason"].map(|name| view[name].as_str().unwrap());
    assert_eq!(told, ["scheduler", "seat_booked", "deferred", "booked_early"]);
    assert!(!view.to_string().contains("canary"), "{view}");
}

#[test]
fn an_entrys_cursor_reads_back_and_nothing_else_does() {
    assert_eq!(EntryCursor(42).to_string().parse(), Ok(EntryCursor(42)));
    for text in ["", "42", "!", &EntryCursor(0).to_string()] {
        assert_eq!(text.parse::<EntryCursor>(), Err(()), "{text}");
    }
}
