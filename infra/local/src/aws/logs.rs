//! CloudWatch Logs, for `cargo dev logs`.

use anyhow::Result;
use serde_json::{Value, json};

use super::Aws;

/// One line that a function wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LogLine {
    /// When, in milliseconds since 1970.
    pub(crate) at: u64,
    /// The text, without a line end.
    pub(crate) text: String,
}

impl Aws {
    /// A log group's lines from a time on (milliseconds since 1970), in order of time. An unknown group has none.
    ///
    /// # Errors
    /// The service does not answer, or refuses.
    pub(crate) fn log_lines(&self, group: &str, from: u64) -> Result<Vec<LogLine>> {
        let mut lines = Vec::new();
        let mut body = json!({ "logGroupName": group, "startTime": from, "limit": 10_000 });
        loop {
            let answer = self.json("logs", "Logs_20140328.FilterLogEvents", &body)?;
            if answer.body.contains("ResourceNotFoundException") {
                return Ok(lines);
            }
            let page = answer.success("FilterLogEvents")?.json();
            lines.extend(page["events"].as_array().into_iter().flatten().map(line));
            match page["nextToken"].as_str() {
                Some(token) => body["nextToken"] = token.into(),
                None => break,
            }
        }
        lines.sort_by_key(|line| line.at);
        Ok(lines)
    }
}

fn line(event: &Value) -> LogLine {
    let text = event["message"].as_str().unwrap_or_default().trim_end().to_owned();
    LogLine { at: event["timestamp"].as_u64().unwrap_or_default(), text }
}
