//! What operations cost as the table grows: units must not grow with it. Times are recorded as medians of one run, and
//! nothing rests on them.

use std::collections::BTreeMap;
use std::env;
use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::config::interceptors::BeforeTransmitInterceptorContextMut;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use futures_util::future::join_all;
use reqwest::Client;
use serde_json::{Value, json};
use shared::aws::DynamoStore;
use shared_core::domain::ids::{ReservationId, Vendor};
use shared_core::domain::reservation::{Event, Reservation};
use shared_core::ports::{ListQuery, Store, Worklist};
use test_support::figures;

use super::lives::report;
use super::tally::figure;
use crate::fixtures::*;
use crate::meter::Units;
use crate::world::{World, clients_at, endpoint};

/// The engine alone loads faster than LocalStack passes on to it.
const COMMAND: &str =
    "AWS_ENDPOINT_URL=… ROWS=1000,10000,100000,1000000 cargo test -p suites --test contract -- rows --ignored";

/// How often each operation is measured.
const TIMES: usize = 40;
/// How many reservations make a batch: two items each, of 25.
const LIVES: usize = 12;
/// How many different reservations there are, but for their ids.
const PATTERNS: usize = 240;
/// How many batches are on their way.
const PARALLEL: usize = 4;
/// One reservation in so many is open at TrueNorth.
const OPEN_EVERY: usize = 4;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes: ROWS names the numbers of reservations"]
async fn operations_cost_the_same_however_many_rows_there_are() {
    let sizes = env::var("ROWS").unwrap_or("1000,10000".to_owned());
    let sizes: Vec<usize> = sizes.split(',').map(|size| size.parse().unwrap()).collect();
    let world = World::without_queues().await;
    let (mut loaded, mut columns) = (0, Vec::<(usize, BTreeMap<&str, Line>)>::new());
    for size in sizes {
        load(&world, loaded..size).await;
        loaded = size;
        columns.push((size, measure(&world, size).await));
    }
    let recorded = columns.iter().map(|(size, lines)| {
        let lines: BTreeMap<_, _> = lines.iter().map(|(name, line)| (name, line.figures())).collect();
        json!({"reservations": size, "operations": lines})
    });
    let recorded: Vec<Value> = recorded.collect();
    figures::record("rows", COMMAND, json!({"columns": recorded}));
    let first = &columns[0].1;
    for (size, lines) in &columns {
        for (operation, line) in lines {
            assert_eq!(line.units, first[operation].units, "{operation} at {size} reservations");
        }
    }
}

/// An operation at one size.
struct Line {
    units: Units,
    median: Duration,
}

impl Line {
    fn figures(&self) -> Value {
        let ms = (self.median.as_secs_f64() * 1e4).round() / 10.0;
        json!({"read": figure(self.units.read), "written": figure(self.units.written), "ms": ms})
    }
}

/// Units and median of an operation that is made anew each time.
async fn line<T>(world: &World, mut operation: impl AsyncFnMut(usize) -> T) -> Line {
    let (mut times, mut seen) = (Vec::new(), None);
    for n in 0..TIMES {
        world.meter.take();
        let began = Instant::now();
        operation(n).await;
        times.push(began.elapsed());
        let units = world.meter.take();
        assert_eq!(*seen.get_or_insert(units), units, "the same operation, the same units");
    }
    times.sort();
    Line { units: seen.unwrap(), median: times[TIMES / 2] }
}

async fn measure(world: &World, size: usize) -> BTreeMap<&'static str, Line> {
    let store = &world.store;
    let new: Vec<_> = (0..TIMES).map(|n| calling(&key(size * 10_000 + n), Vendor::Itep, at(0))).collect();
    let mut lines = BTreeMap::new();
    lines.insert("reserve", line(world, async |n| reserve(store, &new[n]).await).await);
    let test = |n: usize| format!("T{size:08}{n:04}");
    let sell = async |n: usize| commit(store, confirmed(&new[n], &test(n), at(1))).await;
    lines.insert("claim and outcome", line(world, sell).await);
    let complete = async |n: usize| report(store, &new[n], &test(n), "Complete", at(90)).await.unwrap();
    lines.insert("report", line(world, complete).await);
    let some = |n: usize| life(n * (size / TIMES)).id().clone();
    let ids: Vec<ReservationId> = (0..TIMES).map(some).collect();
    let read = async |n: usize| store.reservation(&ids[n]).await.unwrap().unwrap();
    lines.insert("read by id", line(world, read).await);
    let query = ListQuery { client: client(), external_id: None, cursor: None, limit: 20 };
    let list = async |_| {
        let page = store.list(&query).await.unwrap();
        assert_eq!(store.reservations(&page.items).await.unwrap().len(), 20);
    };
    lines.insert("list 20", line(world, list).await);
    let sweep = async |_| assert_eq!(store.due(at(80), 100).await.unwrap(), []);
    lines.insert("sweep with nothing due", line(world, sweep).await);
    let open = Worklist::Open(account_name());
    let worklist = async |_| assert_eq!(store.worklist(&open, None, 5).await.unwrap().items.len(), 5);
    lines.insert("worklist, 5 open", line(world, worklist).await);
    lines
}

