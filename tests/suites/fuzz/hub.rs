//! A whole hub in this process. What it calls, AWS and the vendors, is a server that
//! keeps items in memory and refuses what DynamoDB would refuse.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_credential_types::Credentials;
use serde_json::{Value, json};
use shared::aws::clients::AwsClientsBuilder;
use shared::aws::sqs::{QueueUrls, SqsQueue};
use shared::hub::{Hub, Vendors};
use shared::settings::Settings;
use shared::vendors::CallTimeouts;
use test_support::fixtures::TIMEOUTS;
use tokio::runtime::{Builder, Runtime};

use crate::aws;
use crate::server::serve;

/// The hub, its books, and the runtime that it runs on.
pub(crate) struct World {
    pub(crate) hub: Hub<Vendors>,
    books: Arc<Mutex<Books>>,
    runtime: Runtime,
}

/// What stands in for AWS and the vendors.
#[derive(Default)]
pub(crate) struct Books {
    /// Items in the wire format, by partition and sort key.
    pub(crate) items: HashMap<(String, String), Value>,
    /// What a query answers with.
    pub(crate) listed: Vec<Value>,
    pub(crate) sent: Vec<String>,
    /// How many tests were sold.
    pub(crate) sold: usize,
    /// What AWS would have refused.
    pub(crate) refused: Vec<String>,
    pub(crate) address: String,
}

impl World {
    pub(crate) fn open() -> Self {
        let books = Arc::new(Mutex::new(Books::default()));
        let kept = Arc::clone(&books);
        let address = serve(move |asked| aws::answer(&mut locked(&kept), asked));
        locked(&books).address.clone_from(&address);
        let clients = AwsClientsBuilder::new("eu-central-1", Credentials::from_keys("local", "local", None));
        let clients = clients.endpoint(address.clone()).build();
        let mut hub = Hub::<Vendors>::new(settings(), clients.clone());
        let url = |name: &str| Some(format!("{address}/{name}"));
        let urls =
            QueueUrls { fulfilment: url("fulfilment"), results: url("results"), score_checks: url("score-checks") };
        hub.queue = SqsQueue::new(clients, urls);
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        Self { hub, books, runtime }
    }

    pub(crate) fn books(&self) -> MutexGuard<'_, Books> {
        locked(&self.books)
    }

    /// Forgets everything that was written, sent and sold.
    pub(crate) fn reset(&self) {
        let mut books = self.books();
        let address = std::mem::take(&mut books.address);
        *books = Books { address, ..Books::default() };
    }

    pub(crate) fn run<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    /// Nothing that AWS would refuse was sent to it.
    pub(crate) fn nothing_refused(&self) {
        assert_eq!(self.books().refused, Vec::<String>::new());
    }
}

fn locked(books: &Mutex<Books>) -> MutexGuard<'_, Books> {
    books.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The template's times, with caches that outlive the run.
fn settings() -> Settings {
    let long = Duration::from_secs(600 * 60);
    Settings {
        table: "table".to_owned(),
        timeouts: TIMEOUTS,
        call_timeouts: CallTimeouts { connect: Duration::from_secs(3), whole: TIMEOUTS.call },
        secret_ttl: long,
        key_ttl: long,
        breaker_ttl: long,
    }
}

/// The key of a client: each has 200 requests before the API slows it down.
pub(crate) fn api_key(client: usize) -> String {
    format!("thk_live_{client:016}_{SECRET}")
}

pub(crate) const SECRET: &str = "0123456789abcdefghjkmnpqrstvwxyz0123456789abcdefghjk";

/// A JSON object that is no object is a mistake of the targets.
pub(crate) fn object(value: Value) -> serde_json::Map<String, Value> {
    match value {
        Value::Object(map) => map,
        other => json!({ "value": other }).as_object().cloned().unwrap_or_default(),
    }
}
