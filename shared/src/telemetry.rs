//! Structured logs, and alerts as metrics.
//!
//! Logs are JSON. Names, addresses, keys, links and bodies never appear in them: the types
//! that hold such values do not print them.

use std::panic::{Location, PanicHookInfo};

use jiff::Timestamp;
use serde_json::json;
use shared_core::domain::ids::Mode;
use shared_core::domain::reservation::Alert;
use shared_core::ports::{AlertSubject, Alerts, BackendError, ErrorChain};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::prelude::*;

/// Where the hub's metrics are kept.
const NAMESPACE: &str = "EnglishTestHub";

/// The crates whose words are the hub's own, as prefixes of targets.
const OWN: [&str; 8] = [
    "shared",
    "provision",
    "fulfil",
    "itep_webhook",
    "truenorth_webhook",
    "record_result",
    "score_poller",
    "expire_reservations",
];

/// Sends logs to standard output as JSON, from the level in `RUST_LOG` on. A panic
/// is logged by its place alone: its text may quote a message or a body.
pub fn init() {
    let filter = filter(std::env::var("RUST_LOG").ok().as_deref());
    let lines = tracing_subscriber::fmt::layer().json().with_target(false).with_current_span(false);
    // A second call, as in tests, finds a subscriber in place and is harmless.
    let _ = tracing_subscriber::registry().with(lines).with(filter).try_init();
    std::panic::set_hook(Box::new(|panic: &PanicHookInfo<'_>| {
        let at = panic.location().map(Location::to_string);
        tracing::error!(at, "a panic");
    }));
}

/// What is logged from a level on; `info` where it is none. The runtime traces whole
/// events, and below `warn` other crates print headers, bodies and credentials: the hub
/// itself goes down to `debug`, the runtime to its span with the request's id, others to
/// `warn`. One of them prints an error with the answer it came in, and says nothing.
fn filter(level: Option<&str>) -> Targets {
    let level = level.and_then(|name| name.parse().ok()).unwrap_or(LevelFilter::INFO);
    Targets::new()
        .with_default(level.min(LevelFilter::WARN))
        .with_target("aws_smithy_runtime_api", LevelFilter::OFF)
        .with_target("lambda_runtime", level.min(LevelFilter::INFO))
        .with_targets(OWN.map(|name| (name, level.min(LevelFilter::DEBUG))))
}

/// Alerts as CloudWatch metrics in the embedded metric format: one line on
/// standard output, no call.
#[derive(Debug, Clone, Copy, Default)]
pub struct MetricAlerts;

impl Alerts for MetricAlerts {
    /// What happens in test mode is the developer's, and rings no alarm.
    fn raise(&self, alert: Alert, subject: AlertSubject<'_>) {
        if subject.mode() == Mode::Test {
            return tracing::info!(alert = alert.metric(), about = %subject, "an alert in test mode");
        }
        println!("{}", metric_line(alert, &subject.to_string(), Timestamp::now()));
    }

    fn log_recoverable(&self, error: &BackendError, subject: AlertSubject<'_>) {
        tracing::error!(about = %subject, error = %ErrorChain(error), "backend error, retried later");
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
    use tracing::Level;

    use super::*;

    const LEVELS: [Level; 5] = [Level::ERROR, Level::WARN, Level::INFO, Level::DEBUG, Level::TRACE];

    fn enabled(level: &str, target: &str) -> Option<Level> {
        let filter = filter(Some(level));
        LEVELS.into_iter().rfind(|level| filter.would_enable(target, level))
    }

    #[test]
    fn every_function_logs_from_the_level_that_is_set_on_and_never_a_trace() {
        let functions = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../functions")).unwrap();
        let mut names: Vec<_> =
            functions.map(|folder| folder.unwrap().file_name().into_string().unwrap().replace('-', "_")).collect();
        names.extend(["shared::aws".to_owned(), "shared_core::usecases".to_owned()]);
        for name in names {
            for (set, level) in [
                ("off", None),
                ("error", Some(Level::ERROR)),
                ("info", Some(Level::INFO)),
                ("debug", Some(Level::DEBUG)),
                ("trace", Some(Level::DEBUG)),
                ("info,hyper=trace", Some(Level::INFO)),
            ] {
                assert_eq!(enabled(set, &name), level, "{name} at {set}");
            }
        }
    }

    #[test]
    fn no_other_crate_logs_below_its_warnings_and_the_runtime_below_its_span() {
        for set in ["debug", "trace", "trace,hyper=trace"] {
            for name in ["hyper_util::client", "reqwest::connect", "rustls::conn", "h2::codec", "aws_smithy_runtime"] {
                assert_eq!(enabled(set, name), Some(Level::WARN), "{name} at {set}");
            }
            assert_eq!(enabled(set, "lambda_runtime::layers::api_response"), Some(Level::INFO), "{set}");
            assert_eq!(enabled(set, "aws_smithy_runtime_api::client::interceptors::context"), None, "{set}");
        }
        assert_eq!(enabled("error", "hyper_util::client"), Some(Level::ERROR));
    }

    #[test]
    fn an_alert_is_one_metric_line() {
        let line = metric_line(Alert::InDoubt, "res_1", Timestamp::UNIX_EPOCH);
        insta::assert_json_snapshot!(line);
    }
}
