//! A table, queues and clients of one test's own.

use std::env;
use std::thread;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sdk_dynamodb::Client;
use shared::aws::clients::{AwsClients, AwsClientsBuilder};
use shared::aws::{CallCounter, DynamoStore, QueueUrls, SqsQueue};
use tokio::runtime::Builder;

use crate::meter::Meter;
use crate::schema;

/// What a test has to itself, until it ends.
pub(crate) struct World {
    pub(crate) name: String,
    pub(crate) clients: AwsClients,
    pub(crate) store: DynamoStore,
    pub(crate) urls: QueueUrls,
    pub(crate) queue: SqsQueue,
    pub(crate) calls: CallCounter,
    pub(crate) meter: Meter,
}

/// Where the contract is checked.
pub(crate) fn endpoint() -> String {
    let set = |name| env::var(name).ok().filter(|value: &String| !value.is_empty());
    set("AWS_ENDPOINT_URL").unwrap_or_else(|| {
        panic!("no endpoint to check the contract against: run `cargo dev test`, or set AWS_ENDPOINT_URL")
    })
}

/// Whether MiniStack stands at the endpoint: only it knows this address.
pub(crate) async fn is_ministack() -> bool {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let asked = reqwest::get(format!("{}/_ministack/health", endpoint().trim_end_matches('/'))).await;
    asked.is_ok_and(|answer| answer.status() == 200)
}

/// Clients for an endpoint, as anybody.
pub(crate) fn clients_at(endpoint: &str) -> AwsClientsBuilder {
    let credentials = Credentials::from_keys("test", "test", None);
    AwsClientsBuilder::new(env::var("AWS_REGION").unwrap_or("us-east-1".to_owned()), credentials).endpoint(endpoint)
}

impl World {
    pub(crate) async fn new() -> Self {
        let mut world = Self::without_queues().await;
        let urls = QueueUrls {
            fulfilment: Some(create_queue(&world.clients, &world.name, "fulfilment").await),
            results: Some(create_queue(&world.clients, &world.name, "results").await),
            score_checks: Some(create_queue(&world.clients, &world.name, "score-checks").await),
        };
        world.calls.take();
        world.queue = SqsQueue::new(world.clients.clone(), urls.clone());
        world.urls = urls;
        world
    }

    /// All that Amazon's engine alone can hold.
    pub(crate) async fn without_queues() -> Self {
        let name = format!("contract-{:016x}", getrandom::u64().unwrap());
        let (calls, meter) = (CallCounter::default(), Meter::default());
        let clients = clients_at(&endpoint()).interceptor(calls.clone()).interceptor(meter.clone()).build();
        create_table(clients.dynamodb(), &name).await;
        let urls = QueueUrls::default();
        calls.take();
        meter.take();
        Self {
            store: DynamoStore::new(clients.clone(), &name),
            queue: SqsQueue::new(clients.clone(), urls.clone()),
            name,
            clients,
            urls,
            calls,
            meter,
        }
    }

    /// The name of a secret of the test's own.
    pub(crate) fn secret(&self, vendor: &str) -> String {
        format!("hub/{vendor}/{}", self.name)
    }

    async fn take_down(&self) {
        // The world's own clients are bound to the runtime of a test that may have failed.
        let clients = clients_at(&endpoint()).build();
        let _ = clients.dynamodb().delete_table().table_name(&self.name).send().await;
        let urls = [&self.urls.fulfilment, &self.urls.results, &self.urls.score_checks];
        for url in urls.into_iter().flatten() {
            let _ = clients.sqs().delete_queue().queue_url(url).send().await;
        }
        for secret in [self.secret("itep"), self.secret("truenorth")] {
            let delete = clients.secrets().delete_secret().secret_id(secret);
            let _ = delete.force_delete_without_recovery(true).send().await;
        }
    }
}

impl Drop for World {
    /// Takes the world down, whatever came of its test.
    fn drop(&mut self) {
        let take_down = || Builder::new_current_thread().enable_all().build().unwrap().block_on(self.take_down());
        thread::scope(|scope| scope.spawn(take_down).join().ok());
    }
}

/// An engine that starts at its first use may need more than one try.
async fn create_table(client: &Client, name: &str) {
    for tries in 1.. {
        match schema::create(client.create_table().table_name(name)).send().await {
            Ok(_) => break,
            Err(error) if error.as_service_error().is_some_and(|e| e.is_resource_in_use_exception()) => break,
            Err(error) => assert!(tries < 5, "no table at {}: {error:?}", endpoint()),
        }
    }
    for _ in 0..100 {
        let table = client.describe_table().table_name(name).send().await.ok().and_then(|answer| answer.table);
        if table.is_some_and(|table| table.table_status == Some("ACTIVE".into())) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the table {name} does not become active");
}

async fn create_queue(clients: &AwsClients, name: &str, queue: &str) -> String {
    let order = clients.sqs().create_queue().queue_name(format!("{name}-{queue}"));
    order.send().await.unwrap().queue_url.unwrap()
}
