//! One ordinary test of each vendor, from its order to its result, with the vendors' own samples as its documents.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use shared::aws::DynamoStore;
use shared::vendors::itep::webhook::parse_data;
use shared::vendors::truenorth::convert::observed_tests;
use shared_core::domain::ids::Vendor;
use shared_core::domain::limiter::{Caller, Levels, Plan, Priority, plan};
use shared_core::domain::reservation::{Decision, Event, Report, Reservation, Source, Status};
use shared_core::ports::*;
use shared_core::usecases::commit::write;
use test_support::fixtures::TIMEOUTS;

use super::tally::Tally;
use crate::fixtures::*;

pub(super) const TEST: &str = "3279B035APR";

/// A purchase within the request, `Finished`, `Complete`.
pub(super) async fn an_itep_test(tally: &mut Tally<'_>) {
    let store = &tally.world.store;
    let new = calling("k", Vendor::Itep, at(0));
    tally.of("iTEP: reserve", "1 PutItem", reserve(store, &new)).await;
    let ready = tally.of("iTEP: claim and outcome", "2 PutItem", commit(store, confirmed(&new, TEST, at(1)))).await;
    let calls = "1 GetItem + 2 PutItem";
    tally.of("iTEP: Finished report", calls, report(store, &ready, TEST, "Finished", at(50))).await;
    tally.of("iTEP: Complete report", calls, report(store, &ready, TEST, "Complete", at(90))).await;
    let repeated = tally.of("repeated report", "1 GetItem", report(store, &ready, TEST, "Complete", at(99))).await;
    assert_eq!(repeated, None);
    let shown = tally.of("read by id", "1 GetItem", store.reservation(ready.id())).await.unwrap().unwrap();
    assert_eq!((shown.status(), shown.holds_result()), (Status::Completed, true));
}

/// iTEP's sample, of a reservation.
pub(super) fn itep_document(of: &Reservation, test: &str, status: &str) -> Value {
    let mut sample: Value = serde_json::from_str(include_str!("../../../vendor-sim/src/itep/complete.json")).unwrap();
    sample["OID"] = of.id().as_str().into();
    sample["TestID"] = test.into();
    sample["Status"] = status.into();
    sample
}

/// Applies iTEP's sample with a status, as the connector parses it.
pub(super) async fn report(
    store: &impl Store,
    of: &Reservation,
    test: &str,
    status: &str,
    now: Timestamp,
) -> Option<WriteOutcome> {
    let parsed = parse_data(itep_document(of, test, status).to_string().into_bytes()).unwrap();
    let report = Report {
        receipt: Some(format!("{:032}", now.as_second()).parse().unwrap()),
        digest: parsed.raw.digest.clone(),
        reference: parsed.reference,
        observed_at: now,
        status: parsed.status,
        unreadable: parsed.unreadable,
    };
    let read = store.reservation(of.id()).await.unwrap().unwrap();
    apply(store, &read, report, &parsed.raw, Source::VendorWebhook, now).await
}

async fn apply(
    store: &impl Store,
    to: &Reservation,
    report: Report,
    raw: &RawDocument,
    source: Source,
    now: Timestamp,
) -> Option<WriteOutcome> {
    let event = Event::Reported(Box::new(report));
    let Decision::Write(change) = to.apply(&event, source, now, &TIMEOUTS.policy) else { return None };
    Some(write(store, &change, Some(raw)).await.unwrap())
}

/// A purchase and one launch, each in a slot of the rate limit; two polls that see the test go on; the check that its
/// webhook's event leads to.
pub(super) async fn a_truenorth_test(tally: &mut Tally<'_>) {
    let store = &tally.world.store;
    let new = calling("t", Vendor::Truenorth, at(0));
    let id = new.id().clone();
    let mut limiter = Limiter::default();
    tally.of("TrueNorth: reserve", "1 PutItem", reserve(store, &new)).await;
    tally.of("TrueNorth: slot of the purchase", "1 UpdateItem", limiter.book(store, Priority::Purchase, at(0))).await;
    let sold = confirmed(&new, "f8f04710-c569-4afa-9f28-f71cef73f7eb", at(1));
    tally.of("TrueNorth: claim and outcome", "2 PutItem", commit(store, sold)).await;
    let launch = async {
        store.reservation(&id).await.unwrap().unwrap();
        store.count_link(&id, at(20)).await.unwrap();
        limiter.book(store, Priority::Interactive, at(20)).await;
    };
    tally.of("TrueNorth: launch", "1 GetItem + 2 UpdateItem", launch).await;
    let calls = "1 BatchGetItem + 2 PutItem";
    tally.of("TrueNorth: poll sees it begun", calls, poll(store, &new, "InProgress", at(300))).await;
    tally.of("TrueNorth: poll sees it sat", calls, poll(store, &new, "ScorePending", at(600))).await;
    let check = async {
        let read = store.reservation(&id).await.unwrap().unwrap();
        assert!(store.may_look_up(&id, at(700), Duration::from_secs(30)).await.unwrap());
        limiter.book(store, Priority::Background, at(700)).await;
        observe(store, &read, "Completed", at(700)).await
    };
    tally.of("TrueNorth: webhook's check", "1 GetItem + 2 PutItem + 2 UpdateItem", check).await;
    let again = poll(store, &new, "Completed", at(900));
    assert_eq!(tally.of("poll reads a test again", "1 BatchGetItem", again).await, None);
    let shown = store.reservation(&id).await.unwrap().unwrap();
    assert_eq!((shown.status(), shown.holds_result()), (Status::Completed, true));
}

/// The levels that an instance has seen last, as the connector remembers them.
#[derive(Default)]
struct Limiter(Levels);

impl Limiter {
    async fn book(&mut self, store: &DynamoStore, priority: Priority, now: Timestamp) {
        let buyer = client();
        let caller = Caller { priority, client: (priority != Priority::Background).then_some(&buyer) };
        let Plan::Book(booking) = plan(&self.0, caller, now.as_millisecond()) else { panic!("unused") };
        let booked = store.book(&account_name(), &booking).await.unwrap();
        let BookingOutcome::Done(levels) = booked else { panic!("nobody else books: {booked:?}") };
        self.0 = levels;
    }
}

/// What a poll does with a test that it sees.
async fn poll(store: &DynamoStore, of: &Reservation, status: &str, now: Timestamp) -> Option<WriteOutcome> {
    let read = store.reservations(&[of.id().clone()]).await.unwrap();
    observe(store, &read[0], status, now).await
}

/// Applies the document's report of a speaking test, as the connector parses it.
async fn observe(store: &DynamoStore, of: &Reservation, status: &str, now: Timestamp) -> Option<WriteOutcome> {
    let sample = include_str!("../../../../shared/src/vendors/truenorth/samples/score.json");
    let mut user: Value = serde_json::from_str(sample).unwrap();
    let reports = &user["scoreReports"];
    let mut report = reports[if status == "Completed" { 1 } else { 2 }].clone();
    report["userAssessmentId"] = reports[1]["userAssessmentId"].clone();
    report["status"] = status.into();
    user["scoreReports"] = json!([report]);
    user["userId"] = "user".into();
    user["uniqueIdentifier"] = of.id().as_str().into();
    let (_, observed) = observed_tests(serde_json::from_value(user).unwrap(), now).unwrap();
    let [ObservedTest { reference, observed_at, status, unreadable, raw }] = <[_; 1]>::try_from(observed).ok().unwrap();
    let report = Report { receipt: None, digest: raw.digest.clone(), reference, observed_at, status, unreadable };
    apply(store, of, report, &raw, Source::VendorLookup, now).await
}