/// Of the same length for every number.
fn key(n: usize) -> String {
    format!("row-{n:012}")
}

/// A test's id at either vendor.
fn reference(n: usize) -> String {
    format!("{n:08x}-6a0f-4f1e-9a57-1f5ddc1f0a11")
}

/// The n-th reservation of the table: some are open at TrueNorth, the others have iTEP's result. Nothing is due.
fn life(n: usize) -> Reservation {
    let is_open = n.is_multiple_of(OPEN_EVERY);
    let vendor = if is_open { Vendor::Truenorth } else { Vendor::Itep };
    let new = calling(&key(n), vendor, at(0));
    let sold = confirmed(&new, &reference(n), at(1)).after;
    if is_open { sold } else { change(&sold, &Event::Reported(Box::new(graded(&sold))), at(50)).after }
}

/// Writes reservations with their claims: copies of items that the store encoded, each under its own id.
async fn load(world: &World, numbers: Range<usize>) {
    let began = Instant::now();
    let _ = rustls::crypto::ring::default_provider().install_default();
    let patterns = Arc::new(patterns(&world.name).await);
    let loaders = (0..PARALLEL).map(|n| {
        let (patterns, table, numbers) = (patterns.clone(), world.name.clone(), numbers.clone());
        tokio::spawn(async move {
            let http = Client::new();
            for from in numbers.clone().step_by(LIVES).skip(n).step_by(PARALLEL) {
                let items = (from..(from + LIVES).min(numbers.end)).flat_map(|n| patterns[n % PATTERNS].copies(n));
                put_batch(&http, &table, &items.collect::<Vec<_>>()).await;
            }
        })
    });
    join_all(loaders).await.into_iter().for_each(Result::unwrap);
    println!("{} reservations loaded in {:?}", numbers.len(), began.elapsed());
}

/// A reservation's item and its claim's, in DynamoDB's own JSON.
struct Pattern {
    items: [String; 2],
    id: String,
    reference: String,
}

impl Pattern {
    fn copies(&self, n: usize) -> [String; 2] {
        let id = ReservationId::derive(&client(), &key(n));
        let own = |item: &String| item.replace(&self.id, id.as_str()).replace(&self.reference, &reference(n));
        self.items.each_ref().map(own)
    }
}

async fn patterns(table: &str) -> Vec<Pattern> {
    let recorder = Recorder::default();
    let clients = clients_at(&endpoint()).interceptor(recorder.clone()).build();
    let store = DynamoStore::new(clients, table);
    let mut patterns = Vec::new();
    for n in 0..PATTERNS {
        let reservation = life(n);
        let (account, owned) = (&reservation.order.account, reservation.reference.as_ref().unwrap());
        // The recorder lets nothing through, so both fail.
        store.insert(&reservation).await.unwrap_err();
        store.claim(account, owned, reservation.id()).await.unwrap_err();
        let items = std::mem::take(&mut *recorder.0.lock().unwrap()).try_into().unwrap();
        patterns.push(Pattern { items, id: reservation.id().to_string(), reference: reference(n) });
    }
    patterns
}

async fn put_batch(http: &Client, table: &str, items: &[String]) {
    let puts: Vec<_> = items.iter().map(|item| format!("{{\"PutRequest\":{{\"Item\":{item}}}}}")).collect();
    let mut left = format!("{{\"{table}\":[{}]}}", puts.join(","));
    while left != "{}" {
        let request = http
            .post(endpoint())
            .header("x-amz-target", "DynamoDB_20120810.BatchWriteItem")
            .header("content-type", "application/x-amz-json-1.0")
            .header(
                "authorization",
                "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0",
            )
            .body(format!("{{\"RequestItems\":{left}}}"));
        let response = request.send().await.unwrap();
        let status = response.status();
        let answer: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
        assert!(status.is_success(), "{answer}");
        left = answer["UnprocessedItems"].to_string();
    }
}

/// Keeps the items of puts, and lets none of them leave.
#[derive(Debug, Clone, Default)]
struct Recorder(Arc<Mutex<Vec<String>>>);

impl Intercept for Recorder {
    fn name(&self) -> &'static str {
        "Recorder"
    }

    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let body: Value = serde_json::from_slice(context.request().body().bytes().unwrap_or_default())?;
        self.0.lock().unwrap().push(body["Item"].to_string());
        Err("recorded, and not sent".into())
    }
}
