//! Items of the table that are not what this code wrote.

use serde_json::{Map, Value, json};
use shared_core::domain::ids::{Account, Mode, Vendor};
use shared_core::ports::{BackendError, Breakers, Quarantine, Store};

use crate::bounds;
use crate::hub::{World, api_key, object};
use crate::vendors::{OURS, ours};
use crate::wire::{RawRequest, attributes};

thread_local! {
    static WORLD: World = World::open();
}

/// How deep DynamoDB lets attributes nest.
const DEPTH_MAX: usize = 32;

/// An item as JSON, below a line that says what it should be.
pub(crate) fn items(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let (kind, item) = text.split_once('\n').unwrap_or(("reservation", &text));
    let Ok(Value::Object(item)) = serde_json::from_str(item) else { return };
    if depth(&Value::from(item.clone())) > DEPTH_MAX {
        return;
    }
    WORLD.with(|world| {
        world.reset();
        let wire = attributes(&item);
        world.books().listed = vec![wire.clone(), wire.clone()];
        let (pk, sk) = place(kind);
        world.books().items.insert((pk, sk.to_owned()), wire);
        match world.run(read(world, kind)) {
            Ok(found) => assert!(!is_newer(&item) || !found, "an item of a newer form was read"),
            Err(outage) => assert!(outage.to_string().len() < 100, "an item is in the error"),
        }
    });
}

fn place(kind: &str) -> (String, &'static str) {
    match kind {
        "key" => (format!("KEY#{:016}", 7), "KEY"),
        "client" => ("CLIENT#acme".to_owned(), "CLIENT"),
        "breaker" => ("ACCOUNT#itep#items".to_owned(), "BREAKER"),
        "claim" => ("REF#itep#items#A1".to_owned(), "REF"),
        _ => (format!("RES#{OURS}"), "RES"),
    }
}

fn is_newer(item: &Map<String, Value>) -> bool {
    item.get("v").and_then(Value::as_u64).is_some_and(|v| (2..=255).contains(&v)) && item.contains_key("doc")
}

/// Reads the item as whoever needs it does, and says whether there is one.
async fn read(world: &World, kind: &str) -> Result<bool, BackendError> {
    let store = &world.hub.store;
    let account = Account { vendor: Vendor::Itep, name: "items".parse().expect("a name") };
    match kind {
        "key" => Ok(store.key(&format!("{:016}", 7)).await?.inspect(bounds::is_stored).is_some()),
        "client" => Ok(store.client(&"acme".parse().expect("a name")).await?.inspect(bounds::is_stored).is_some()),
        "breaker" => {
            let breakers = shared::aws::dynamodb::DynamoBreakers::new(store.clone(), Default::default());
            breakers.breaker(&account).await.map(|breaker| !breaker.is_quiet())
        }
        "claim" => Ok(store.owner(&account, "A1").await?.is_some_and(|_| false)),
        "history" => Ok(!store.filed_entries(&ours(), 0, 20).await?.0.is_empty()),
        "quarantine" => Ok(!store.quarantined(Mode::Live, None, 20).await?.items.is_empty()),
        _ => reservation(world).await,
    }
}

/// What reads as a reservation reads back, and a client can look at it.
async fn reservation(world: &World) -> Result<bool, BackendError> {
    let Some(found) = world.hub.store.reservation(&ours()).await? else { return Ok(false) };
    bounds::is_stored(&found);
    let headers = vec![("authorization".to_owned(), format!("Bearer {}", api_key(1)).into_bytes())];
    let target = format!("/v1/reservations/{OURS}");
    let raw = RawRequest { method: "GET".to_owned(), target, headers, body: Vec::new() };
    let response = provision::handle(&world.hub, raw.lambda().expect("a request")).await;
    assert!(matches!(response.status().as_u16(), 200 | 404 | 429));
    Ok(true)
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or_default(),
        Value::Object(items) => 1 + items.values().map(depth).max().unwrap_or_default(),
        _ => 0,
    }
}

/// Puts a reservation in doubt into the table, for those who need one.
pub(crate) fn stock(world: &World) {
    let sample = include_str!("../corpus/stored_items/reservation.txt");
    let item = sample.split_once('\n').map_or(sample, |(_, item)| item);
    let item = object(serde_json::from_str(item).unwrap_or_else(|_| json!({})));
    world.books().items.insert((format!("RES#{OURS}"), "RES".to_owned()), attributes(&item));
}
