//! The stack that a campaign runs on: the hub's API, the embedded AWS, the simulators, the proxy, and `hubctl`.

use std::env;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use hyper::{HeaderMap, Method};
use serde_json::{Value, json};

pub(crate) use vendor_sim::Vendor;
use vendor_sim::client::{self, SendError};

/// How long anything but the hub's API may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long a vendor's port may be closed by order, and how often it is tried meanwhile.
const CLOSURE_PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(100);
/// How long a company's website waits for the hub: a little longer than its gateway does.
const WEBSITE_PATIENCE: Duration = Duration::from_secs(32);

/// Where everything is.
#[derive(Clone, Debug)]
pub(crate) struct Stack {
    /// The base address of the hub's API.
    pub(crate) hub: String,
    aws: String,
    itep: String,
    truenorth: String,
    fault_proxy: String,
    /// The process that the functions are children of.
    pub(crate) emulator: i32,
    name: String,
    pub(crate) table: String,
    pub(crate) queues: [String; 3],
    hubctl: String,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    /// The body as JSON, null if it is none.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }

    fn success(self, what: &str) -> Result<Self> {
        ensure!((200..300).contains(&self.status), "{what} was answered with {}: {}", self.status, self.text);
        Ok(self)
    }
}

impl Stack {
    /// Reads the variables that `cargo dev campaign` sets.
    pub(crate) fn from_env() -> Result<Self> {
        let get = |name: &str| env::var(name).with_context(|| format!("{name} is not set: use `cargo dev campaign`"));
        Ok(Self {
            hub: get("HUB_URL")?,
            aws: get("AWS_ENDPOINT_URL")?,
            itep: get("ITEP_SIM_URL")?,
            truenorth: get("TRUENORTH_SIM_URL")?,
            fault_proxy: get("FAULT_PROXY_URL")?,
            emulator: get("EMULATOR_PID")?.parse().context("EMULATOR_PID")?,
            name: get("HUB_STACK_NAME")?,
            table: get("TABLE_NAME")?,
            queues: [get("FULFILMENT_QUEUE_URL")?, get("RESULTS_QUEUE_URL")?, get("SCORE_CHECKS_QUEUE_URL")?],
            hubctl: get("HUBCTL")?,
        })
    }

    pub(crate) fn vendor(&self, vendor: Vendor) -> &str {
        match vendor {
            Vendor::Itep => &self.itep,
            Vendor::Truenorth => &self.truenorth,
        }
    }

    /// Calls the hub's API as a company's website does, once. The error is that no answer came.
    pub(crate) async fn api(
        &self,
        key: &str,
        method: Method,
        path: &str,
        more: &[(&str, &str)],
        body: &Value,
    ) -> Result<Answer> {
        let bearer = format!("Bearer {key}");
        let headers = [&[("authorization", bearer.as_str()), ("content-type", "application/json")], more].concat();
        send(method, &format!("{}{path}", self.hub), &headers, body, WEBSITE_PATIENCE).await
    }

    /// Calls a simulator's control API, again where its port was closed: all that is told there may be told twice.
    pub(crate) async fn control(&self, vendor: Vendor, method: Method, path: &str, body: &Value) -> Result<Value> {
        let url = format!("{}/_sim/{path}", self.vendor(vendor));
        let until = Instant::now() + CLOSURE_PATIENCE;
        loop {
            match send(method.clone(), &url, &[], body, PATIENCE).await {
                Err(error) if is_broken(&error) && Instant::now() < until => tokio::time::sleep(PAUSE).await,
                answer => return Ok(answer.with_context(|| url.clone())?.success(&url)?.json()),
            }
        }
    }

    pub(crate) async fn post(&self, url: &str, headers: &[(&str, &str)], body: &Value) -> Result<Value> {
        Ok(send(Method::POST, url, headers, body, PATIENCE).await?.success(url)?.json())
    }

    /// Calls an AWS service that speaks JSON, in the account's own name and past the proxy.
    pub(crate) async fn aws(&self, service: &str, target: &str, body: &Value) -> Result<Value> {
        let authorization = authorization(service);
        let headers = [
            ("authorization", authorization.as_str()),
            ("x-amz-target", target),
            ("content-type", "application/x-amz-json-1.1"),
        ];
        self.post(&self.aws, &headers, body).await.with_context(|| target.to_owned())
    }

    /// Runs a function now, as its schedule would. That it fails or is busy already is no error here.
    pub(crate) async fn run(&self, function: &str) -> Result<()> {
        let url = format!("{}/2015-03-31/functions/{}-{function}/invocations", self.aws, self.name);
        let authorization = authorization("lambda");
        let body = json!({ "source": "aws.scheduler" });
        let _ = send(Method::POST, &url, &[("authorization", &authorization)], &body, PATIENCE).await?;
        Ok(())
    }

    /// Calls the proxy's own API; the answer's text.
    pub(crate) async fn fault_proxy(&self, method: Method, path: &str, body: &Value) -> Result<String> {
        let url = format!("{}/_microburst/{path}", self.fault_proxy);
        Ok(send(method, &url, &[("content-type", "application/json")], body, PATIENCE).await?.success(&url)?.text)
    }

    /// Runs an operator's command that may be run again, and runs it again if it fails.
    pub(crate) async fn hubctl_again(&self, arguments: &[&str]) -> Result<Value> {
        for _ in 1..3 {
            if let Ok(told) = self.hubctl(arguments).await {
                return Ok(told);
            }
        }
        self.hubctl(arguments).await
    }

    /// Runs the operator's command; what it printed.
    pub(crate) async fn hubctl(&self, arguments: &[&str]) -> Result<Value> {
        let mut command = Command::new(&self.hubctl);
        command.arg("--json").args(arguments);
        let told = arguments.join(" ");
        let output = tokio::task::spawn_blocking(move || command.output()).await??;
        if !output.status.success() {
            bail!("hubctl {told} failed: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        serde_json::from_slice(&output.stdout).with_context(|| format!("hubctl {told} printed no JSON"))
    }
}

/// Whether the port was closed, or closed just then.
fn is_broken(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(SendError::Connect(_) | SendError::Broken(_)))
}

fn authorization(service: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=0"
    )
}

async fn send(method: Method, url: &str, headers: &[(&str, &str)], body: &Value, limit: Duration) -> Result<Answer> {
    let headers: Vec<_> = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let body = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
    let got = client::send(method, url, &headers, body, limit).await?;
    let text = String::from_utf8_lossy(&got.body).into_owned();
    Ok(Answer { status: got.status.as_u16(), headers: got.headers, text })
}
