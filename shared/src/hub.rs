//! Putting the hub together: the one place, beside each `main`, that chooses.

use std::time::Duration;

use shared_core::usecases::check_score::Looking;
use shared_core::usecases::purchase::Buying;
use shared_core::usecases::record_report::Recording;
use shared_core::usecases::sweep::Attending;

use super::clock::SystemClock;
use super::settings::{InvalidSetting, Settings};
use super::telemetry::MetricAlerts;
use crate::aws::access::Access;
use crate::aws::clients::{AwsClients, MissingVariable};
use crate::aws::dynamodb::{DynamoBreakers, DynamoStore};
use crate::aws::secrets::SecretCache;
use crate::aws::sqs::SqsQueue;
use crate::vendors::Vendors;

/// The vendors over the real world.
pub type LiveVendors = Vendors<SecretCache, DynamoStore, SystemClock>;

/// The hub as a function holds it: everything is made once and lazily, so that an
/// invocation pays for what it uses only.
pub struct Hub {
    /// The configuration.
    pub settings: Settings,
    /// Storage.
    pub store: DynamoStore,
    /// The other functions.
    pub queue: SqsQueue,
    /// The vendors.
    pub vendors: LiveVendors,
    /// The accounts' circuit breakers.
    pub breakers: DynamoBreakers,
    /// The clients' keys.
    pub access: Access,
    /// The operator.
    pub alerts: MetricAlerts,
    /// The time.
    pub clock: SystemClock,
}

impl Hub {
    /// The hub as the environment describes it.
    ///
    /// # Errors
    /// A variable is missing or cannot be read.
    pub fn from_env() -> Result<Self, SetUpError> {
        Ok(Self::new(Settings::from_env()?, AwsClients::from_env()?))
    }

    /// The hub over given AWS clients.
    pub fn new(settings: Settings, clients: AwsClients) -> Self {
        let store = DynamoStore::new(clients.clone(), settings.table.clone());
        let secrets = SecretCache::new(clients.clone(), settings.secret_ttl);
        Self {
            vendors: Vendors::new(secrets, store.clone(), SystemClock, settings.call_timeouts),
            queue: SqsQueue::from_env(clients),
            access: Access::new(store.clone(), settings.key_ttl),
            breakers: DynamoBreakers::new(store.clone(), settings.breaker_ttl),
            store,
            settings,
            alerts: MetricAlerts,
            clock: SystemClock,
        }
    }

    /// What buying needs.
    pub fn buying(&self) -> Buying<'_, DynamoStore, LiveVendors, SqsQueue, MetricAlerts, SystemClock, DynamoBreakers> {
        Buying {
            store: &self.store,
            vendor: &self.vendors,
            queue: &self.queue,
            breakers: &self.breakers,
            alerts: &self.alerts,
            clock: &self.clock,
            timeouts: &self.settings.timeouts,
        }
    }

    /// What recording a report needs.
    pub fn recording(&self) -> Recording<'_, DynamoStore, DynamoStore, SqsQueue, MetricAlerts, SystemClock> {
        Recording {
            store: &self.store,
            quarantine: &self.store,
            queue: &self.queue,
            alerts: &self.alerts,
            clock: &self.clock,
            timeouts: &self.settings.timeouts,
        }
    }

    /// What looking scores up needs.
    pub fn looking(&self) -> Looking<'_, DynamoStore, LiveVendors, DynamoStore, SqsQueue, MetricAlerts, SystemClock> {
        Looking {
            store: &self.store,
            scores: &self.vendors,
            polls: &self.store,
            queue: &self.queue,
            alerts: &self.alerts,
            clock: &self.clock,
            timeouts: &self.settings.timeouts,
        }
    }

    /// What the sweep needs.
    pub fn attending(&self) -> Attending<'_, DynamoStore, SqsQueue, MetricAlerts, SystemClock> {
        Attending {
            store: &self.store,
            queue: &self.queue,
            alerts: &self.alerts,
            clock: &self.clock,
            timeouts: &self.settings.timeouts,
        }
    }
}

/// NoteReason a function cannot start.
#[derive(Debug, thiserror::Error)]
pub enum SetUpError {
    /// A variable of the hub's.
    #[error(transparent)]
    Setting(#[from] InvalidSetting),
    /// A variable of Lambda's.
    #[error(transparent)]
    Aws(#[from] MissingVariable),
}

/// What one record of a purchase batch may take: the call, its writes and a margin.
pub fn purchase_needs(settings: &Settings) -> Duration {
    settings.timeouts.call + settings.timeouts.write_margin * 2
}
