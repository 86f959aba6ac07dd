//! What older commits stored and sent, read and changed by today's code.
//!
//! `older/<commit>/items.json` and `messages.json` are what that commit's functions and
//! `hubctl` wrote on a stack of their own, against the simulated vendors. `expected.json`
//! says, in the same order, what that commit's own code read in them; where it had another
//! word or none (123bd2f of a receipt's sender), what today's code is to make of it.

mod read;

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use shared_core::domain::ids::{ReservationId, VendorReference};
use shared_core::domain::reservation::{CallOutcome, Event, Report, Reservation, Status};
use shared_core::ports::Store;

use crate::fixtures::*;
use crate::world::World;
use read::{normalize, read_item, read_message};

pub(crate) type Attributes = HashMap<String, AttributeValue>;

/// What a release left behind.
pub(crate) struct Stored {
    pub(crate) release: &'static str,
    pub(crate) items: &'static str,
    pub(crate) messages: &'static str,
    pub(crate) expected: &'static str,
}

macro_rules! older {
    ($commit:literal) => {
        Stored {
            release: $commit,
            items: include_str!(concat!("older/", $commit, "/items.json")),
            messages: include_str!(concat!("older/", $commit, "/messages.json")),
            expected: include_str!(concat!("older/", $commit, "/expected.json")),
        }
    };
}

const OLDER: [Stored; 2] = [older!("123bd2f"), older!("5e23e69")];

#[tokio::test]
async fn items_of_older_commits_are_read_as_they_were_meant() {
    for older in OLDER {
        older.items_are_read().await;
    }
}

#[tokio::test]
async fn reservations_of_older_commits_take_todays_events() {
    type NextEvent = fn(&Reservation, Timestamp) -> Event;
    let sold: NextEvent = |reservation, _| {
        let outcome = CallOutcome::Confirmed { reference: VendorReference::itep("3279B035APR"), launch: None };
        Event::CallEnded { call_no: reservation.calls, outcome }
    };
    let graded: NextEvent =
        |reservation, now| Event::Reported(Box::new(Report { observed_at: now, ..graded(reservation) }));
    let events: [(&str, NextEvent, Status); 6] = [
        ("queued-itep-vendor-unreachable", |_, _| Event::Cancel, Status::Cancelled),
        ("calling-itep-sealed", sold, Status::Ready),
        ("in-doubt-itep-resent-sold-reference-unknown", |_, _| Event::GivenUp, Status::Rejected),
        ("ready-truenorth", |_, _| Event::Cancel, Status::Cancelled),
        ("in-progress-truenorth", graded, Status::Completed),
        ("completed-truenorth-grammar", graded, Status::Completed),
    ];
    let now: Timestamp = "2026-11-26T00:00:00Z".parse().unwrap();
    for older in OLDER {
        let world = World::new().await;
        let items = older.put_items(&world).await;
        for (name, event, status) in events {
            let context = format!("{} {name}", older.release);
            let (_, expected) = items.iter().find(|(_, expected)| expected["name"] == name).expect(&context);
            let id: ReservationId = serde_json::from_value(expected["id"].clone()).unwrap();
            let before = world.store.reservation(&id).await.expect(&context).expect(&context);
            let change = change(&before, &event(&before, now), now);
            let after = commit(&world.store, change.clone()).await;
            assert_eq!((after.status(), change.is_applied()), (status, true), "{context}");
            assert_eq!(world.store.reservation(&id).await.unwrap(), Some(after), "{context}");
            let history = history(&world.store, &id, before.seq, 10).await;
            assert_eq!(history, (vec![change.entry], false), "{context}");
        }
    }
}

#[tokio::test]
async fn messages_of_older_commits_are_taken_as_they_were_meant() {
    for older in OLDER {
        older.messages_are_read().await;
    }
}

impl Stored {
    pub(crate) async fn items_are_read(&self) {
        let (world, mut wrong) = (World::new().await, Vec::new());
        for (item, mut expected) in self.put_items(&world).await {
            let read = read_item(&world.store, &expected).await.unwrap_or_else(|error| json!(format!("{error:?}")));
            let document = item.get("doc").cloned().map(serde_dynamo::from_attribute_value);
            expect_whole(&mut expected, document.and_then(Result::ok));
            let name = format!("{} {} {} {}", self.release, expected["name"], expected["pk"], expected["sk"]);
            wrong.extend(compare(&name, &expected, &read));
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    pub(crate) async fn messages_are_read(&self) {
        #[derive(Deserialize)]
        struct Message {
            queue: String,
            body: Box<RawValue>,
        }
        let messages: Vec<Message> = serde_json::from_str(self.messages).unwrap();
        let mut wrong = Vec::new();
        for (n, (message, mut expected)) in messages.iter().zip(self.expected("messages")).enumerate() {
            let Message { queue, body } = message;
            let read = read_message(queue, body.get(), &expected).await;
            expect_whole(&mut expected, serde_json::from_str(body.get()).ok());
            wrong.extend(compare(&format!("{}: message {n} of {queue}", self.release), &expected, &read));
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    /// Puts the items into the table as they are; returns each with what it says.
    pub(crate) async fn put_items(&self, world: &World) -> Vec<(Attributes, Value)> {
        let items: Vec<serde_dynamo::Item> = serde_json::from_str(self.items).unwrap();
        let items: Vec<Attributes> = items.into_iter().map(Into::into).collect();
        for item in &items {
            put_item(world, item.clone()).await;
        }
        items.into_iter().zip(self.expected("items")).collect()
    }

    fn expected(&self, of: &str) -> Vec<Value> {
        let mut expected: Value = serde_json::from_str(self.expected).unwrap();
        serde_json::from_value(expected[of].take()).unwrap()
    }
}

pub(crate) async fn put_item(world: &World, item: Attributes) {
    let put = world.clients.dynamodb().put_item().table_name(&world.name).set_item(Some(item));
    put.send().await.unwrap();
}

/// Nothing is lost in reading: written again, it is the same. Receipts without a word for
/// their sender are written otherwise, and messages that are done once they are processed
/// need not be (`"whole": false`).
fn expect_whole(expected: &mut Value, whole: Option<Value>) {
    let Some(whole) = whole else { return };
    if expected["whole"] == false {
        expected["whole"] = json!(true);
        return;
    }
    let receipt = if whole["kind"] == "receipt" { &whole } else { &whole["receipt"] };
    if receipt.is_null() || !receipt["authenticated"].is_null() {
        expected["whole"] = normalize(whole);
    }
}

/// What differs, field by field. Of a part that is there `true` is expected.
fn compare(name: &str, expected: &Value, read: &Value) -> Vec<String> {
    if !read.is_object() {
        return vec![format!("{name} is {read}")];
    }
    let labels = ["pk", "sk", "kind", "name", "queue"];
    let fields = expected.as_object().unwrap().iter().filter(|(field, _)| !labels.contains(&field.as_str()));
    let differs = |(field, expected): (&String, &Value)| {
        let part = &read[field];
        let is_same = match (expected, part) {
            (Value::Bool(is_there), Value::Null | Value::Object(_) | Value::String(_)) => *is_there != part.is_null(),
            _ => expected == part,
        };
        (!is_same).then(|| format!("{name}: {field} is {part}, not {expected}"))
    };
    fields.filter_map(differs).collect()
}
