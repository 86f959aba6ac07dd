//! Clients and their API keys.

use std::time::Duration;

use jiff::{Timestamp, ToSpan};
use shared::aws::dynamodb::{Accounts, Client, KeyRecord};
use shared::aws::{Access, ApiKey};
use shared_core::domain::ids::{ClientId, Mode};
use shared_core::ports::Polls;

use crate::fixtures::at;
use crate::world::World;

const TTL: Duration = Duration::from_secs(60);

fn company(id: &str) -> Client {
    Client {
        id: id.parse().unwrap(),
        name: format!("The {id} company"),
        accounts: Accounts { itep: vec!["default".parse().unwrap()], truenorth: vec!["default".parse().unwrap()] },
        created_at: at(0),
    }
}

async fn new_key(world: &World, client: &ClientId, created_at: Timestamp) -> (ApiKey, KeyRecord) {
    let key = ApiKey::generate(Mode::Live).unwrap();
    let record = KeyRecord {
        key_id: key.key_id().to_owned(),
        client: client.clone(),
        secret_digest: key.secret_digest(),
        label: Some("website".to_owned()),
        created_at,
        expires_at: None,
        revoked_at: None,
    };
    assert!(world.store.create_key(&record).await.unwrap());
    (key, record)
}

/// The key of a company of its own, and an entrance that remembers nothing yet.
async fn entrance(world: &World) -> (ApiKey, Access) {
    let acme = company("acme");
    world.store.create_client(&acme).await.unwrap();
    let (key, _) = new_key(world, &acme.id, at(0)).await;
    (key, Access::new(world.store.clone(), TTL))
}

async fn opens(access: &Access, key: &ApiKey, now: Timestamp) -> Option<ClientId> {
    access.authenticate(key.expose().expose(), now).await.unwrap().map(|client| client.id)
}

#[tokio::test]
async fn a_key_opens_its_clients_door_and_is_read_once_in_a_ttl() {
    let world = World::new().await;
    let (acme, other) = (company("acme"), company("other"));
    assert!(world.store.create_client(&acme).await.unwrap());
    assert!(world.store.create_client(&other).await.unwrap());
    let (key, _) = new_key(&world, &acme.id, at(0)).await;
    let access = Access::new(world.store.clone(), TTL);
    world.calls.take();
    for second in 0..60 {
        assert_eq!(opens(&access, &key, at(second)).await.as_ref(), Some(&acme.id));
    }
    assert_eq!(world.calls.take().into_iter().collect::<Vec<_>>(), [("GetItem".to_owned(), 2)]);
}

#[tokio::test]
async fn a_revoked_key_stops_working_within_the_ttl() {
    let world = World::new().await;
    let (key, access) = entrance(&world).await;
    assert!(opens(&access, &key, at(0)).await.is_some());
    let revoked = world.store.revoke_key(key.key_id(), at(10)).await.unwrap().unwrap();
    assert_eq!(revoked.revoked_at, Some(at(10)));
    assert_eq!(opens(&access, &key, at(60)).await, None);
    let again = world.store.revoke_key(key.key_id(), at(99)).await.unwrap().unwrap();
    assert_eq!(again.revoked_at, Some(at(10)), "it ended when it ended");
    assert_eq!(world.store.revoke_key("nobodys", at(10)).await.unwrap(), None);
}

#[tokio::test]
async fn what_is_no_key_opens_nothing_and_an_unknown_one_is_asked_for_once() {
    let world = World::new().await;
    let (key, access) = entrance(&world).await;
    world.calls.take();
    for text in ["", "thk_live_", "Bearer x", "thk_live_0123456789abcdef_tooshort"] {
        assert_eq!(access.authenticate(text, at(0)).await.unwrap(), None);
    }
    assert!(world.calls.take().is_empty());
    let stranger = ApiKey::generate(Mode::Live).unwrap();
    for second in 0..10 {
        assert_eq!(opens(&access, &stranger, at(second)).await, None);
    }
    assert_eq!(world.calls.take().get("GetItem"), Some(&1));
    let text = key.expose().into_inner();
    let forged = text[..text.len() - 52].to_owned() + &stranger.expose().expose()[26..];
    assert_ne!(forged, text);
    assert_eq!(access.authenticate(&forged, at(0)).await.unwrap(), None);
}

