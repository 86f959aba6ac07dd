//! A stack: an embedded AWS with the hub, the simulated vendors, and a folder with their state.

use std::{
    env,
    fs::{self, File},
    path::PathBuf,
    process::Command,
    time::Duration,
};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{
    aws,
    cli::Backend,
    command,
    emulator::{self, PROXY},
    environment::Environment,
    http, interrupt,
    ports::{Ports, url},
    processes::Processes,
    vendors::{self, SIMULATORS, random_hex},
    workspace,
};

/// Where `cargo lambda watch` serves a function, for a backend that runs none.
const WATCH: &str = "http://127.0.0.1:9000/lambda-url";

/// What tests change of the template's parameters: everything is logged, and seconds pass instead of minutes.
const TEST_PARAMETERS: &str = "LogLevel=debug, VendorCallSeconds=8, VendorConnectSeconds=1, RetryBaseSeconds=1, \
    RetryCapSeconds=2, DoubtQuietSeconds=3, ProbeBaseSeconds=5, ProbeCapSeconds=5, BreakerTtlSeconds=0, \
    HandedOverSeconds=5, MatchPatienceSeconds=4, MatchRetrySeconds=1, LookupIntervalSeconds=1, SecretTtlSeconds=1, \
    KeyTtlSeconds=1";

/// What a fault campaign changes of them: times are short, yet each keeps its relation to the others. A lease outlives
/// its function (29 s and 60 s), and a vendor's work is over well before the quiet time is.
const CAMPAIGN_PARAMETERS: &str = "LogLevel=warn, ApiRequestsPerSecond=1000, ScorePollSchedule=rate(1 minute), \
    VendorCallSeconds=3, VendorConnectSeconds=1, ProvisionLeaseSeconds=35, FulfilLeaseSeconds=66, RetryBaseSeconds=1, \
    RetryCapSeconds=8, DoubtQuietSeconds=10, ProbeBaseSeconds=5, ProbeCapSeconds=10, BreakerTtlSeconds=1, \
    HandedOverSeconds=20, MatchPatienceSeconds=300, MatchRetrySeconds=5, LookupIntervalSeconds=2, \
    SecretTtlSeconds=60, KeyTtlSeconds=30, FulfilmentVisibilitySeconds=60, ResultsVisibilitySeconds=30, \
    ScoreChecksVisibilitySeconds=60";

#[derive(Debug)]
pub(crate) struct Purpose {
    name: &'static str,
    /// What it changes of the template's parameters.
    parameters: &'static str,
    /// Whether its data and its ports are kept. Otherwise it starts empty, and ends with the [`Stack`].
    is_kept: bool,
    /// Whether a proxy that can fail stands between the functions and AWS.
    has_proxy: bool,
}

impl Purpose {
    pub(crate) const DEVELOPMENT: Self = Self { name: "up", parameters: "", is_kept: true, has_proxy: false };
    pub(crate) const TEST: Self = Self { name: "test", parameters: TEST_PARAMETERS, is_kept: false, has_proxy: false };
    pub(crate) const CAMPAIGN: Self =
        Self { name: "campaign", parameters: CAMPAIGN_PARAMETERS, is_kept: false, has_proxy: true };
}

#[derive(Debug)]
pub(crate) struct Stack {
    pub(crate) processes: Processes,
    pub(crate) state: State,
    backend: Backend,
    purpose: Purpose,
    directory: PathBuf,
    /// Held as long as this process works on the stack.
    _lock: File,
}

/// What a stack keeps from one start to the next.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct State {
    ports: Ports,
    /// Part of what the hub shows the vendors, and of what they show in its webhooks' addresses.
    secret: String,
    /// Of two companies.
    api_keys: Option<[String; 2]>,
    pub(crate) is_demo_shown: bool,
}

impl State {
    fn new() -> Result<Self> {
        let (ports, secret) = (Ports::ANY, random_hex()?);
        Ok(Self { ports, secret, api_keys: None, is_demo_shown: false })
    }
}

