//! The simulated vendors: starts them, creates an account at each, and builds the hub's profiles.

use std::process::Command;

use anyhow::Result;
use serde_json::{Value, json};

use crate::{
    environment::Environment,
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

/// Starts the simulators unless they run from this very binary. True if they were started: then they know nothing.
pub(crate) fn start(processes: &Processes, ports: &Ports) -> Result<bool> {
    let binary = workspace::binary(SIMULATORS)?;
    let mut command = Command::new(&binary);
    for (name, port) in [("itep", ports.itep), ("truenorth", ports.truenorth), ("control", ports.control)] {
        command.args([format!("--{name}-port"), port.to_string()]);
    }
    let health = [ports.itep, ports.truenorth].map(|port| url(port) + "/_sim/health");
    processes.start(SIMULATORS, &workspace::version(&binary)?, &health, &mut command)
}

/// Gives the simulators their account `default`, with stock and with the hub's webhooks. The hub keeps its data when
/// the simulators forget theirs, and refuses a test ID that it knows: all are new but the sample's.
pub(crate) fn seed(environment: &Environment, secret: &str, with_sample: bool) -> Result<()> {
    let [itep, truenorth, itep_webhook, truenorth_webhook] =
        ["ITEP_SIM_URL", "TRUENORTH_SIM_URL", "ITEP_WEBHOOK_URL", "TRUENORTH_WEBHOOK_URL"]
            .map(|name| environment.get(name));
    let (itep, truenorth) = (itep?, truenorth?);
    let put = |url: String, body: &Value| http::call("PUT", &url, &[], body);
    let account = json!({ "api_key": format!("itep-key-{secret}"), "webhook_url": itep_webhook?, "webhook_auth": null,
        "track": "RC", "headers": { "get": "X-Sim-Get", "send": "X-Sim-Send" }, "encoding": "hex" });
    put(format!("{itep}/_sim/accounts/default"), &account)?;
    for product in ITEP_PRODUCTS {
        let prefix = format!("{}{}", &product[..1], random_hex()?[..6].to_uppercase());
        let mut test_ids: Vec<_> = (0..STOCK).map(|number| format!("{prefix}{number:04}")).collect();
        if with_sample && product == ITEP_PRODUCTS[0] {
            test_ids.insert(0, SAMPLE_TEST.to_owned());
        }
        put(format!("{itep}/_sim/stock"), &json!({ "product": product, "test_ids": test_ids }))?;
    }
    let key = format!("truenorth-key-{secret}");
    put(format!("{truenorth}/_sim/accounts/default"), &json!({ "api_key": key }))?;
    let (webhook, bearer) = (format!("{truenorth}/2020q1/webhook"), format!("Bearer {key}"));
    http::call("POST", &webhook, &[("authorization", &bearer)], &json!({ "url": truenorth_webhook? })).map(drop)
}

/// The accounts' profiles, by the names of the hub's secrets.
pub(crate) fn profiles(ports: &Ports, secret: &str) -> Value {
    let (itep, truenorth) = (url(ports.itep), url(ports.truenorth));
    let refused = |status: u16| json!({ "status": status, "pointer": "/status", "equals": "error" });
    json!({
        "hub/itep/default": {
            "api_key": format!("itep-key-{secret}"),
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
            "inbound": { "tokens": [format!("itep-token-{secret}"), EVENTS_TOKEN.to_owned()], "auth": [] },
        },
        "hub/truenorth/default": {
            "api_key": format!("truenorth-key-{secret}"),
            "url": format!("{truenorth}/2020q1"),
            "default_expiry_days": 90,
            "inbound": { "tokens": [format!("truenorth-token-{secret}"), EVENTS_TOKEN.to_owned()] },
        },
    })
}

/// 128 random bits.
pub(crate) fn random_hex() -> Result<String> {
    Ok(format!("{:016x}{:016x}", getrandom::u64()?, getrandom::u64()?))
}
