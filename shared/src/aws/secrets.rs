//! Secrets Manager, asked once in a while.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueError;
use jiff::Timestamp;
use shared_core::domain::sensitive::Sensitive;
use shared_core::ports::{BackendError, Secrets};

use super::clients::AwsClients;
use super::{corrupt, sdk_error};

const OPERATION: &str = "read a secret";
/// How long at most the absence of a secret is believed, so that a new one is seen soon.
const ABSENCE: Duration = Duration::from_secs(30);
/// How long a stale secret is served before Secrets Manager is asked again.
const RECOVERY: Duration = Duration::from_secs(10);
/// How many secrets are remembered at most: names come from addresses that anybody may ask for.
const REMEMBERED: usize = 200;

type Text = Arc<Sensitive<String>>;

/// Secrets with their texts kept for a TTL. Whoever asks while a secret is being
/// fetched waits for that fetch; if it fails, a stale text is better than none. Clones
/// share what they keep.
#[derive(Debug, Clone)]
pub struct SecretCache {
    clients: AwsClients,
    ttl: Duration,
    slots: Arc<Mutex<HashMap<String, Arc<tokio::sync::Mutex<Slot>>>>>,
}

/// What is known of one secret, and until when that is fresh. Wall-clock time,
/// since a frozen function's monotonic clock may stand still.
#[derive(Debug, Default)]
struct Slot {
    text: Option<Text>,
    fresh_until: Option<Timestamp>,
}

impl SecretCache {
    /// Secrets that are fetched again after a TTL.
    pub fn new(clients: AwsClients, ttl: Duration) -> Self {
        Self { clients, ttl, slots: Arc::default() }
    }

    fn slot(&self, name: &str) -> Arc<tokio::sync::Mutex<Slot>> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if slots.len() >= REMEMBERED {
            // What nobody uses now and holds no secret can be asked for again.
            slots.retain(|_, slot| slot.try_lock().map_or(true, |slot| slot.text.is_some()));
        }
        slots.entry(name.to_owned()).or_default().clone()
    }

    async fn fetch(&self, name: &str) -> Result<Option<Text>, BackendError> {
        let asked = self.clients.secrets().get_secret_value().secret_id(name).send().await;
        match asked {
            Ok(answer) => {
                let text = answer.secret_string.ok_or("the secret is not a text").map_err(corrupt(OPERATION))?;
                Ok(Some(Arc::new(Sensitive::new(text))))
            }
            Err(error) => match error.as_service_error() {
                Some(GetSecretValueError::ResourceNotFoundException(_)) => Ok(None),
                _ => Err(sdk_error(OPERATION)(error)),
            },
        }
    }
}

impl Secrets for SecretCache {
    async fn secret(&self, name: &str) -> Result<Option<Text>, BackendError> {
        let slot = self.slot(name);
        let mut slot = slot.lock().await;
        let now = Timestamp::now();
        if slot.fresh_until.is_some_and(|until| now < until) {
            return Ok(slot.text.clone());
        }
        let fresh_for = match self.fetch(name).await {
            Ok(text) => {
                slot.text = text;
                if slot.text.is_some() { self.ttl } else { self.ttl.min(ABSENCE) }
            }
            Err(problem) if slot.text.is_some() => {
                let error = &problem as &dyn std::error::Error;
                tracing::warn!(secret = name, error, "serving a stale secret");
                RECOVERY
            }
            Err(problem) => return Err(problem),
        };
        slot.fresh_until = now.checked_add(fresh_for).ok();
        Ok(slot.text.clone())
    }
}