impl Stack {
    /// Waits for another `cargo dev` that works on the same stack.
    pub(crate) fn open(purpose: Purpose, backend: Backend) -> Result<Self> {
        let suffix = if backend == Backend::Localstack { "-localstack" } else { "" };
        let directory = workspace::dev_directory().join(format!("{}{suffix}", purpose.name));
        fs::create_dir_all(&directory).with_context(|| format!("cannot create {}", directory.display()))?;
        let lock = File::create(directory.with_extension("lock"))?;
        if lock.try_lock().is_err() {
            eprintln!("  waiting for another `cargo dev` to finish …");
            lock.lock()?;
        }
        let processes = Processes::new(&directory.join("processes"));
        let state = fs::read(directory.join("state.json")).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let kept = state.filter(|_| purpose.is_kept);
        // A run that was killed may have left something, and data without its state is of no use.
        let starts_empty = kept.is_none();
        let state = kept.map_or_else(State::new, Ok)?;
        let stack = Self { processes, state, backend, purpose, directory, _lock: lock };
        if starts_empty {
            stack.stop()?;
            stack.wipe()?;
        }
        Ok(stack)
    }

    pub(crate) fn save(&self) -> Result<()> {
        Ok(fs::write(self.directory.join("state.json"), serde_json::to_vec_pretty(&self.state)?)?)
    }

    pub(crate) fn stop(&self) -> Result<()> {
        [SIMULATORS, self.backend.name(), PROXY].iter().try_for_each(|name| self.processes.stop(name))
    }

    /// Deletes the stack's data.
    pub(crate) fn wipe(&self) -> Result<()> {
        fs::remove_dir_all(&self.directory)?;
        Ok(fs::create_dir_all(&self.directory)?)
    }

    /// Brings everything up that the backend can run; what runs already stays.
    pub(crate) fn start(&mut self) -> Result<Environment> {
        let proxy = self.start_aws()?;
        let (ports, secret) = (self.state.ports, &self.state.secret);
        let forgot_all = vendors::start(&self.processes, &ports)?;
        let mut environment = self.deploy(&vendors::profiles(&ports, secret))?;
        environment.set("ITEP_SIM_URL", url(ports.itep));
        environment.set("TRUENORTH_SIM_URL", url(ports.truenorth));
        environment.set("SIM_CONTROL_URL", url(ports.control));
        for (vendor, name) in [("itep", "ITEP_WEBHOOK_URL"), ("truenorth", "TRUENORTH_WEBHOOK_URL")] {
            let base = environment.get("HUB_URL").map_or_else(|_| format!("{WATCH}/{vendor}-webhook"), str::to_owned);
            environment.set(name, format!("{base}/webhooks/{vendor}/default/{vendor}-token-{secret}"));
        }
        let is_first_start = self.state.api_keys.is_none();
        if forgot_all || is_first_start {
            vendors::seed(&environment, secret, is_first_start)?;
        }
        let [first, second] = self.api_keys(&environment)?;
        self.save()?;
        environment.set("HUB_API_KEY", first);
        environment.set("HUB_API_KEY_2", second);
        if let Some(proxy) = proxy {
            environment.set("FAULT_PROXY_URL", proxy);
            let emulator = self.processes.pid(self.backend.name()).context("the embedded AWS has exited")?;
            environment.set("EMULATOR_PID", emulator.to_string());
            environment.set("HUBCTL", workspace::binary("hubctl")?.display().to_string());
        }
        let folder = if self.purpose.is_kept { workspace::dev_directory() } else { self.directory.clone() };
        environment.write(&folder.join("env"))?;
        wait_for_health(&environment)?;
        Ok(environment)
    }

    /// Brings table and queues up, and nothing else.
    pub(crate) fn start_storage(&mut self) -> Result<Environment> {
        self.start_aws()?;
        self.deploy(&json!({}))
    }

    /// Returns the address of the proxy before it, if there is one.
    fn start_aws(&mut self) -> Result<Option<String>> {
        fs::create_dir_all(self.directory.join("tmp"))?;
        let is_new = self.processes.pid(self.backend.name()).is_none();
        if self.backend == Backend::Ministack {
            if is_new {
                self.choose_ports()?;
            }
            let port = self.state.ports.aws;
            let proxy = self.purpose.has_proxy.then(|| emulator::start_proxy(&self.processes, port)).transpose()?;
            emulator::start_ministack(&self.processes, &self.directory, port, proxy.as_deref())?;
            return Ok(proxy);
        }
        if is_new {
            // Neither does LocalStack know the companies' keys any more.
            self.state = State::new()?;
            self.choose_ports()?;
            let preferred = Ports::PREFERRED.aws;
            if self.purpose.is_kept && http::answers(&emulator::localstack_health(preferred)) {
                eprintln!("  using the LocalStack on port {preferred}");
                self.state.ports.aws = preferred;
                return Ok(None);
            }
        }
        emulator::start_localstack(&self.processes, &self.directory, self.state.ports.aws)?;
        Ok(None)
    }

