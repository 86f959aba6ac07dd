//! What each operation costs: calls, which must not grow unnoticed, and capacity
//! units, for `shared/README.md`.

use std::future::Future;
use std::io::{self, Write as _};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use shared::aws::{Access, ApiKey};
use shared::vendors::itep::webhook::parse_data;
use shared_core::domain::ids::{Mode, Vendor};
use shared_core::domain::limiter::{Caller, Levels, Plan, Priority, plan};
use shared_core::domain::reservation::{Decision, Event, Lease, Report, Reservation, Source, Status};
use shared_core::ports::*;
use shared_core::usecases::commit::write;
use test_support::figures;
use test_support::fixtures::TIMEOUTS;

use crate::fixtures::*;
use crate::meter::Units;
use crate::world::{World, is_ministack};

const COMMAND: &str = "cargo dev test --backend localstack";

/// What an ordinary iTEP test may write: buy, Finished, Complete.
const WRITE_UNITS_MAX: f64 = 20.0;

/// One operation, as it was measured.
struct Line {
    operation: &'static str,
    calls: String,
    units: Units,
}

/// Measures operations one after the other.
struct Bill<'a> {
    world: &'a World,
    lines: Vec<Line>,
}

impl Bill<'_> {
    async fn of<T>(&mut self, operation: &'static str, expected: &str, work: impl Future<Output = T>) -> T {
        self.world.calls.take();
        self.world.meter.take();
        let outcome = work.await;
        let calls: Vec<_> = self.world.calls.take().iter().map(|(name, count)| format!("{count} {name}")).collect();
        let calls = if calls.is_empty() { "none".to_owned() } else { calls.join(" + ") };
        assert_eq!(calls, expected, "{operation}");
        self.lines.push(Line { operation, calls, units: self.world.meter.take() });
        outcome
    }

    /// The units of the operations whose names begin so.
    fn sum(&self, prefix: &str) -> Units {
        let lines = self.lines.iter().filter(|line| line.operation.starts_with(prefix));
        lines.fold(Units::default(), |sum, Line { units, .. }| Units {
            read: sum.read + units.read,
            written: sum.written + units.written,
        })
    }
}

#[tokio::test]
async fn operations_cost_what_the_design_allows() {
    let world = World::new().await;
    let mut bill = Bill { world: &world, lines: vec![] };
    an_itep_test(&mut bill).await;
    buying(&mut bill).await;
    reading(&mut bill).await;
    guarding(&mut bill).await;
    publish(&bill).await;
}

/// An ordinary test, with iTEP's own sample as its documents.
async fn an_itep_test(bill: &mut Bill<'_>) {
    let store = &bill.world.store;
    let new = calling("k", Vendor::Itep, at(0));
    bill.of("iTEP: reserve", "1 PutItem", reserve(store, &new)).await;
    let ready = bill.of("iTEP: claim and outcome", "2 PutItem", commit(store, confirmed(&new, TEST, at(1)))).await;
    let calls = "1 GetItem + 2 PutItem";
    bill.of("iTEP: Finished report", calls, report(store, &ready, "Finished", at(50))).await;
    bill.of("iTEP: Complete report", calls, report(store, &ready, "Complete", at(90))).await;
    let repeated = bill.of("repeated report", "1 GetItem", report(store, &ready, "Complete", at(99))).await;
    assert_eq!(repeated, None);
    let shown = store.reservation(ready.id()).await.unwrap().unwrap();
    assert_eq!((shown.status(), shown.holds_result()), (Status::Completed, true));
}

const TEST: &str = "3279B035APR";

/// Applies iTEP's sample with a status, as the connector parses it.
async fn report(store: &impl Store, of: &Reservation, status: &str, now: Timestamp) -> Option<WriteOutcome> {
    let mut sample: Value = serde_json::from_str(include_str!("../../vendor-sim/src/itep/complete.json")).unwrap();
    sample["OID"] = of.id().as_str().into();
    sample["TestID"] = TEST.into();
    sample["Status"] = status.into();
    let parsed = parse_data(sample.to_string().into_bytes()).unwrap();
    let report = Report {
        receipt: Some(format!("{:032}", now.as_second()).parse().unwrap()),
        digest: parsed.raw.digest.clone(),
        reference: parsed.reference,
        observed_at: now,
        status: parsed.status,
        unreadable: parsed.unreadable,
    };
    let read = store.reservation(of.id()).await.unwrap().unwrap();
    let event = Event::Reported(Box::new(report));
    let Decision::Write(change) = read.apply(&event, Source::VendorWebhook, now, &TIMEOUTS.policy) else { return None };
    Some(write(store, &change, Some(&parsed.raw)).await.unwrap())
}

