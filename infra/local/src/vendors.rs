//! The simulated vendors: started, given an account each, and made known to the hub.

use std::{process::Command, time::Duration};

use anyhow::{Result, bail};
use serde_json::{Value, json};

use crate::{
    aws::Aws,
    binaries::{self, Binaries},
    environment::{Kept, random_hex},
    http, interrupt,
    ports::Ports,
    processes::Processes,
};

/// The name of the simulators' process.
pub(crate) const PROCESS: &str = "vendor-sim";

/// iTEP's product in stock, and the one that iTEP also sends to the candidate.
const ITEP_PRODUCTS: [&str; 2] = ["GTX-Academic-Plus", "STX-Academic-Plus"];
/// The test of iTEP's results sample.
const SAMPLE_TEST: &str = "3279B035APR";
/// The token in the webhook events under `events/`, valid on the local stack only.
const EVENTS_TOKEN: &str = "local-token";
/// Tests in stock for each product.
const STOCK: usize = 500;

/// The addresses of one stack's simulators and of the hub's webhooks.
#[derive(Debug, Clone)]
pub(crate) struct Addresses {
    /// iTEP's simulator.
    pub(crate) itep: String,
    /// TrueNorth's simulator.
    pub(crate) truenorth: String,
    /// Opens and closes the simulators' ports.
    pub(crate) control: String,
}

impl Addresses {
    /// The addresses behind these ports.
    pub(crate) fn of(ports: &Ports) -> Self {
        let url = |port| format!("http://127.0.0.1:{port}");
        Self { itep: url(ports.itep), truenorth: url(ports.truenorth), control: url(ports.control) }
    }
}

/// Starts the simulators unless they run from this very binary. True if they were started, so that they know nothing.
///
/// # Errors
/// The binary is missing, or does not answer.
pub(crate) fn start(processes: &Processes, binaries: &Binaries, ports: &Ports) -> Result<bool> {
    let binary = binaries.path(PROCESS)?;
    let stamp = binaries::stamp(&binary)?;
    if processes.runs_from(PROCESS, &stamp) {
        return Ok(false);
    }
    processes.stop(PROCESS)?;
    let port = |name: &str, port: u16| [format!("--{name}-port"), port.to_string()];
    let mut command = Command::new(&binary);
    command
        .args(port("itep", ports.itep))
        .args(port("truenorth", ports.truenorth))
        .args(port("control", ports.control));
    processes.start(PROCESS, &stamp, &mut command)?;
    let addresses = Addresses::of(ports);
    for _ in 0..100 {
        interrupt::check()?;
        if [&addresses.itep, &addresses.truenorth].iter().all(|url| http::answers(&format!("{url}/_sim/health"))) {
            return Ok(true);
        }
        interrupt::pause(Duration::from_millis(50));
    }
    bail!("the simulated vendors do not answer; their last words:\n{}", processes.last_words(PROCESS))
}

/// Gives the simulators their account `default`, with stock and with the hub's webhooks.
///
/// # Errors
/// A simulator refuses.
pub(crate) fn seed(addresses: &Addresses, webhooks: &Webhooks, kept: &mut Kept) -> Result<()> {
    let itep = json!({ "api_key": kept.get_or("itep_key", random_hex)?, "webhook_url": webhooks.itep,
        "webhook_auth": null, "track": "RC", "headers": { "get": "X-Sim-Get", "send": "X-Sim-Send" }, "encoding": "hex" });
    control(&addresses.itep, "accounts/default", &itep)?;
    for product in ITEP_PRODUCTS {
        let stock = json!({ "product": product, "test_ids": stock(product, kept)? });
        control(&addresses.itep, "stock", &stock)?;
    }
    let key = kept.get_or("truenorth_key", random_hex)?;
    control(&addresses.truenorth, "accounts/default", &json!({ "api_key": key }))?;
    let url = format!("{}/2020q1/webhook", addresses.truenorth);
    let bearer = format!("Bearer {key}");
    let body = json!({ "url": webhooks.truenorth });
    http::send_json("POST", &url, &[("authorization", &bearer)], &body)?.success("registering TrueNorth's webhook")?;
    Ok(())
}

