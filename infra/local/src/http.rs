//! A small blocking HTTP client for addresses on this machine.

use std::{sync::LazyLock, time::Duration};

use anyhow::{Context, Result, bail};
use serde_json::Value;
use ureq::Agent;

/// No proxy: everything that is called listens on the loopback interface.
static AGENT: LazyLock<Agent> = LazyLock::new(|| {
    let config = Agent::config_builder()
        .timeout_global(Some(Duration::from_secs(60)))
        .http_status_as_error(false)
        .proxy(None)
        .build();
    config.into()
});

/// An answer, whatever its status.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The HTTP status.
    pub(crate) status: u16,
    /// The body as text.
    pub(crate) body: String,
}

impl Answer {
    /// The body as JSON; `null` if it is none.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    /// The answer itself if its status tells of success, else an error that names the call.
    pub(crate) fn success(self, call: &str) -> Result<Self> {
        if (200..300).contains(&self.status) {
            return Ok(self);
        }
        bail!("{call} was answered with {}: {}", self.status, self.body.trim())
    }
}

/// Sends one request.
///
/// # Errors
/// The address does not answer. Any HTTP status is an [`Answer`].
pub(crate) fn send(method: &str, url: &str, headers: &[(&str, &str)], body: &[u8]) -> Result<Answer> {
    let mut request = ureq::http::Request::builder().method(method).uri(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut response = AGENT.run(request.body(body)?).with_context(|| format!("{method} {url} got no answer"))?;
    let body = response.body_mut().read_to_string().with_context(|| format!("{method} {url} broke off"))?;
    Ok(Answer { status: response.status().as_u16(), body })
}

/// Sends JSON.
///
/// # Errors
/// As of [`send`].
pub(crate) fn send_json(method: &str, url: &str, headers: &[(&str, &str)], body: &Value) -> Result<Answer> {
    let mut all = vec![("content-type", "application/json")];
    all.extend_from_slice(headers);
    send(method, url, &all, body.to_string().as_bytes())
}

/// Whether the address answers a GET with 200 now.
pub(crate) fn answers(url: &str) -> bool {
    send("GET", url, &[], &[]).is_ok_and(|answer| answer.status == 200)
}
