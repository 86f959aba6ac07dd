//! Starts, deploys and seeds a stack.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Context, Result, bail};

use crate::{
    aws::{Aws, CREDENTIAL, REGION},
    binaries::Binaries,
    clients, deployment, emulators,
    environment::Environment,
    fault_proxy, http, interrupt,
    ports::{PREFERRED, Ports},
    progress,
    stack::{Purpose, Stack},
    vendors::{self, Addresses, Webhooks},
};

/// Where `cargo lambda watch` serves a function, for a backend that runs none.
const WATCH: &str = "http://127.0.0.1:9000/lambda-url";

/// What a test run changes of the template's defaults: it logs all that can be logged, and waits seconds instead of
/// minutes.
const TEST_PARAMETERS: [(&str, &str); 15] = [
    ("LogLevel", "debug"),
    ("VendorCallSeconds", "8"),
    ("VendorConnectSeconds", "1"),
    ("RetryBaseSeconds", "1"),
    ("RetryCapSeconds", "2"),
    ("DoubtQuietSeconds", "3"),
    ("ProbeBaseSeconds", "5"),
    ("ProbeCapSeconds", "5"),
    ("BreakerTtlSeconds", "0"),
    ("HandedOverSeconds", "5"),
    ("MatchPatienceSeconds", "4"),
    ("MatchRetrySeconds", "1"),
    ("LookupIntervalSeconds", "1"),
    ("SecretTtlSeconds", "1"),
    ("KeyTtlSeconds", "1"),
];

/// What a fault campaign changes of them: times are short, yet each keeps its relation to the others. A lease outlives
/// its function (29 s and 60 s), and a vendor's work is over well before the quiet time is.
const CAMPAIGN_PARAMETERS: [(&str, &str); 22] = [
    ("LogLevel", "warn"),
    ("ApiRequestsPerSecond", "1000"),
    ("ScorePollSchedule", "rate(1 minute)"),
    ("VendorCallSeconds", "3"),
    ("VendorConnectSeconds", "1"),
    ("ProvisionLeaseSeconds", "35"),
    ("FulfilLeaseSeconds", "66"),
    ("RetryBaseSeconds", "1"),
    ("RetryCapSeconds", "8"),
    ("DoubtQuietSeconds", "10"),
    ("ProbeBaseSeconds", "5"),
    ("ProbeCapSeconds", "10"),
    ("BreakerTtlSeconds", "1"),
    ("HandedOverSeconds", "20"),
    ("MatchPatienceSeconds", "300"),
    ("MatchRetrySeconds", "5"),
    ("LookupIntervalSeconds", "2"),
    ("SecretTtlSeconds", "60"),
    ("KeyTtlSeconds", "30"),
    ("FulfilmentVisibilitySeconds", "60"),
    ("ResultsVisibilitySeconds", "30"),
    ("ScoreChecksVisibilitySeconds", "60"),
];

/// Brings the whole hub up on MiniStack; what runs already stays. Returns how to use it.
///
/// # Errors
/// Whatever fails first; processes that run by then go on running.
pub(crate) fn start_all(stack: &Stack, binaries: &Binaries) -> Result<Environment> {
    let (processes, ports) = (stack.processes(), stack.choose_ports()?);
    let proxy = (stack.purpose == Purpose::Campaign).then(|| fault_proxy::start(&processes, ports.aws)).transpose()?;
    let aws = emulators::start_ministack(&processes, &stack.directory, ports.aws, proxy.as_deref())?;
    let fresh_vendors = vendors::start(&processes, binaries, &ports)?;
    let packages = binaries.package(&stack.directory.join("functions"))?;
    let parameters: &[_] = match stack.purpose {
        Purpose::Development => &[],
        Purpose::Test => &TEST_PARAMETERS,
        Purpose::Campaign => &CAMPAIGN_PARAMETERS,
    };
    let outputs = deployment::deploy(&aws, &packages, parameters)?;
    // The stage is "$default"; a dollar would not survive a shell that reads the variables.
    let hub = format!("{}/_aws/execute-api/{}/%24default", aws.endpoint, output(&outputs, "ApiId")?);
    let webhooks = Webhooks::below(&hub, &hub, &mut stack.kept())?;
    let mut environment = Environment::default();
    environment.set("HUB_URL", &hub);
    if let Some(proxy) = proxy {
        environment.set("BURST_URL", proxy);
        environment.set("EMULATOR_PID", processes.running(emulators::PROCESS).unwrap_or_default().to_string());
        environment.set("HUBCTL", binaries.path("hubctl")?.display().to_string());
    }
    seed(
        stack,
        binaries,
        &Seed { aws: &aws, ports: &ports, outputs: &outputs, webhooks, fresh_vendors },
        &mut environment,
    )?;
    await_health(&hub)?;
    Ok(environment)
}