#[tokio::test]
async fn a_test_key_opens_the_same_door_in_test_mode() {
    let world = World::new().await;
    let acme = company("acme");
    world.store.create_client(&acme).await.unwrap();
    let key = ApiKey::generate(Mode::Test).unwrap();
    let (_, live) = new_key(&world, &acme.id, at(0)).await;
    let record = KeyRecord {
        key_id: key.key_id().to_owned(),
        secret_digest: key.secret_digest(),
        client: acme.id.in_mode(Mode::Test),
        ..live.clone()
    };
    assert!(world.store.create_key(&record).await.unwrap());
    let access = Access::new(world.store.clone(), TTL);
    let client = access.authenticate(key.expose().expose(), at(0)).await.unwrap().unwrap();
    assert_eq!((client.id, client.name), (acme.id.in_mode(Mode::Test), acme.name));
    let names: Vec<_> =
        client.accounts.itep.iter().chain(&client.accounts.truenorth).map(ToString::to_string).collect();
    assert_eq!(names, ["test.default", "test.default"]);
    let swapped = key.expose().expose().replacen("test", "live", 1);
    assert_eq!(access.authenticate(&swapped, at(0)).await.unwrap(), None);
    let keys = world.store.keys(&acme.id).await.unwrap();
    assert!(keys.contains(&live) && keys.contains(&record), "both are the company's: {keys:?}");
}

#[tokio::test]
async fn a_key_expires_by_itself() {
    let world = World::new().await;
    let acme = company("acme");
    world.store.create_client(&acme).await.unwrap();
    let key = ApiKey::generate(Mode::Live).unwrap();
    let (_, mut record) = new_key(&world, &acme.id, at(0)).await;
    record = KeyRecord {
        key_id: key.key_id().to_owned(),
        secret_digest: key.secret_digest(),
        expires_at: Some(at(30)),
        ..record
    };
    assert!(world.store.create_key(&record).await.unwrap());
    let access = Access::new(world.store.clone(), TTL);
    assert!(opens(&access, &key, at(29)).await.is_some());
    assert_eq!(opens(&access, &key, at(30)).await, None);
}

#[tokio::test]
async fn clients_and_keys_are_listed_and_their_ids_are_taken_once() {
    let world = World::new().await;
    let (acme, zeta) = (company("acme"), company("zeta"));
    assert!(world.store.create_client(&zeta).await.unwrap());
    assert!(world.store.create_client(&acme).await.unwrap());
    let impostor = Client { name: "another".to_owned(), ..company("acme") };
    assert!(!world.store.create_client(&impostor).await.unwrap());
    assert_eq!(world.store.clients().await.unwrap(), [acme.clone(), zeta]);
    assert_eq!(world.store.client(&acme.id).await.unwrap(), Some(acme.clone()));
    assert_eq!(world.store.accounts().await.unwrap().len(), 1, "its TrueNorth account is polled");

    let (_, second) = new_key(&world, &acme.id, at(0) + 2.seconds()).await;
    let (_, first) = new_key(&world, &acme.id, at(0) + 1.second()).await;
    assert!(!world.store.create_key(&first).await.unwrap(), "its id is taken");
    let nobodys = KeyRecord { key_id: "k".to_owned(), client: "nobody".parse().unwrap(), ..first.clone() };
    assert!(!world.store.create_key(&nobodys).await.unwrap());
    assert_eq!(world.store.keys(&acme.id).await.unwrap(), [first, second]);
}