    fn choose_ports(&mut self) -> Result<()> {
        self.processes.stop(SIMULATORS)?;
        let wanted = if self.purpose.is_kept { Ports::PREFERRED } else { Ports::ANY };
        let ports = wanted.or_next_free()?;
        if ports.aws != self.state.ports.aws {
            emulator::move_state(&self.directory, self.state.ports.aws, ports.aws)?;
        }
        self.state.ports = ports;
        self.save()
    }

    /// Deploys the template, or without functions what a backend can hold of it. The variables lead to its resources.
    fn deploy(&self, secrets: &Value) -> Result<Environment> {
        let has_functions = self.backend == Backend::Ministack;
        let binaries = has_functions.then(workspace::binaries).transpose()?;
        let parameters = if has_functions { parameters(self.purpose.parameters) } else { Map::new() };
        let staging = self.directory.join("functions");
        let input = json!({ "binaries": binaries, "staging": staging, "parameters": parameters, "secrets": secrets });
        let endpoint = url(self.state.ports.aws);
        let mut environment = Environment::of_aws(&endpoint);
        let outputs = command::step("deploying infra/template.yaml", || aws::deploy(&environment, &input))?;
        if let Some(api) = outputs["ApiId"].as_str() {
            // The stage is "$default"; a dollar would not survive a shell that reads the variables.
            environment.set("HUB_URL", format!("{endpoint}/_aws/execute-api/{api}/%24default"));
        }
        for (name, output) in [
            ("TABLE_NAME", "TableName"),
            ("FULFILMENT_QUEUE_URL", "FulfilmentQueueUrl"),
            ("RESULTS_QUEUE_URL", "ResultsQueueUrl"),
            ("SCORE_CHECKS_QUEUE_URL", "ScoreChecksQueueUrl"),
        ] {
            environment.set(name, outputs[output].as_str().with_context(|| format!("the stack has no {output}"))?);
        }
        Ok(environment)
    }

    /// The API keys of two companies, created with `hubctl` the first time.
    fn api_keys(&mut self, environment: &Environment) -> Result<[String; 2]> {
        if let Some(keys) = &self.state.api_keys {
            return Ok(keys.clone());
        }
        let hubctl = |arguments: &[&str], field: &str| -> Result<String> {
            let mut command = Command::new(workspace::binary("hubctl")?);
            let output = command::output(command.arg("--json").args(arguments).envs(&environment.0), b"")?;
            let answer: Value = serde_json::from_slice(&output).context("hubctl did not print JSON")?;
            Ok(answer[field].as_str().with_context(|| format!("hubctl printed no {field}"))?.to_owned())
        };
        let create = |name: &str| -> Result<String> {
            let accounts = ["--itep", "default", "--truenorth", "default"];
            let client = hubctl(&[&["client", "create", "--name", name], &accounts[..]].concat(), "client_id")?;
            hubctl(&["key", "create", "--client", &client], "key")
        };
        let keys =
            command::step("creating clients and keys", || Ok([create("First company")?, create("Second company")?]))?;
        self.state.api_keys = Some(keys.clone());
        Ok(keys)
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        if !self.purpose.is_kept
            && let Err(error) = self.stop()
        {
            eprintln!("error: cannot stop the stack: {error:#}");
        }
    }
}

fn parameters(text: &str) -> Map<String, Value> {
    let architecture = if env::consts::ARCH == "aarch64" { "arm64" } else { "x86_64" };
    let pairs = text.split(", ").filter_map(|pair| pair.split_once('=')).chain([("Architecture", architecture)]);
    pairs.map(|(name, value)| (name.to_owned(), value.into())).collect()
}

fn wait_for_health(environment: &Environment) -> Result<()> {
    let Ok(hub) = environment.get("HUB_URL") else { return Ok(()) };
    let health = format!("{hub}/health");
    let is_healthy = || Ok(http::answers(&health).then_some(()));
    command::step("waiting for the hub", || interrupt::poll(Duration::from_secs(30), is_healthy))?;
    http::call("GET", &health, &[], &Value::Null).map(drop)
}
