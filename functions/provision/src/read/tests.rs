use std::future::Future;
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};

use jiff::Timestamp;
use shared_core::domain::ids::{Account, ReservationId};
use shared_core::domain::reservation::{Change, Event};
use shared_core::ports::{InsertOutcome, Page, RawDocument, Worklist, WriteOutcome};

use super::*;
use crate::fixtures;

/// A store of some reservations, newest first; a cursor is a place in it. It
/// notes how many entries each page was asked to have.
struct Shelf {
    reservations: Vec<Reservation>,
    history: Vec<HistoryEntry>,
    asked: Mutex<Vec<usize>>,
}

impl Shelf {
    fn of(reservations: Vec<Reservation>) -> Self {
        Self { reservations, history: Vec::new(), asked: Mutex::default() }
    }

    fn page(&self, query: &ListQuery) -> Page<ReservationId> {
        self.asked.lock().unwrap().push(query.limit);
        let start: usize = query.cursor.as_ref().map_or(0, |cursor| cursor.parse().unwrap());
        let end = (start + query.limit).min(self.reservations.len());
        let items = self.reservations[start..end].iter().map(|reservation| reservation.id().clone()).collect();
        Page { items, next: (end < self.reservations.len()).then(|| end.to_string()) }
    }
}

impl Store for Shelf {
    async fn insert(&self, _: &Reservation) -> Result<InsertOutcome, BackendError> {
        unreachable!("nothing is reserved here")
    }
    async fn reservation(&self, _: &ReservationId) -> Result<Option<Reservation>, BackendError> {
        unreachable!("none is read alone")
    }
    async fn reservations(&self, ids: &[ReservationId]) -> Result<Vec<Reservation>, BackendError> {
        let found = self.reservations.iter().filter(|reservation| ids.contains(reservation.id())).cloned().collect();
        Ok(found)
    }
    async fn commit(&self, _: &Change, _: Option<&RawDocument>) -> Result<WriteOutcome, BackendError> {
        unreachable!("nothing is written here")
    }
    async fn owner(&self, _: &Account, _: &str) -> Result<Option<ReservationId>, BackendError> {
        unreachable!("no owner is looked up here")
    }
    async fn postpone(&self, _: &Reservation, _: Timestamp) -> Result<(), BackendError> {
        unreachable!("nothing is postponed here")
    }
    async fn due(&self, _: Timestamp, _: usize) -> Result<Vec<ReservationId>, BackendError> {
        unreachable!("nothing is due here")
    }
    async fn history(
        &self,
        _: &ReservationId,
        after: u64,
        limit: usize,
    ) -> Result<(Vec<HistoryEntry>, bool), BackendError> {
        let later: Vec<_> = self.history.iter().filter(|entry| entry.seq > after).cloned().collect();
        let more = later.len() > limit;
        Ok((later.into_iter().take(limit).collect(), more))
    }
    async fn list(&self, query: &ListQuery) -> Result<Page<ReservationId>, BackendError> {
        let page = self.page(query);
        Ok(page)
    }
    async fn worklist(&self, _: &Worklist, _: Option<&str>, _: usize) -> Result<Page<ReservationId>, BackendError> {
        unreachable!("nobody works here")
    }
}

/// The shelf answers at once, so a future is ready when it is first asked.
fn now<T>(future: impl Future<Output = T>) -> T {
    match std::pin::pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => answer,
        Poll::Pending => panic!("the shelf answers at once"),
    }
}

/// So many reservations, every third of them cancelled.
fn shelf(count: usize) -> Shelf {
    let one = |i: usize| {
        let mut reservation = fixtures::queued();
        reservation.order.id = ReservationId::derive(&reservation.order.client, &i.to_string());
        if i.is_multiple_of(3) { fixtures::apply(&reservation, &Event::Cancel) } else { reservation }
    };
    Shelf::of((0..count).map(one).collect())
}

fn collected(shelf: &Shelf, limit: usize, cursor: Option<&str>, filter: &Filter<'_>) -> (usize, Option<String>) {
    let client = "acme".parse().unwrap();
    let query = ListQuery { client, external_id: None, cursor: cursor.map(str::to_owned), limit };
    let (found, next) = now(collect(shelf, query, filter)).unwrap();
    assert!(found.iter().all(|reservation| filter.fits(reservation)));
    (found.len(), next)
}

const ALL: Filter<'static> = Filter { status: None, product: None };

#[test]
fn without_a_filter_one_page_of_the_store_is_one_page_of_the_answer() {
    let shelf = shelf(5);
    assert_eq!(collected(&shelf, 3, None, &ALL), (3, Some("3".to_owned())));
    assert_eq!(collected(&shelf, 3, Some("3"), &ALL), (2, None));
    assert_eq!(*shelf.asked.lock().unwrap(), [3, 3]);
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
    assert_eq!(collected(&shelf, 2, None, &filter), (0, Some("20".to_owned())));
    assert_eq!(shelf.asked.lock().unwrap().len(), PAGES_READ);
}

#[test]
fn a_history_begins_with_the_reservation_itself_and_pages_on() {
    let reservation = fixtures::completed();
    let mut shelf = Shelf::of(Vec::new());
    shelf.history = (2..=3).map(|seq| HistoryEntry { seq, ..reservation.reserved_entry() }).collect();
    let page = |after, limit| {
        let (entries, more) = now(entries(&shelf, &reservation, after, limit)).unwrap();
        (entries.iter().map(|entry| entry.seq).collect::<Vec<_>>(), more)
    };
    assert_eq!(page(0, 20), (vec![1, 2, 3], false));
    assert_eq!(page(0, 1), (vec![1], true));
    assert_eq!(page(1, 1), (vec![2], true));
    assert_eq!(page(0, 2), (vec![1, 2], true));
    assert_eq!(page(2, 2), (vec![3], false));
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
fn an_entrys_cursor_reads_back_and_nothing_else_does() {
    assert_eq!(EntryCursor(42).to_string().parse(), Ok(EntryCursor(42)));
    for text in ["", "42", "!", &EntryCursor(0).to_string()] {
        assert_eq!(text.parse::<EntryCursor>(), Err(()), "{text}");
    }
}