/// Brings tables, queues, secrets and the simulated vendors up on LocalStack: on one that somebody runs already, or on
/// one of our own. The functions are left to `cargo lambda watch`.
///
/// # Errors
/// A prerequisite is missing, or whatever else fails first.
pub(crate) fn storage(stack: &Stack, binaries: &Binaries) -> Result<Environment> {
    let (processes, mut ports) = (stack.processes(), stack.choose_ports()?);
    let running = processes.running(emulators::PROCESS).is_some();
    let foreign = !running && emulators::foreign_localstack(PREFERRED.aws);
    if !running {
        // LocalStack keeps nothing from one start to the next: neither are keys of clients that it forgot.
        stack.forget()?;
    }
    let aws = if foreign {
        ports.aws = PREFERRED.aws;
        eprintln!("  using the LocalStack on port {}", ports.aws);
        emulators::at(ports.aws)
    } else {
        emulators::start_localstack(&processes, &stack.directory, ports.aws)?
    };
    let fresh_vendors = vendors::start(&processes, binaries, &ports)?;
    let outputs = deployment::deploy_storage(&aws)?;
    let (itep, truenorth) = (format!("{WATCH}/itep-webhook"), format!("{WATCH}/truenorth-webhook"));
    let webhooks = Webhooks::below(&itep, &truenorth, &mut stack.kept())?;
    let mut environment = Environment::default();
    seed(
        stack,
        binaries,
        &Seed { aws: &aws, ports: &ports, outputs: &outputs, webhooks, fresh_vendors },
        &mut environment,
    )?;
    Ok(environment)
}

/// Brings tables and queues up on a LocalStack of our own, and nothing else.
///
/// # Errors
/// A prerequisite is missing, or whatever else fails first.
pub(crate) fn contract(stack: &Stack) -> Result<Environment> {
    let ports = stack.choose_ports()?;
    let aws = emulators::start_localstack(&stack.processes(), &stack.directory, ports.aws)?;
    let mut environment = Environment::default();
    set_storage(&mut environment, &aws, &deployment::deploy_storage(&aws)?)?;
    environment.set("HUB_CONTRACT_ENDPOINT", &aws.endpoint);
    Ok(environment)
}

/// What is known once a stack is deployed.
struct Seed<'a> {
    aws: &'a Aws,
    ports: &'a Ports,
    outputs: &'a BTreeMap<String, String>,
    webhooks: Webhooks,
    /// Whether the simulators know nothing yet.
    fresh_vendors: bool,
}

/// Makes the vendors and the hub known to each other, makes clients, and writes the variables.
fn seed(stack: &Stack, binaries: &Binaries, seed: &Seed<'_>, environment: &mut Environment) -> Result<()> {
    let (mut kept, addresses) = (stack.kept(), Addresses::of(seed.ports));
    if seed.fresh_vendors {
        vendors::seed(&addresses, &seed.webhooks, &mut kept)?;
    }
    vendors::seed_secrets(seed.aws, &addresses, &mut kept)?;
    set_storage(environment, seed.aws, seed.outputs)?;
    let [first, second] = clients::keys(binaries, environment, &mut kept)?;
    environment.set("HUB_API_KEY", first);
    environment.set("HUB_API_KEY_2", second);
    environment.set("ITEP_WEBHOOK_URL", &seed.webhooks.itep);
    environment.set("TRUENORTH_WEBHOOK_URL", &seed.webhooks.truenorth);
    environment.set("ITEP_SIM_URL", addresses.itep);
    environment.set("TRUENORTH_SIM_URL", addresses.truenorth);
    environment.set("SIM_CONTROL_URL", addresses.control);
    environment.set("HUB_STACK_NAME", deployment::STACK_NAME);
    environment.write(&stack.environment_file())
}

/// The variables that name the AWS with its table and queues.
fn set_storage(environment: &mut Environment, aws: &Aws, outputs: &BTreeMap<String, String>) -> Result<()> {
    environment.set("AWS_ENDPOINT_URL", &aws.endpoint);
    environment.set("AWS_REGION", REGION);
    environment.set("AWS_DEFAULT_REGION", REGION);
    environment.set("AWS_ACCESS_KEY_ID", CREDENTIAL);
    environment.set("AWS_SECRET_ACCESS_KEY", CREDENTIAL);
    environment.set("TABLE_NAME", output(outputs, "TableName")?);
    environment.set("FULFILMENT_QUEUE_URL", output(outputs, "FulfilmentQueueUrl")?);
    environment.set("RESULTS_QUEUE_URL", output(outputs, "ResultsQueueUrl")?);
    environment.set("SCORE_CHECKS_QUEUE_URL", output(outputs, "ScoreChecksQueueUrl")?);
    Ok(())
}

fn output<'a>(outputs: &'a BTreeMap<String, String>, name: &str) -> Result<&'a str> {
    outputs.get(name).map(String::as_str).with_context(|| format!("the stack has no output {name}"))
}

fn await_health(hub: &str) -> Result<()> {
    progress::step("waiting for the hub's health", || {
        for _ in 0..150 {
            interrupt::check()?;
            if http::answers(&format!("{hub}/health")) {
                return Ok(());
            }
            interrupt::pause(Duration::from_millis(200));
        }
        let answer = http::send("GET", &format!("{hub}/health"), &[], &[])?;
        bail!("GET {hub}/health is answered with {}: {}", answer.status, answer.body)
    })
}
