//! Structured logs, and alerts as metrics.
//!
//! A log line is JSON and never holds a name, an address, a key, a link or a body:
//! whatever could is wrapped in a type that does not print itself.

use std::error::Error;
use std::fmt;
use std::panic::{Location, PanicHookInfo};

use jiff::Timestamp;
use serde_json::json;
use shared_core::domain::reservation::Alert;
use shared_core::ports::{Alerts, Outage};
use tracing_subscriber::EnvFilter;

/// Where the hub's metrics are kept.
const NAMESPACE: &str = "EnglishTestHub";

/// Sends logs to standard output as JSON, from the level in `RUST_LOG` on. A panic
/// is logged by its place alone: its text may quote a message or a body.
pub fn init() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    // A second call, as in tests, finds a subscriber in place and is harmless.
    let _ = tracing_subscriber::fmt().json().with_env_filter(filter).with_target(false).try_init();
    std::panic::set_hook(Box::new(|panic: &PanicHookInfo<'_>| {
        let at = panic.location().map(Location::to_string);
        tracing::error!(at, "a panic");
    }));
}

/// An error with its causes, on one line.
pub struct Causes<'a>(pub &'a dyn Error);

impl fmt::Display for Causes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

/// Alerts as CloudWatch metrics in the embedded metric format: one line on
/// standard output, no call.
#[derive(Debug, Clone, Copy, Default)]
pub struct MetricAlerts;

impl Alerts for MetricAlerts {
    fn raise(&self, alert: Alert, about: &str) {
        println!("{}", metric_line(alert, about, Timestamp::now()));
    }

    fn note(&self, failure: &Outage, about: &str) {
        tracing::error!(about, error = %Causes(failure), "recovering by itself");
    }
}

fn metric_line(alert: Alert, about: &str, now: Timestamp) -> serde_json::Value {
    let metric = alert.metric();
    json!({
        "_aws": {
            "Timestamp": now.as_millisecond(),
            "CloudWatchMetrics": [{
                "Namespace": NAMESPACE,
                "Dimensions": [[]],
                "Metrics": [{ "Name": metric, "Unit": "Count" }],
            }],
        },
        "level": "WARN",
        "alert": alert,
        "about": about,
        (metric): 1,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alert_is_one_metric_line() {
        let line = metric_line(Alert::InDoubt, "res_1", Timestamp::UNIX_EPOCH);
        insta::assert_json_snapshot!(line);
    }
}
