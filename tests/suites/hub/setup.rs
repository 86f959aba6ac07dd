//! Setting a test's world up: the accounts' profiles, the simulators' side of
//! them, and a company with a key.

use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};
use shared::aws::access::ApiKey;
use shared::aws::clients::AwsClients;
use shared::aws::dynamodb::{Accounts, Client, KeyRecord};
use shared_core::domain::ids::{AccountName, ClientId, Mode};

use crate::in_process;
use crate::world::{ITEP_PRODUCT, Vendor, World};

/// How a world differs from the ordinary one.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// iTEP's stock of products of the profile, as its simulator takes it.
    pub(crate) itep_stock: Vec<Value>,
    /// Where the vendors are, if not at the simulators' ordinary addresses.
    pub(crate) itep_url: Option<String>,
    pub(crate) truenorth_url: Option<String>,
    /// Changes to the iTEP profile; `null` takes a field away.
    pub(crate) itep_profile: Value,
    /// What stands before the five digits of iTEP's passwords.
    pub(crate) itep_password_prefix: &'static str,
    /// The second credentials that iTEP may show.
    pub(crate) itep_auth: Value,
    /// Whether TrueNorth counts requests.
    pub(crate) rate_limit: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            itep_stock: [(ITEP_PRODUCT, 60), ("STX-Academic-Plus", 5)]
                .map(|(product, count)| json!({ "product": product, "count": count }))
                .into(),
            itep_url: None,
            truenorth_url: None,
            itep_profile: json!({}),
            itep_password_prefix: "",
            itep_auth: json!([]),
            rate_limit: true,
        }
    }
}

/// The vendor accounts of a world, on both sides.
pub(crate) async fn vendors(world: &World, options: &Options) {
    let (itep, truenorth) = (itep_profile(world, options), truenorth_profile(world, options));
    secret(&format!("hub/itep/{}", world.account), &itep).await;
    secret(&format!("hub/truenorth/{}", world.account), &truenorth).await;
    let account = json!({
        "api_key": itep["api_key"],
        "webhook_url": world.webhook(Vendor::Itep),
        "track": "RC",
        "headers": { "get": "X-Sim-Get", "send": "X-Sim-Send" },
        "encoding": "hex",
        "password_prefix": options.itep_password_prefix,
    });
    let path = format!("accounts/{}", world.account);
    world.sim(Vendor::Itep, Method::PUT, &path, account).await;
    for stock in &options.itep_stock {
        world.sim(Vendor::Itep, Method::PUT, &format!("{path}/stock"), stock.clone()).await;
    }
    let account = json!({ "api_key": truenorth["api_key"], "rate_limit": options.rate_limit });
    world.sim(Vendor::Truenorth, Method::PUT, &path, account).await;
    register_webhook(world, &truenorth).await;
}

pub(crate) fn itep_profile(world: &World, options: &Options) -> Value {
    let url = options.itep_url.as_deref().unwrap_or(&world.env.itep_sim);
    let mut profile = json!({
        "api_key": format!("itep-key-of-{}", world.account),
        "url": format!("{url}/requests/ecommerce_webhook.php"),
        "track": "RC",
        "bcc": null,
        "default_expiry_days": 90,
        "nested_json": "object",
        "get": { "header": "X-Sim-Get", "encoding": "hex", "prefix": "" },
        "send": { "header": "X-Sim-Send", "encoding": "hex", "prefix": "" },
        "answer": {
            "test_id": ["/test-id"],
            "password": ["/password"],
            "reason": ["/message"],
            "refused_if": [
                { "status": 422, "pointer": "/status", "equals": "error" },
                { "pointer": "/code", "equals": "MALFORMED" },
            ],
            "out_of_tests_if": [{ "pointer": "/code", "equals": "OUT_OF_TESTS" }],
            "not_processed_if": [{ "status": 401, "pointer": "/code", "equals": "BAD_SIGNATURE" }],
        },
        "products": [ITEP_PRODUCT, "STX-Academic-Plus"],
        "exam_url": "https://exam.example.com/",
        "resend_identical": false,
        "low_stock": 10,
        "inbound": { "tokens": [world.token], "auth": options.itep_auth },
    });
    for (name, value) in options.itep_profile.as_object().into_iter().flatten() {
        profile[name] = value.clone();
    }
    profile
}

fn truenorth_profile(world: &World, options: &Options) -> Value {
    let url = options.truenorth_url.as_deref().unwrap_or(&world.env.truenorth_sim);
    json!({
        "api_key": format!("truenorth-key-of-{}", world.account),
        "url": format!("{url}/2020q1"),
        "default_expiry_days": 90,
        "inbound": { "tokens": [world.token] },
    })
}

async fn register_webhook(world: &World, profile: &Value) {
    let url = format!("{}/2020q1/webhook", world.env.truenorth_sim);
    let key = profile["api_key"].as_str().expect("a key");
    let body = json!({ "url": world.webhook(Vendor::Truenorth) });
    let answer = world.send(world.http.post(url).bearer_auth(key).json(&body)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

pub(crate) async fn secret(name: &str, value: &Value) {
    let aws = AwsClients::from_env().expect("the stack's environment");
    let created = aws.secrets().create_secret().name(name).secret_string(value.to_string()).send().await;
    if created.is_err() {
        let changed = aws.secrets().put_secret_value().secret_id(name).secret_string(value.to_string());
        changed.send().await.expect("a secret");
    }
}

/// A company with access to an account of both vendors, and its API key.
pub(crate) async fn company(account: &str) -> String {
    let key = ApiKey::generate(Mode::Live).expect("randomness");
    let (is_new, key) = company_named(&format!("c-{}", key.key_id()), account, key).await;
    assert!(is_new);
    key
}

/// The same under an id of its own, in the key's mode; says whether it was not there yet.
pub(crate) async fn company_named(id: &str, account: &str, key: ApiKey) -> (bool, String) {
    let (store, created_at) = (in_process::hub().store, Timestamp::now());
    let name: AccountName = account.parse().expect("an account's name");
    let id: ClientId = id.parse().expect("a client's id");
    let accounts = Accounts { itep: vec![name.clone()], truenorth: vec![name] };
    let client = Client { id: id.clone(), name: format!("Company of {account}"), accounts, created_at };
    let is_new = store.create_client(&client).await.expect("storage");
    let record = KeyRecord {
        key_id: key.key_id().to_owned(),
        client: id.in_mode(key.mode()),
        secret_digest: key.secret_digest(),
        label: None,
        created_at,
        expires_at: None,
        revoked_at: None,
    };
    assert!(store.create_key(&record).await.expect("storage"));
    (is_new, key.expose().into_inner())
}