/// The hub's addresses for the vendors' reports, with their tokens.
#[derive(Debug, Clone)]
pub(crate) struct Webhooks {
    /// iTEP's.
    pub(crate) itep: String,
    /// TrueNorth's.
    pub(crate) truenorth: String,
}

impl Webhooks {
    /// The addresses below those of the two functions.
    ///
    /// # Errors
    /// A token cannot be kept.
    pub(crate) fn below(itep: &str, truenorth: &str, kept: &mut Kept) -> Result<Self> {
        Ok(Self {
            itep: format!("{itep}/webhooks/itep/default/{}", kept.get_or("itep_token", random_hex)?),
            truenorth: format!(
                "{truenorth}/webhooks/truenorth/default/{}",
                kept.get_or("truenorth_token", random_hex)?
            ),
        })
    }
}

/// Makes the accounts' profiles known to the hub.
///
/// # Errors
/// Secrets Manager refuses.
pub(crate) fn seed_secrets(aws: &Aws, addresses: &Addresses, kept: &mut Kept) -> Result<()> {
    aws.put_secret("hub/itep/default", &itep_profile(addresses, kept)?)?;
    aws.put_secret("hub/truenorth/default", &truenorth_profile(addresses, kept)?)
}

fn itep_profile(addresses: &Addresses, kept: &mut Kept) -> Result<Value> {
    let refused = |status: u16| json!({ "status": status, "pointer": "/status", "equals": "error" });
    Ok(json!({
        "api_key": kept.get_or("itep_key", random_hex)?,
        "url": format!("{}/requests/ecommerce_webhook.php", addresses.itep),
        "track": "RC", "bcc": null, "default_expiry_days": 90, "nested_json": "object",
        "get": { "header": "X-Sim-Get", "encoding": "hex", "prefix": "" },
        "send": { "header": "X-Sim-Send", "encoding": "hex", "prefix": "" },
        "answer": {
            "test_id": ["/test-id"], "password": ["/password"], "reason": ["/message"],
            "refused_if": [refused(400), refused(422)],
            "out_of_tests_if": [{ "status": 200, "pointer": "/code", "equals": "OUT_OF_TESTS" }],
            "not_processed_if": [],
        },
        "products": ITEP_PRODUCTS,
        "exam_url": format!("{}/exam", addresses.itep),
        "resend_identical": false, "low_stock": 10,
        "inbound": { "tokens": [kept.get_or("itep_token", random_hex)?, EVENTS_TOKEN], "auth": [] },
    }))
}

fn truenorth_profile(addresses: &Addresses, kept: &mut Kept) -> Result<Value> {
    Ok(json!({
        "api_key": kept.get_or("truenorth_key", random_hex)?,
        "url": format!("{}/2020q1", addresses.truenorth),
        "default_expiry_days": 90,
        "inbound": { "tokens": [kept.get_or("truenorth_token", random_hex)?, EVENTS_TOKEN] },
    }))
}

/// New test IDs, the one of iTEP's results sample first where it was not in stock before: the hub keeps its data when
/// the simulators forget theirs, and refuses a reference that it knows.
fn stock(product: &str, kept: &mut Kept) -> Result<Vec<String>> {
    let mut ids = Vec::with_capacity(STOCK + 1);
    if product == ITEP_PRODUCTS[0] {
        kept.get_or("sample_test", || {
            ids.push(SAMPLE_TEST.to_owned());
            Ok("stocked".to_owned())
        })?;
    }
    let batch = random_hex()?[..6].to_uppercase();
    ids.extend((0..STOCK).map(|number| format!("{}{batch}{number:04}", &product[..1])));
    Ok(ids)
}

fn control(simulator: &str, path: &str, body: &Value) -> Result<()> {
    http::send_json("PUT", &format!("{simulator}/_sim/{path}"), &[], body)?.success(&format!("PUT /_sim/{path}"))?;
    Ok(())
}
