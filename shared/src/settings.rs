//! The functions' configuration, from environment variables.

use std::time::Duration;

use shared_core::domain::backoff::Backoff;
use shared_core::domain::breaker::ProbeBackoff;
use shared_core::domain::reservation::Policy;
use shared_core::domain::timeouts::Timeouts;

use crate::vendors::CallTimeouts;

/// A variable that is missing or unreadable.
#[derive(Debug, thiserror::Error)]
#[error("the environment variable {name} must be {rule}, but is {found}")]
pub struct InvalidSetting {
    name: &'static str,
    rule: &'static str,
    found: String,
}

/// A function's configuration.
#[derive(Debug, Clone)]
pub struct Settings {
    pub table: String,
    pub timeouts: Timeouts,
    pub call_timeouts: CallTimeouts,
    /// How long a secret is kept before it is fetched again.
    pub secret_ttl: Duration,
    /// How long an API key is trusted before it is read again.
    pub key_ttl: Duration,
    /// How long an account's breaker that was quiet is trusted.
    pub breaker_ttl: Duration,
}

impl Settings {
    /// Reads the environment; what is absent has the template's default.
    pub fn from_env() -> Result<Self, InvalidSetting> {
        let call = seconds("VENDOR_CALL_SECONDS", 20)?;
        let backoff = Backoff { base: seconds("RETRY_BASE_SECONDS", 5)?, cap: seconds("RETRY_CAP_SECONDS", 900)? };
        Ok(Self {
            table: text("TABLE_NAME")?,
            timeouts: Timeouts {
                policy: Policy {
                    backoff,
                    result_overdue: seconds("RESULT_OVERDUE_SECONDS", 7 * 24 * 3600)?,
                    doubt_quiet: seconds("DOUBT_QUIET_SECONDS", 900)?,
                },
                probes: ProbeBackoff {
                    first: seconds("PROBE_BASE_SECONDS", 30)?,
                    cap: seconds("PROBE_CAP_SECONDS", 300)?,
                },
                lease: seconds("LEASE_SECONDS", 120)?,
                call,
                write_margin: Duration::from_secs(5),
                handoff_margin: Duration::from_millis(2500),
                match_timeout: seconds("MATCH_TIMEOUT_SECONDS", 900)?,
                match_retry: seconds("MATCH_RETRY_SECONDS", 60)?,
                lookup_interval: seconds("LOOKUP_INTERVAL_SECONDS", 30)?,
                poll_overlap: seconds("POLL_OVERLAP_SECONDS", 24 * 3600)?,
                poll_lease: Duration::from_secs(120),
                requeue_after: seconds("REQUEUE_AFTER_SECONDS", 120)?,
            },
            call_timeouts: CallTimeouts { connect: seconds("VENDOR_CONNECT_SECONDS", 3)?, whole: call },
            secret_ttl: seconds("SECRET_TTL_SECONDS", 300)?,
            key_ttl: seconds("KEY_TTL_SECONDS", 60)?,
            breaker_ttl: seconds("BREAKER_TTL_SECONDS", 10)?,
        })
    }
}

fn text(name: &'static str) -> Result<String, InvalidSetting> {
    match std::env::var(name) {
        Ok(value) if !value.is_empty() => Ok(value),
        _ => Err(InvalidSetting { name, rule: "set", found: "missing".to_owned() }),
    }
}

fn seconds(name: &'static str, default: u64) -> Result<Duration, InvalidSetting> {
    match std::env::var(name) {
        Err(_) => Ok(Duration::from_secs(default)),
        Ok(value) => value.parse().map(Duration::from_secs).map_err(|_| InvalidSetting {
            name,
            rule: "a whole number of seconds",
            found: format!("{value:?}"),
        }),
    }
}

#[cfg(test)]
mod tests;
