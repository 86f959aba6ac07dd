//! The simulated vendors: started, given an account each, and made known to the hub.

use std::process::Command;

use anyhow::Result;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    http,
    ports::{Ports, url},
    processes::Processes,
    workspace,
};

pub(crate) const SIMULATORS: &str = "vendor-sim";

/// iTEP's product in stock, and the one that iTEP also sends to the candidate.
const ITEP_PRODUCTS: [&str; 2] = ["GTX-Academic-Plus", "STX-Academic-Plus"];
/// The test of iTEP's results sample.
const SAMPLE_TEST: &str = "3279B035APR";
/// The token in the webhook events under `events/`, valid on the local stack only.
const EVENTS_TOKEN: &str = "local-token";
/// Tests in stock of each product.
const STOCK: usize = 500;

/// What the hub shows the vendors, and in its webhooks' addresses they the hub.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Credentials {
    itep_key: String,
    itep_token: String,
    truenorth_key: String,
    truenorth_token: String,
}

impl Credentials {
    pub(crate) fn random() -> Result<Self> {
        Ok(Self {
            itep_key: random_hex()?,
            itep_token: random_hex()?,
            truenorth_key: random_hex()?,
            truenorth_token: random_hex()?,
        })
    }
}

/// The hub's addresses for the vendors' reports.
pub(crate) struct Webhooks {
    pub(crate) itep: String,
    pub(crate) truenorth: String,
}

impl Webhooks {
    /// Below the base addresses of the two functions.
    pub(crate) fn new(itep: &str, truenorth: &str, credentials: &Credentials) -> Self {
        let Credentials { itep_token, truenorth_token, .. } = credentials;
        Self {
            itep: format!("{itep}/webhooks/itep/default/{itep_token}"),
            truenorth: format!("{truenorth}/webhooks/truenorth/default/{truenorth_token}"),
        }
    }
}

/// Starts the simulators unless they run from this very binary. True if they were started: then they know nothing.
pub(crate) fn start(processes: &Processes, ports: &Ports) -> Result<bool> {
    let binary = workspace::binary(SIMULATORS)?;
    let mut command = Command::new(&binary);
    for (name, port) in [("itep", ports.itep), ("truenorth", ports.truenorth), ("control", ports.control)] {
        command.args([format!("--{name}-port"), port.to_string()]);
    }
    let health = [ports.itep, ports.truenorth].map(|port| url(port) + "/_sim/health");
    processes.ensure(SIMULATORS, &workspace::version(&binary)?, &health, &mut command)
}

/// Gives the simulators their account `default`, with stock and with the hub's webhooks. The hub keeps its data when
/// the simulators forget theirs, and refuses a test ID that it knows: all are new but the sample's.
pub(crate) fn seed(ports: &Ports, credentials: &Credentials, webhooks: &Webhooks, with_sample: bool) -> Result<()> {
    let put = |port, path: &str, body: &Value| http::call("PUT", &format!("{}/_sim/{path}", url(port)), &[], body);
    let account = json!({ "api_key": credentials.itep_key, "webhook_url": webhooks.itep, "webhook_auth": null,
        "track": "RC", "headers": { "get": "X-Sim-Get", "send": "X-Sim-Send" }, "encoding": "hex" });
    put(ports.itep, "accounts/default", &account)?;
    for product in ITEP_PRODUCTS {
        let prefix = format!("{}{}", &product[..1], random_hex()?[..6].to_uppercase());
        let sample = (with_sample && product == ITEP_PRODUCTS[0]).then(|| SAMPLE_TEST.to_owned());
        let test_ids: Vec<_> =
            sample.into_iter().chain((0..STOCK).map(|number| format!("{prefix}{number:04}"))).collect();
        put(ports.itep, "stock", &json!({ "product": product, "test_ids": test_ids }))?;
    }
    let key = &credentials.truenorth_key;
    put(ports.truenorth, "accounts/default", &json!({ "api_key": key }))?;
    let webhook = format!("{}/2020q1/webhook", url(ports.truenorth));
    let bearer = format!("Bearer {key}");
    http::call("POST", &webhook, &[("authorization", &bearer)], &json!({ "url": webhooks.truenorth }))?;
    Ok(())
}

/// The accounts' profiles, by the names of the hub's secrets.
pub(crate) fn profiles(ports: &Ports, credentials: &Credentials) -> Value {
    let Credentials { itep_key, itep_token, truenorth_key, truenorth_token } = credentials;
    let (itep, truenorth) = (url(ports.itep), url(ports.truenorth));
    let refused = |status: u16| json!({ "status": status, "pointer": "/status", "equals": "error" });
    json!({
        "hub/itep/default": {
            "api_key": itep_key,
            "url": format!("{itep}/requests/ecommerce_webhook.php"),
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
            "exam_url": format!("{itep}/exam"),
            "resend_identical": false, "low_stock": 10,
            "inbound": { "tokens": [itep_token, EVENTS_TOKEN], "auth": [] },
        },
        "hub/truenorth/default": {
            "api_key": truenorth_key,
            "url": format!("{truenorth}/2020q1"),
            "default_expiry_days": 90,
            "inbound": { "tokens": [truenorth_token, EVENTS_TOKEN] },
        },
    })
}

/// 128 random bits.
pub(crate) fn random_hex() -> Result<String> {
    Ok(format!("{:016x}{:016x}", getrandom::u64()?, getrandom::u64()?))
}
