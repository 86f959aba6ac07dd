//! What a later release might store and send, read, changed and written by today's code:
//! so that a release can be rolled back.
//!
//! `later/items.json` and `messages.json` have words that today's code does not know, and
//! an attribute `later` wherever one may be added; `expected.json` is as with
//! [`older`](crate::older). The item in `refused.json` is in a state of its own.

use jiff::Timestamp;
use serde_json::{Value, json};
use shared::aws::dynamodb::DynamoBreakers;
use shared::aws::message::{self, InvalidMessage};
use shared_core::domain::breaker::OperatorAction;
use shared_core::domain::ids::{Account, Mode, ReservationId};
use shared_core::domain::reservation::{Event, Report, ReportedStatus, Reservation};
use shared_core::ports::{
    BackendError, Breakers, Dismissal, ErrorChain, Quarantine, Quarantined, ReplaceOutcome, ScoreCheck, Store,
};

use crate::fixtures::*;
use crate::older::{Attributes, Stored, put_item};
use crate::world::World;

const LATER: Stored = Stored {
    release: "later",
    items: include_str!("later/items.json"),
    messages: include_str!("later/messages.json"),
    expected: include_str!("later/expected.json"),
};

#[tokio::test]
async fn items_of_a_later_release_are_read_and_written_as_they_are() {
    LATER.items_are_read().await;
}

#[tokio::test]
async fn messages_of_a_later_release_are_taken() {
    LATER.messages_are_read().await;
}

/// What `later` says, wherever it stands but in the newest history entries.
fn unknown(at: &str, value: &Value, found: &mut Vec<(String, Value)>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields.iter().filter(|(name, _)| *name != "recent") {
                let at = format!("{at}/{name}");
                if name == "later" { found.push((at, value.clone())) } else { unknown(&at, value, found) }
            }
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(n, item)| unknown(&format!("{at}/{n}"), item, found))
        }
        _ => {}
    }
}

fn all_unknown(document: &impl serde::Serialize) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    unknown("", &json!(document), &mut found);
    found
}

async fn stored(world: &World, items: &[(Attributes, Value)], name: &str) -> Reservation {
    let (_, expected) = items.iter().find(|(_, expected)| expected["name"] == name).expect(name);
    let id: ReservationId = serde_json::from_value(expected["id"].clone()).unwrap();
    world.store.reservation(&id).await.unwrap().expect(name)
}

#[tokio::test]
async fn what_a_later_release_added_is_still_there_after_a_report() {
    let world = World::new().await;
    let items = LATER.put_items(&world).await;
    let now: Timestamp = "2026-11-26T00:00:00Z".parse().unwrap();
    let says = |status: ReportedStatus, before: &Reservation| {
        Event::Reported(Box::new(Report { observed_at: now, status, unreadable: Vec::new(), ..graded(before) }))
    };
    let completed = |before: &Reservation| says(graded(before).status, before);
    let invalidated = |before: &Reservation| says(ReportedStatus::Invalidated, before);
    type NextEvent<'a> = &'a dyn Fn(&Reservation) -> Event;
    let events: [(&str, NextEvent<'_>, usize); 5] = [
        ("queued-for-an-unknown-reason", &|_| Event::Cancel, 4),
        ("in-doubt-for-an-unknown-reason", &|_| Event::GivenUp, 8),
        ("in-progress-with-an-unknown-history", &completed, 4),
        ("under-review-for-an-unknown-reason", &invalidated, 5),
        ("completed-with-unknown-skills-and-scales", &invalidated, 33),
    ];
    for (name, event, count) in events {
        let before = stored(&world, &items, name).await;
        assert_eq!(all_unknown(&before).len(), count, "{name}");
        let change = change(&before, &event(&before), now);
        assert!(change.is_applied(), "{name}");
        let after = commit(&world.store, change.clone()).await;
        let read = world.store.reservation(before.id()).await.unwrap().expect(name);
        assert_eq!(read, after, "{name}");
        assert_eq!(all_unknown(&read), all_unknown(&before), "{name}");
        let lines = history(&world.store, before.id(), before.seq - before.recent.len() as u64, 10).await.0;
        assert_eq!(lines, [before.recent, vec![change.entry]].concat(), "{name}");
    }
}

#[tokio::test]
async fn what_a_later_release_added_is_still_there_after_an_operators_word() {
    let world = World::new().await;
    LATER.put_items(&world).await;
    let kept = world.store.quarantined(Mode::Live, None, 10).await.unwrap().items.remove(0);
    let dismissed = Some(Dismissal { by: "bob".to_owned(), ..kept.dismissed.clone().unwrap() });
    let handled = Quarantined { dismissed, ..kept.clone() };
    world.store.mark_handled(&handled).await.unwrap();
    let read = world.store.quarantined(Mode::Live, None, 10).await.unwrap().items.remove(0);
    assert_eq!((all_unknown(&read).len(), all_unknown(&read)), (4, all_unknown(&kept)));
    assert_eq!(read, handled);

    let (account, breakers) = (of_the_breaker(), DynamoBreakers::new(world.store.clone(), Default::default()));
    let before = breakers.breaker(&account).await.unwrap();
    let paused = before.pause(OperatorAction::new("ann", at(0))).unwrap();
    assert_eq!(breakers.replace(&account, &paused).await.unwrap(), ReplaceOutcome::Done);
    let read = breakers.breaker(&account).await.unwrap();
    assert_eq!((all_unknown(&read).len(), all_unknown(&read)), (3, all_unknown(&before)));
}

fn of_the_breaker() -> Account {
    Account { vendor: "itep".parse().unwrap(), name: "t26430-7".parse().unwrap() }
}

fn says(error: BackendError) -> String {
    ErrorChain(&error).to_string()
}

#[tokio::test]
async fn a_state_of_a_later_release_is_refused_and_not_guessed_at() {
    let world = World::new().await;
    let item: serde_dynamo::Item = serde_json::from_str(include_str!("later/refused.json")).unwrap();
    let mut item: Attributes = item.into();
    let id: ReservationId = item["pk"].as_s().unwrap().strip_prefix("RES#").unwrap().parse().unwrap();
    put_item(&world, item.clone()).await;
    let clear = "unsupported item version 2: deploy the release that wrote it";
    let refused = says(world.store.reservation(&id).await.unwrap_err());
    assert!(refused.contains(clear), "{refused}");
    let refused = says(world.store.reservations(std::slice::from_ref(&id)).await.unwrap_err());
    assert!(refused.contains(clear), "{refused}");
    item.insert("v".to_owned(), aws_sdk_dynamodb::types::AttributeValue::N("1".to_owned()));
    put_item(&world, item).await;
    assert!(world.store.reservation(&id).await.is_err(), "a state without its version");
}

#[test]
fn a_message_of_a_later_version_is_refused_and_not_guessed_at() {
    let check = json!({ "v": 2, "account": "default", "reservation_id": "res_xa434hkztv3mdghd8qhd54bqd0",
        "reason": "webhook" });
    let refused = message::parse::<ScoreCheck>(&check.to_string());
    assert_eq!(refused, Err(InvalidMessage::UnknownVersion(2)));
}
