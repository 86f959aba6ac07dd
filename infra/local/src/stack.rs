//! One stack: an embedded AWS with the hub on it, the simulated vendors, and a folder with what belongs to them.

use std::{
    env,
    fs::{self, File, TryLockError},
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
    vendors::{self, Credentials, SIMULATORS, Webhooks},
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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To be used by hand: keeps its data and its ports.
    Development,
    /// One test run: begins from nothing, on any free ports, and ends with the value.
    Test,
    /// One fault campaign: the same, and a proxy between the functions and AWS.
    Campaign,
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
    credentials: Credentials,
    /// Of two companies.
    api_keys: Option<[String; 2]>,
    is_sample_sold: bool,
    pub(crate) is_demo_shown: bool,
}

impl State {
    fn new() -> Result<Self> {
        let credentials = Credentials::random()?;
        Ok(Self { ports: Ports::ANY, credentials, api_keys: None, is_sample_sold: false, is_demo_shown: false })
    }
}

impl Stack {
    /// Waits for another `cargo dev` that works on the same stack.
    pub(crate) fn open(purpose: Purpose, backend: Backend) -> Result<Self> {
        let name = match purpose {
            Purpose::Development => "up",
            Purpose::Test => "test",
            Purpose::Campaign => "campaign",
        };
        let suffix = if backend == Backend::Localstack { "-localstack" } else { "" };
        let directory = workspace::dev_directory().join(format!("{name}{suffix}"));
        fs::create_dir_all(&directory).with_context(|| format!("{} cannot be made", directory.display()))?;
        let lock = File::create(directory.with_extension("lock"))?;
        match lock.try_lock() {
            Err(TryLockError::WouldBlock) => {
                eprintln!("  waiting for another `cargo dev` to finish …");
                lock.lock()?;
            }
            outcome => outcome?,
        }
        let processes = Processes::new(&directory.join("processes"));
        let state = fs::read(directory.join("state.json")).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        // A run that was killed may have left something, and data without its credentials is of no use.
        let begins_anew = purpose != Purpose::Development || state.is_none();
        let state = state.map_or_else(State::new, Ok)?;
        let stack = Self { processes, state, backend, purpose, directory, _lock: lock };
        if begins_anew {
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
        let _ = fs::remove_file(self.environment_file());
        fs::remove_dir_all(&self.directory)?;
        Ok(fs::create_dir_all(&self.directory)?)
    }

    /// Brings everything up that the backend can run; what runs already stays.
    pub(crate) fn start(&mut self) -> Result<Environment> {
        let proxy = self.start_aws()?;
        let forgot_all = vendors::start(&self.processes, &self.state.ports)?;
        let mut environment = self.deploy(&vendors::profiles(&self.state.ports, &self.state.credentials))?;
        let webhooks = match environment.get("HUB_URL") {
            Ok(hub) => Webhooks::new(hub, hub, &self.state.credentials),
            Err(_) => {
                let [itep, truenorth] = ["itep-webhook", "truenorth-webhook"].map(|name| format!("{WATCH}/{name}"));
                Webhooks::new(&itep, &truenorth, &self.state.credentials)
            }
        };
        if forgot_all {
            vendors::seed(&self.state.ports, &self.state.credentials, &webhooks, !self.state.is_sample_sold)?;
            self.state.is_sample_sold = true;
        }
        let [first, second] = self.api_keys(&environment)?;
        self.save()?;
        let Ports { itep, truenorth, control, .. } = self.state.ports;
        let more = [
            ("HUB_API_KEY", first),
            ("HUB_API_KEY_2", second),
            ("ITEP_WEBHOOK_URL", webhooks.itep),
            ("TRUENORTH_WEBHOOK_URL", webhooks.truenorth),
            ("ITEP_SIM_URL", url(itep)),
            ("TRUENORTH_SIM_URL", url(truenorth)),
            ("SIM_CONTROL_URL", url(control)),
        ];
        more.into_iter().for_each(|(name, value)| environment.set(name, value));
        if let Some(proxy) = proxy {
            environment.set("BURST_URL", proxy);
            let emulator = self.processes.pid(self.backend.name()).unwrap_or_default();
            environment.set("EMULATOR_PID", emulator.to_string());
            environment.set("HUBCTL", workspace::binary("hubctl")?.display().to_string());
        }
        environment.write(&self.environment_file())?;
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
        let is_new = self.processes.pid(self.backend.name()).is_none();
        if self.backend == Backend::Ministack {
            if is_new {
                self.choose_ports()?;
            }
            let port = self.state.ports.aws;
            let has_proxy = self.purpose == Purpose::Campaign;
            let proxy = has_proxy.then(|| emulator::start_proxy(&self.processes, port)).transpose()?;
            emulator::start_ministack(&self.processes, &self.directory, port, proxy.as_deref())?;
            return Ok(proxy);
        }
        if is_new {
            // Neither does LocalStack know the companies' keys any more.
            self.state = State::new()?;
            self.choose_ports()?;
            let preferred = Ports::PREFERRED.aws;
            if self.purpose == Purpose::Development && http::answers(&emulator::localstack_health(preferred)) {
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
        let wanted = if self.purpose == Purpose::Development { Ports::PREFERRED } else { Ports::ANY };
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
        let parameters = if has_functions { parameters(self.purpose) } else { Map::new() };
        let staging = self.directory.join("functions");
        let input = json!({ "binaries": binaries, "staging": staging, "parameters": parameters, "secrets": secrets });
        let endpoint = url(self.state.ports.aws);
        let outputs = command::step("deploying infra/template.yaml", || aws::deploy(&endpoint, &input))?;
        let mut environment = Environment::default();
        if let Some(api) = outputs["ApiId"].as_str() {
            // The stage is "$default"; a dollar would not survive a shell that reads the variables.
            environment.set("HUB_URL", format!("{endpoint}/_aws/execute-api/{api}/%24default"));
        }
        environment.set("HUB_STACK_NAME", aws::STACK_NAME);
        environment.set("AWS_ENDPOINT_URL", endpoint);
        environment.set("AWS_REGION", aws::REGION);
        environment.set("AWS_DEFAULT_REGION", aws::REGION);
        environment.set("AWS_ACCESS_KEY_ID", aws::CREDENTIAL);
        environment.set("AWS_SECRET_ACCESS_KEY", aws::CREDENTIAL);
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
            let answer: Value = serde_json::from_slice(&output).context("hubctl printed something else than JSON")?;
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

    fn environment_file(&self) -> PathBuf {
        match self.purpose {
            Purpose::Development => workspace::dev_directory().join("env"),
            Purpose::Test | Purpose::Campaign => self.directory.join("env"),
        }
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        if self.purpose == Purpose::Development {
            return;
        }
        if let Err(error) = self.stop() {
            eprintln!("error: the stack does not end: {error:#}");
        }
    }
}

fn parameters(purpose: Purpose) -> Map<String, Value> {
    let words = match purpose {
        Purpose::Development => "",
        Purpose::Test => TEST_PARAMETERS,
        Purpose::Campaign => CAMPAIGN_PARAMETERS,
    };
    let pairs = words.split(", ").filter_map(|word| word.split_once('='));
    let mut parameters: Map<_, _> = pairs.map(|(name, value)| (name.to_owned(), value.into())).collect();
    let architecture = if env::consts::ARCH == "aarch64" { "arm64" } else { "x86_64" };
    parameters.insert("Architecture".to_owned(), architecture.into());
    parameters
}

fn wait_for_health(environment: &Environment) -> Result<()> {
    let Ok(hub) = environment.get("HUB_URL") else { return Ok(()) };
    let health = format!("{hub}/health");
    let is_healthy = || Ok(http::answers(&health).then_some(()));
    command::step("waiting for the hub's health", || interrupt::poll(Duration::from_secs(30), is_healthy))?;
    http::call("GET", &health, &[], &Value::Null).map(drop)
}
