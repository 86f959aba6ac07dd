//! The test world: the deployed stack, and for each test a company and vendor
//! accounts of its own, so that tests can run side by side.

use std::fmt::Debug;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use shared::aws::ApiKey;
pub(crate) use shared_core::domain::ids::Vendor;
use shared_core::domain::ids::{Account, Mode, ReservationId};
use shared_core::ports::Polls;

use crate::{in_process, setup};

/// How long a test waits for something that happens by itself. It is a bound for
/// a busy machine, not an expectation.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) const ITEP_PRODUCT: &str = "GTX-Academic-Plus";
pub(crate) const SPEAKING: &str = "English Speaking";
pub(crate) const GRAMMAR: &str = "English Grammar";

/// The running stack and one company on it.
pub(crate) struct World {
    pub(crate) http: Client,
    pub(crate) env: Env,
    /// The name of this test's account at both vendors.
    pub(crate) account: String,
    /// This test's company's API key.
    pub(crate) key: String,
    pub(crate) token: String,
}

#[derive(Debug, Clone)]
pub(crate) struct Env {
    pub(crate) hub: String,
    pub(crate) aws: String,
    pub(crate) itep_sim: String,
    pub(crate) truenorth_sim: String,
    pub(crate) stack: String,
}

impl Env {
    fn read() -> Self {
        let get =
            |name: &str| std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run `cargo dev test`"));
        Self {
            hub: get("HUB_URL"),
            aws: get("AWS_ENDPOINT_URL"),
            itep_sim: get("ITEP_SIM_URL"),
            truenorth_sim: get("TRUENORTH_SIM_URL"),
            stack: get("HUB_STACK_NAME"),
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) fn id(&self) -> String {
        self.body["id"].as_str().or(self.body["reservation_id"].as_str()).expect("a reservation's id").to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The last part of a problem's type.
    pub(crate) fn problem(&self) -> &str {
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:?}");
        self.body["type"].as_str().and_then(|text| text.rsplit(':').next()).unwrap_or_default()
    }
}

impl World {
    /// A world with both vendors, fifty tests in iTEP's stock.
    pub(crate) async fn new() -> Self {
        Self::with(setup::Options::default()).await
    }

    pub(crate) async fn with(options: setup::Options) -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = Client::builder().timeout(Duration::from_secs(60)).build().expect("an HTTP client");
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let account = format!("t{}-{count}", std::process::id());
        let mut world =
            Self { http, env: Env::read(), token: format!("token-of-{account}"), account, key: String::new() };
        setup::vendors(&world, &options).await;
        world.key = setup::company(&world.account).await;
        world
    }

    /// Another company, with the same vendor accounts.
    pub(crate) async fn another_company(&self) -> String {
        setup::company(&self.account).await
    }

    /// The same company in test mode, with a key of its own.
    pub(crate) async fn in_test_mode(&self) -> Self {
        let client = format!("c-{}", self.key.rsplit('_').nth(1).expect("a key's id"));
        let key = ApiKey::generate(Mode::Test).expect("randomness");
        let (_, key) = setup::company_named(&client, &self.account, key).await;
        let (http, env) = (self.http.clone(), self.env.clone());
        Self { http, env, account: self.account.clone(), key, token: self.token.clone() }
    }

