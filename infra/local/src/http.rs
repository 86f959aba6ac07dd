//! A blocking HTTP client for addresses on this machine.

use std::{sync::LazyLock, time::Duration};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use ureq::{Agent, http::Request};

static AGENT: LazyLock<Agent> = LazyLock::new(|| {
    let config = Agent::config_builder().timeout_global(Some(Duration::from_secs(60))).http_status_as_error(false);
    config.proxy(None).build().into()
});

/// Sends JSON, or nothing for `null`. Returns status and JSON of a success; any other status is an error.
pub(crate) fn call(method: &str, url: &str, headers: &[(&str, &str)], body: &Value) -> Result<(u16, Value)> {
    let mut request = Request::builder().method(method).uri(url).header("content-type", "application/json");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let mut response = AGENT.run(request.body(body)?).with_context(|| format!("no answer to {method} {url}"))?;
    let text =
        response.body_mut().read_to_string().with_context(|| format!("the answer to {method} {url} was cut off"))?;
    let status = response.status();
    ensure!(status.is_success(), "{method} {url} returned {}: {}", status.as_u16(), text.trim());
    Ok((status.as_u16(), serde_json::from_str(&text).unwrap_or_default()))
}

pub(crate) fn answers(url: &str) -> bool {
    call("GET", url, &[], &Value::Null).is_ok_and(|(status, _)| status == 200)
}
