//! Wires the hub together from its environment, for each function's `main`.

use shared_core::domain::ids::Account;
use shared_core::domain::timeouts::Timeouts;
use shared_core::ports::{Env, VendorApi, VendorEnv, WebhookEnv};

use crate::aws::access::Access;
use crate::aws::clients::{AwsClients, MissingVariable};
use crate::aws::dynamodb::{DynamoBreakers, DynamoStore};
use crate::aws::secrets::SecretCache;
use crate::aws::sqs::SqsQueue;
use crate::clock::SystemClock;
use crate::settings::{InvalidSetting, Settings};
use crate::telemetry::MetricAlerts;
use crate::vendors::Connectors;

/// The hub as a function holds it: everything is made once and lazily, so that an
/// invocation pays for what it uses only. `V` is what it knows of the vendors: nothing,
/// the [`SecretCache`] that authenticates their webhooks, or [`Vendors`]. A function
/// links no more than that.
pub struct Hub<V = ()> {
    pub settings: Settings,
    pub store: DynamoStore,
    pub queue: SqsQueue,
    pub vendor_access: V,
    pub access: Access,
    pub alerts: MetricAlerts,
    pub clock: SystemClock,
}

/// What it takes to speak to the vendors.
pub struct Vendors {
    secrets: SecretCache,
    connectors: Connectors<SecretCache, DynamoStore, SystemClock>,
    breakers: DynamoBreakers,
}

/// What a function can be told of the vendors.
pub trait FromAws {
    fn from_aws(clients: &AwsClients, store: &DynamoStore, settings: &Settings) -> Self;
}

impl FromAws for () {
    fn from_aws(_: &AwsClients, _: &DynamoStore, _: &Settings) {}
}

impl FromAws for SecretCache {
    fn from_aws(clients: &AwsClients, _: &DynamoStore, settings: &Settings) -> Self {
        SecretCache::new(clients.clone(), settings.secret_ttl)
    }
}

impl FromAws for Vendors {
    fn from_aws(clients: &AwsClients, store: &DynamoStore, settings: &Settings) -> Self {
        let secrets = SecretCache::from_aws(clients, store, settings);
        Self {
            connectors: Connectors::new(secrets.clone(), store.clone(), SystemClock, settings.call_timeouts),
            breakers: DynamoBreakers::new(store.clone(), settings.breaker_ttl),
            secrets,
        }
    }
}

impl<V: FromAws> Hub<V> {
    /// The hub as the environment describes it.
    ///
    /// # Errors
    /// A variable is missing or cannot be read.
    pub fn from_env() -> Result<Self, SetUpError> {
        Ok(Self::new(Settings::from_env()?, AwsClients::from_env()?))
    }

    pub fn new(settings: Settings, clients: AwsClients) -> Self {
        let store = DynamoStore::new(clients.clone(), settings.table.clone());
        Self {
            vendor_access: V::from_aws(&clients, &store, &settings),
            queue: SqsQueue::from_env(clients),
            access: Access::new(store.clone(), settings.key_ttl),
            store,
            settings,
            alerts: MetricAlerts,
            clock: SystemClock,
        }
    }
}

impl<V: Sync> Env for Hub<V> {
    type Store = DynamoStore;
    type Queue = SqsQueue;
    type Alerts = MetricAlerts;
    type Clock = SystemClock;

    fn store(&self) -> &DynamoStore {
        &self.store
    }

    fn queue(&self) -> &SqsQueue {
        &self.queue
    }

    fn alerts(&self) -> &MetricAlerts {
        &self.alerts
    }

    fn clock(&self) -> &SystemClock {
        &self.clock
    }

    fn timeouts(&self) -> &Timeouts {
        &self.settings.timeouts
    }
}

impl VendorEnv for Hub<Vendors> {
    type Breakers = DynamoBreakers;

    fn breakers(&self) -> &DynamoBreakers {
        &self.vendor_access.breakers
    }

    fn vendor(&self, account: &Account) -> &dyn VendorApi {
        self.vendor_access.connectors.get(account)
    }
}

impl WebhookEnv for Hub<SecretCache> {
    type Secrets = SecretCache;

    fn secrets(&self) -> &SecretCache {
        &self.vendor_access
    }
}

impl WebhookEnv for Hub<Vendors> {
    type Secrets = SecretCache;

    fn secrets(&self) -> &SecretCache {
        &self.vendor_access.secrets
    }
}

/// Why a function cannot start.
#[derive(Debug, thiserror::Error)]
pub enum SetUpError {
    #[error(transparent)]
    Setting(#[from] InvalidSetting),
    #[error(transparent)]
    Aws(#[from] MissingVariable),
}