    // The hub's API.

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.env.hub)).bearer_auth(&self.key)
    }

    pub(crate) async fn send(&self, request: RequestBuilder) -> Answer {
        let response = request.send().await.expect("the hub answers");
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = response.bytes().await.expect("a whole answer");
        let body = if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).expect("JSON") };
        Answer { status, headers, body }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    pub(crate) async fn post(&self, path: &str) -> Answer {
        self.send(self.request(Method::POST, path)).await
    }

    pub(crate) async fn reserve(&self, key: &str, order: &Value) -> Answer {
        self.send(self.reserving(key, order)).await
    }

    pub(crate) fn reserving(&self, key: &str, order: &Value) -> RequestBuilder {
        self.request(Method::POST, "/v1/reservations").header("idempotency-key", key).json(order)
    }

    pub(crate) async fn reservation(&self, id: &str) -> Value {
        let answer = self.get(&format!("/v1/reservations/{id}")).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.body
    }

    pub(crate) async fn history(&self, id: &str) -> Vec<Value> {
        let answer = self.get(&format!("/v1/reservations/{id}/history")).await;
        answer.body["data"].as_array().expect("a history").clone()
    }

    /// Waits until a reservation satisfies a condition.
    pub(crate) async fn until(&self, id: &str, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let ask = async || {
            let reservation = self.reservation(id).await;
            if holds(&reservation) { Ok(reservation) } else { Err(reservation) }
        };
        eventually(what, ask).await
    }

    pub(crate) async fn until_status(&self, id: &str, status: &str) -> Value {
        self.until(id, status, |reservation| reservation["status"] == status).await
    }

    /// Waits for a status that the sweep brings about, sweeping meanwhile as the
    /// schedule would.
    pub(crate) async fn until_swept(&self, id: &str, status: &str) -> Value {
        self.until_swept_to(id, "status", status).await
    }

    /// The same of any field.
    pub(crate) async fn until_swept_to(&self, id: &str, field: &str, value: &str) -> Value {
        let ask = async || {
            self.run("expire-reservations").await;
            let reservation = self.reservation(id).await;
            if reservation[field] == value {
                return Ok(reservation);
            }
            tokio::time::sleep(Duration::from_millis(400)).await;
            Err(reservation)
        };
        eventually(value, ask).await
    }

    /// Waits for the first reservation of this test's company.
    pub(crate) async fn first_reservation(&self) -> String {
        let ask = async || {
            let listed = self.get("/v1/reservations").await;
            listed.body["data"][0]["id"].as_str().map(str::to_owned).ok_or(listed)
        };
        eventually("a reservation", ask).await
    }

    // Orders.

    pub(crate) fn itep_order(&self) -> Value {
        json!({ "vendor": "itep", "product": ITEP_PRODUCT, "account": self.account, "candidate": candidate() })
    }

    pub(crate) fn truenorth_order(&self, product: &str) -> Value {
        json!({ "vendor": "truenorth", "product": product, "account": self.account, "candidate": candidate() })
    }

    pub(crate) fn order(&self, vendor: Vendor) -> Value {
        match vendor {
            Vendor::Itep => self.itep_order(),
            Vendor::Truenorth => self.truenorth_order(SPEAKING),
        }
    }

    /// Buys a test; the answer is a 201.
    pub(crate) async fn buy(&self, vendor: Vendor) -> Answer {
        let answer = self.reserve("the-order", &self.order(vendor)).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer
    }

    /// Orders a test under a fault of the one call that leaves it in doubt.
    pub(crate) async fn in_doubt(&self, vendor: Vendor, fault: &str) -> String {
        self.fault(vendor, json!({ "match": "purchase", "fault": fault, "times": 1 })).await;
        let answer = self.reserve("the-doubtful-order", &self.order(vendor)).await;
        assert_eq!((answer.status.as_u16(), &answer.body["status"]), (202, &json!("in_doubt")), "{fault}: {answer:?}");
        self.clear_faults(vendor).await;
        answer.id()
    }

    // The simulated vendors.

    pub(crate) fn account_at(&self, vendor: Vendor) -> Account {
        Account { vendor, name: self.account.parse().expect("an account's name") }
    }

    pub(crate) fn sim_url(&self, vendor: Vendor) -> &str {
        match vendor {
            Vendor::Itep => &self.env.itep_sim,
            Vendor::Truenorth => &self.env.truenorth_sim,
        }
    }

    pub(crate) async fn sim(&self, vendor: Vendor, method: Method, path: &str, body: Value) -> Value {
        let url = format!("{}/_sim/{path}", self.sim_url(vendor));
        let request = self.http.request(method, url);
        let request = if body.is_null() { request } else { request.json(&body) };
        let answer = self.send(request).await;
        assert!(answer.status.is_success(), "{path}: {answer:?}");
        answer.body
    }

    pub(crate) async fn fault(&self, vendor: Vendor, fault: Value) {
        self.sim(vendor, Method::PUT, &format!("accounts/{}/faults", self.account), fault).await;
    }

    pub(crate) async fn clear_faults(&self, vendor: Vendor) {
        self.sim(vendor, Method::DELETE, &format!("accounts/{}/faults", self.account), Value::Null).await;
    }

    /// What the vendor sold to this test's account.
    pub(crate) async fn sales(&self, vendor: Vendor) -> Vec<Value> {
        self.ledger(vendor).await["sales"].as_array().expect("sales").clone()
    }

    /// How many tests the vendor sold to a reservation.
    pub(crate) async fn sold_to(&self, vendor: Vendor, id: &ReservationId) -> usize {
        self.sales(vendor).await.iter().filter(|sale| sale["reservation_id"] == id.as_str()).count()
    }

    /// The requests that the vendor saw from this test's account for a path.
    pub(crate) async fn calls(&self, vendor: Vendor, path: &str) -> usize {
        self.called(vendor).await.iter().filter(|seen| seen.contains(path)).count()
    }

    /// The paths of all requests that the vendor saw from this test's account.
    async fn called(&self, vendor: Vendor) -> Vec<String> {
        let ledger = self.ledger(vendor).await;
        let calls = ledger["calls"].as_array().expect("calls");
        calls.iter().map(|call| call["path"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// Keeps the schedule's polls off this test's account for longer than a test takes: they ask about open tests too.
    pub(crate) async fn hold_polls(&self) {
        let (store, account) = (in_process::hub().store, self.account.parse().expect("a name"));
        let held = async || {
            let now = Timestamp::now();
            store
                .begin(&account, now, now + Duration::from_secs(600))
                .await
                .expect("storage")
                .ok_or("a poll is under way")
        };
        eventually("the account's poll lease", held).await;
    }

    /// The look-ups of single tests on this test's account.
    pub(crate) async fn look_ups(&self) -> usize {
        self.called(Vendor::Truenorth).await.iter().filter(|path| path.ends_with("/score")).count()
    }

    /// The calls with which this test's account bought, or tried to.
    pub(crate) async fn purchase_calls(&self, vendor: Vendor) -> usize {
        let path = match vendor {
            Vendor::Itep => "ecommerce_webhook.php",
            Vendor::Truenorth => "assign",
        };
        self.calls(vendor, path).await
    }

    async fn ledger(&self, vendor: Vendor) -> Value {
        self.sim(vendor, Method::GET, &format!("ledger?account={}", self.account), Value::Null).await
    }

    /// Lets something happen to a test at the vendor.
    pub(crate) async fn happens(&self, vendor: Vendor, reference: &str, what: &str) -> Value {
        self.happens_with(vendor, reference, what, Value::Null).await
    }

    pub(crate) async fn happens_with(&self, vendor: Vendor, reference: &str, what: &str, fields: Value) -> Value {
        // Accounts of other tests may hold a test of the same id.
        let path = format!("tests/{reference}/{what}?account={}", self.account);
        self.sim(vendor, Method::POST, &path, fields).await
    }

    pub(crate) fn webhook(&self, vendor: Vendor) -> String {
        format!("{}/webhooks/{vendor}/{}/{}", self.env.hub, self.account, self.token)
    }
}

/// Asks until the answer is good; when patience is at an end, panics with the last bad one.
pub(crate) async fn eventually<T, E: Debug>(what: &str, ask: impl AsyncFn() -> Result<T, E>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match ask().await {
            Ok(found) => return found,
            Err(seen) => assert!(Instant::now() < deadline, "waited in vain for {what}: {seen:#?}"),
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// The vendor's id of a reservation's test.
pub(crate) fn reference(reservation: &Value) -> String {
    let reference = &reservation["vendor_reference"];
    let id = reference["test_id"].as_str().or(reference["user_assessment_id"].as_str());
    id.unwrap_or_else(|| panic!("no vendor reference in {reservation:#}")).to_owned()
}

fn candidate() -> Value {
    json!({
        "external_id": "c-1001",
        "given_name": "Mary",
        "family_name": "Poppins",
        "email": "mary@example.com",
        "birth_date": "1990-07-08",
    })
}
