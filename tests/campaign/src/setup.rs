//! Accounts at both vendors, known to both sides, and companies that may use them.

use anyhow::{Context, Result};
use data_encoding::HEXLOWER;
use hyper::Method;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::Plan;
use super::stack::{Stack, Vendor};

/// What is bought at iTEP.
pub(crate) const ITEP_PRODUCT: &str = "GTX-Academic-Plus";
/// What is bought at TrueNorth, by id: a name would cost a look-up of its own now and then.
pub(crate) const TRUENORTH_PRODUCT: &str = "c66496f2-35a7-465d-bb3b-58f6af5caedb";
const COMPANIES: usize = 3;

/// The accounts and the companies' keys.
#[derive(Clone, Debug)]
pub(crate) struct Market {
    pub(crate) itep: Vec<String>,
    pub(crate) truenorth: Vec<String>,
    pub(crate) keys: Vec<String>,
}

impl Market {
    pub(crate) fn accounts(&self, vendor: Vendor) -> &[String] {
        match vendor {
            Vendor::Itep => &self.itep,
            Vendor::Truenorth => &self.truenorth,
        }
    }

    /// Makes accounts and companies, as many as the plan's load needs.
    pub(crate) async fn open(stack: &Stack, plan: &Plan) -> Result<Self> {
        let names = |prefix: &str, count: usize| (0..count).map(|n| format!("{prefix}{n:02}")).collect::<Vec<_>>();
        let itep = names("i", plan.itep_accounts());
        let truenorth = names("t", plan.truenorth_accounts());
        let stock = plan.reservations.div_ceil(itep.len()) * 2 + 50;
        for name in &itep {
            open_itep(stack, name, stock).await.with_context(|| format!("account {name}"))?;
        }
        for name in &truenorth {
            open_truenorth(stack, name).await.with_context(|| format!("account {name}"))?;
        }
        let mut keys = Vec::new();
        for number in 0..COMPANIES {
            let id = format!("company-{number}");
            let (own_itep, own_truenorth) = (itep.join(","), truenorth.join(","));
            let create =
                ["client", "create", "--name", &id, "--id", &id, "--itep", &own_itep, "--truenorth", &own_truenorth];
            stack.hubctl(&create).await?;
            let key = stack.hubctl(&["key", "create", "--client", &id]).await?;
            keys.push(key["key"].as_str().context("hubctl printed no key")?.to_owned());
        }
        Ok(Self { itep, truenorth, keys })
    }
}

fn token(account: &str) -> String {
    format!("token-of-{account}")
}

fn webhook(stack: &Stack, vendor: Vendor, account: &str) -> String {
    format!("{}/webhooks/{}/{account}/{}", stack.hub, vendor.name(), token(account))
}

async fn open_itep(stack: &Stack, name: &str, stock: usize) -> Result<()> {
    let (vendor, key) = (Vendor::Itep, format!("itep-key-of-{name}"));
    let account = json!({ "api_key": key, "webhook_url": webhook(stack, vendor, name), "track": "RC" });
    stack.control(vendor, Method::PUT, &format!("accounts/{name}"), &account).await?;
    let stock = json!({ "product": ITEP_PRODUCT, "count": stock });
    stack.control(vendor, Method::PUT, &format!("accounts/{name}/stock"), &stock).await?;
    let header = |name: &str| json!({ "header": name, "encoding": "hex", "prefix": "" });
    let profile = json!({
        "api_key": key,
        "url": format!("{}/requests/ecommerce_webhook.php", stack.vendor(vendor)),
        "track": "RC", "bcc": null, "default_expiry_days": 90, "nested_json": "object",
        "get": header("X-Sim-Get"), "send": header("X-Sim-Send"),
        "answer": {
            "test_id": ["/test-id"], "password": ["/password"], "reason": ["/message"],
            "refused_if": [{ "status": 422, "pointer": "/status", "equals": "error" }],
            "out_of_tests_if": [{ "status": 200, "pointer": "/code", "equals": "OUT_OF_TESTS" }],
            "not_processed_if": [],
        },
        "products": [ITEP_PRODUCT], "exam_url": "https://exam.example.com/",
        "resend_identical": false, "low_stock": 1,
        "inbound": { "tokens": [token(name)], "auth": [] },
    });
    secret(stack, vendor, name, &profile).await
}

async fn open_truenorth(stack: &Stack, name: &str) -> Result<()> {
    let (vendor, key) = (Vendor::Truenorth, format!("truenorth-key-of-{name}"));
    stack.control(vendor, Method::PUT, &format!("accounts/{name}"), &json!({ "api_key": key })).await?;
    let bearer = format!("Bearer {key}");
    let url = format!("{}/2020q1/webhook", stack.vendor(vendor));
    stack.post(&url, &[("authorization", &bearer)], &json!({ "url": webhook(stack, vendor, name) })).await?;
    let profile = json!({
        "api_key": key,
        "url": format!("{}/2020q1", stack.vendor(vendor)),
        "default_expiry_days": 90,
        "inbound": { "tokens": [token(name)] },
    });
    secret(stack, vendor, name, &profile).await
}

async fn secret(stack: &Stack, vendor: Vendor, account: &str, profile: &Value) -> Result<()> {
    let name = format!("hub/{}/{account}", vendor.name());
    let token = HEXLOWER.encode(&Sha256::digest(&name));
    let body = json!({ "Name": name, "SecretString": profile.to_string(), "ClientRequestToken": token });
    stack.aws("secretsmanager", "secretsmanager.CreateSecret", &body).await?;
    Ok(())
}