async fn buying(bill: &mut Bill<'_>) {
    let store = &bill.world.store;
    let again = Reservation::queued(order("k", Vendor::Itep), at(2), at(2));
    let found = bill.of("repeated order", "1 PutItem", store.insert(&again)).await;
    assert!(matches!(found.unwrap(), InsertOutcome::Existing(_)));
    let owner = store.owner(&again.order.account, TEST);
    bill.of("find the owner of a TestID", "1 GetItem", owner).await.unwrap().unwrap();
    let queued = Reservation::queued(order("queued", Vendor::Truenorth), at(2), at(2));
    bill.of("TrueNorth: reserve for later", "1 PutItem", reserve(store, &queued)).await;
    let lease = Lease { holder: "worker".to_owned(), until: at(90) };
    let started = change(&queued, &Event::CallStarted(lease), at(3));
    let calling = bill.of("TrueNorth: take the lease", "1 PutItem", commit(store, started)).await;
    let sold = confirmed(&calling, "b5f0e4a2-6a0f-4f1e-9a57-1f5ddc1f0a11", at(4));
    bill.of("TrueNorth: claim and outcome", "2 PutItem", commit(store, sold)).await;
}

async fn reading(bill: &mut Bill<'_>) {
    let store = &bill.world.store;
    for n in 0..20 {
        reserve(store, &Reservation::queued(order(&format!("q{n}"), Vendor::Itep), at(1000 + n), at(n))).await;
    }
    bill.of("sweep with nothing due", "4 Query", store.due(at(500), 100)).await.unwrap();
    bill.of("sweep with 20 due", "4 Query", store.due(at(2000), 100)).await.unwrap();
    let query = ListQuery { client: client(), external_id: None, cursor: None, limit: 20 };
    let page = bill.of("list 20: index", "1 Query", store.list(&query)).await.unwrap();
    bill.of("list 20: reservations", "1 BatchGetItem", store.reservations(&page.items)).await.unwrap();
    bill.of("history, filed entries", "1 Query", store.filed_entries(&page.items[0], 0, 100)).await.unwrap();
    let in_doubt = store.worklist(&Worklist::InDoubt(Mode::Live), None, 100);
    bill.of("worklist, empty", "1 Query", in_doubt).await.unwrap();
    let first = store.reservation(&page.items[0]).await.unwrap().unwrap();
    bill.of("postpone", "1 UpdateItem", store.postpone(&first, at(3000))).await.unwrap();
}

async fn guarding(bill: &mut Bill<'_>) {
    let (store, account) = (&bill.world.store, account_name());
    let buyer = client();
    let caller = Caller { priority: Priority::Purchase, client: Some(&buyer) };
    let Plan::Book(booking) = plan(&Levels::default(), caller, at(0).as_millisecond()) else { panic!("unused") };
    bill.of("TrueNorth call: book a slot", "1 UpdateItem", store.book(&account, &booking)).await.unwrap();
    bill.of("poll: begin", "1 UpdateItem", store.begin(&account, at(0), at(60))).await.unwrap();
    let mark = PollMark { seen_to: Some(at(0)), cursor: None };
    bill.of("poll: end", "1 UpdateItem", store.end(&account, &mark)).await.unwrap();
    let id = order("k", Vendor::Itep).id;
    let stamp = store.may_look_up(&id, at(0), Duration::from_secs(30));
    bill.of("look-up stamp", "1 UpdateItem", stamp).await.unwrap();
    bill.of("count a link", "1 UpdateItem", store.count_link(&id, at(0))).await.unwrap();
    let access = Access::new(store.clone(), Duration::from_secs(60));
    let stranger = ApiKey::generate(Mode::Live).unwrap().expose();
    bill.of("API key, unknown", "1 GetItem", access.authenticate(stranger.expose(), at(0))).await.unwrap();
    bill.of("API key, remembered", "none", access.authenticate(stranger.expose(), at(1))).await.unwrap();
}

/// Prints the units, and records them for the documents. MiniStack does not count as Amazon does.
async fn publish(bill: &Bill<'_>) {
    if is_ministack().await {
        return;
    }
    let mut table = "| operation | calls | read units | write units |\n| --- | --- | ---: | ---: |\n".to_owned();
    let mut operations = serde_json::Map::new();
    for Line { operation, calls, units } in &bill.lines {
        table += &format!("| {operation} | {calls} | {:.1} | {:.1} |\n", units.read, units.written);
        operations.insert(
            (*operation).to_owned(),
            json!({"calls": calls, "read": figure(units.read), "written": figure(units.written)}),
        );
    }
    let test = bill.sum("iTEP: ");
    table += &format!("| an ordinary iTEP test | | {:.1} | {:.1} |\n", test.read, test.written);
    // Not through `println!`, which tells nobody while the test passes.
    io::stdout().write_all(format!("\n{table}\n").as_bytes()).unwrap();
    figures::write("cost.md", &format!("# What each operation costs\n\nRecorded by `{COMMAND}`.\n\n{table}"));
    let sum = json!({"read": figure(test.read), "written": figure(test.written)});
    figures::record("cost", COMMAND, json!({"operations": operations, "ordinary_itep_test": sum}));
    assert!(test.written <= WRITE_UNITS_MAX, "an ordinary iTEP test writes {} units", test.written);
}

/// Half units are rare: whole ones are written as such.
fn figure(units: f64) -> Value {
    if units.fract() == 0.0 { json!(units as u64) } else { json!(units) }
}
