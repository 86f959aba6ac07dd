//! What each operation costs: calls, which must not grow unnoticed, and capacity
//! units, for `shared/README.md`.

use std::fs;
use std::future::Future;
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use shared::aws::{Access, ApiKey};
use shared_core::domain::ids::{Digest, Vendor};
use shared_core::domain::limiter::{Caller, Levels, Plan, Priority, plan};
use shared_core::domain::reservation::{Event, Reservation};
use shared_core::ports::*;

use crate::fixtures::*;
use crate::world::{World, is_ministack};

/// One operation, as it was measured.
struct Line {
    operation: &'static str,
    calls: String,
    units: f64,
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

    fn table(&self) -> String {
        let mut table = "| operation | calls | capacity units |\n| --- | --- | ---: |\n".to_owned();
        for Line { operation, calls, units } in &self.lines {
            table += &format!("| {operation} | {calls} | {units:.1} |\n");
        }
        table
    }
}

#[tokio::test]
async fn operations_cost_what_the_design_allows() {
    let world = World::new().await;
    let mut bill = Bill { world: &world, lines: vec![] };
    buying(&mut bill).await;
    reporting(&mut bill).await;
    reading(&mut bill).await;
    guarding(&mut bill).await;
    publish(&bill).await;
}

async fn buying(bill: &mut Bill<'_>) {
    let store = &bill.world.store;
    let new = calling("k", Vendor::Itep, at(0));
    bill.of("buy: reserve", "1 PutItem", reserve(store, &new)).await;
    let confirmed = confirmed(&new, "3279B035APR", at(1));
    bill.of("buy: outcome, with history and claim", "1 TransactWriteItems", commit(store, confirmed)).await;
    let again = Reservation::queued(order("k", Vendor::Itep), at(2), at(2));
    let found = bill.of("repeated POST: refused reserve", "1 PutItem", store.insert(&again)).await;
    assert!(matches!(found.unwrap(), InsertOutcome::Existing(_)));
}

async fn reporting(bill: &mut Bill<'_>) {
    let (store, itep) = (&bill.world.store, account(Vendor::Itep));
    let owner = bill.of("report: owner of a TestID", "1 GetItem", store.owner(&itep, "3279B035APR")).await;
    let id = owner.unwrap().unwrap();
    let read = bill.of("report: read", "1 GetItem", store.reservation(&id)).await.unwrap().unwrap();
    let change = change(&read, &Event::Reported(Box::new(graded(&read))), at(50));
    let raw = RawDocument { digest: Digest::sha256(b"document"), bytes: vec![b'x'; 3 * 1024] };
    let sent = store.commit(&change, Some(&raw));
    let done = bill.of("report: apply, with history and 3 KiB document", "1 TransactWriteItems", sent).await;
    assert_eq!(done.unwrap(), WriteOutcome::Done);
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
    bill.of("history", "1 Query", store.history(&page.items[0], 0, 100)).await.unwrap();
    let in_doubt = store.worklist(&Worklist::InDoubt, None, 100);
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
    let stranger = ApiKey::generate().unwrap().expose();
    bill.of("API key, unknown", "1 GetItem", access.authenticate(stranger.expose(), at(0))).await.unwrap();
    bill.of("API key, remembered", "none", access.authenticate(stranger.expose(), at(1))).await.unwrap();
}

/// Prints the table, and leaves it where cargo keeps what tests write. MiniStack's
/// numbers for transactions are wrong, so they are not shown.
async fn publish(bill: &Bill<'_>) {
    if is_ministack().await {
        return;
    }
    let table = bill.table();
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("capacity.md");
    fs::write(&path, &table).unwrap();
    // Not through `println!`, which tells nobody while the test passes.
    let report = format!("\n{table}\nkept in {}\n", path.display());
    io::stdout().write_all(report.as_bytes()).unwrap();
}
