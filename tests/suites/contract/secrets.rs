//! Secrets are fetched once in a while.

use std::time::Duration;

use futures_util::future::join_all;
use shared::aws::{CallCounter, SecretCache};
use shared_core::ports::Secrets;

use crate::world::{World, clients_at, endpoint};

async fn put(world: &World, name: &str, text: &str) {
    let secrets = world.clients.secrets();
    if secrets.create_secret().name(name).secret_string(text).send().await.is_err() {
        secrets.put_secret_value().secret_id(name).secret_string(text).send().await.unwrap();
    }
}

async fn read(cache: &SecretCache, name: &str) -> Option<String> {
    cache.secret(name).await.unwrap().map(|text| text.expose().clone())
}

#[tokio::test]
async fn a_secret_is_fetched_once_in_a_ttl_however_many_ask() {
    let world = World::new().await;
    let name = world.secret("itep");
    put(&world, &name, "first").await;
    let cache = SecretCache::new(world.clients.clone(), Duration::from_secs(2));
    world.calls.take();
    let all = join_all((0..100).map(|_| read(&cache, &name))).await;
    assert!(all.iter().all(|text| text.as_deref() == Some("first")));
    assert_eq!(world.calls.take().get("GetSecretValue"), Some(&1));
    put(&world, &name, "second").await;
    assert_eq!(read(&cache, &name).await.as_deref(), Some("first"));
    tokio::time::sleep(Duration::from_millis(2_100)).await;
    assert_eq!(read(&cache, &name).await.as_deref(), Some("second"));
}

#[tokio::test]
async fn a_secret_that_does_not_exist_is_absent_and_no_outage() {
    let world = World::new().await;
    let name = world.secret("truenorth");
    let cache = SecretCache::new(world.clients.clone(), Duration::from_secs(1));
    assert_eq!(read(&cache, &name).await, None);
    put(&world, &name, "there now").await;
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    assert_eq!(read(&cache, &name).await.as_deref(), Some("there now"));
}

/// A door to the endpoint that can be shut.
async fn door() -> (String, tokio::task::JoinHandle<()>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let behind = endpoint().trim_start_matches("http://").trim_end_matches('/').to_owned();
    let task = tokio::spawn(async move {
        let mut through = tokio::task::JoinSet::new();
        while let Ok((mut caller, _)) = listener.accept().await {
            let behind = behind.clone();
            through.spawn(async move {
                if let Ok(mut called) = tokio::net::TcpStream::connect(behind).await {
                    let _ = tokio::io::copy_bidirectional(&mut caller, &mut called).await;
                }
            });
        }
    });
    (address, task)
}

#[tokio::test]
async fn a_stale_secret_is_better_than_none() {
    let world = World::new().await;
    let name = world.secret("itep");
    put(&world, &name, "known").await;
    let (address, door) = door().await;
    let calls = CallCounter::default();
    let clients = clients_at(&address).interceptor(calls.clone()).build();
    let cache = SecretCache::new(clients, Duration::from_millis(100));
    assert_eq!(read(&cache, &name).await.as_deref(), Some("known"));
    door.abort();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(read(&cache, &name).await.as_deref(), Some("known"));
    let tried = calls.take();
    assert_eq!(read(&cache, &name).await.as_deref(), Some("known"));
    assert!(tried["GetSecretValue"] > 1 && calls.take().is_empty(), "a failure is not repeated at once");
    assert!(cache.secret("hub/itep/never-read").await.is_err());
}
