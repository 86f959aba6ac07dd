//! Simulators of this test's own, a receiver for their webhooks, and short ways to call them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use hyper::Method;
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use vendor_sim::client::{self, Received, SendError};
use vendor_sim::{Sim, SimConfig};

pub(crate) const ITEP_KEY: &str = "itep-key";
pub(crate) const TRUENORTH_KEY: &str = "truenorth-key";
pub(crate) const SPEAKING: &str = "C66496F2-35A7-465D-BB3B-58F6AF5CAEDB";
pub(crate) const GRAMMAR: &str = "de83346f-aa2d-4c4f-a250-0d3a09d609e3";

/// Both simulators, with one account each whose webhooks go to `inbox`.
pub(crate) struct World {
    pub(crate) sim: Sim,
    pub(crate) inbox: Inbox,
}

impl World {
    pub(crate) async fn start() -> Self {
        let sim = Sim::start(SimConfig::default()).await.unwrap();
        let world = Self { sim, inbox: Inbox::start().await };
        let account = json!({"api_key": ITEP_KEY, "webhook_url": world.inbox.url("/itep"),
            "webhook_auth": {"authorization": "Bearer hub"}});
        world.itep("PUT", "/_sim/accounts/default", account).await;
        world.truenorth_account(json!({"api_key": TRUENORTH_KEY, "rate_limit": false})).await;
        world
    }

    pub(crate) async fn stocked(product: &str, ids: &[&str]) -> Self {
        let world = Self::start().await;
        world.stock(product, ids).await;
        world
    }

    pub(crate) async fn truenorth_account(&self, settings: Value) {
        let got = self.truenorth("PUT", "/_sim/accounts/default", settings).await;
        assert_eq!(got.status, 200, "{got:?}");
    }

    /// A call to iTEP's port without a signature, for the control API.
    pub(crate) async fn itep(&self, method: &str, path: &str, body: Value) -> Received {
        call(method, &format!("{}{path}", self.sim.itep_url()), &[], body.to_string()).await.unwrap()
    }

    /// A call to TrueNorth's port with the account's key.
    pub(crate) async fn truenorth(&self, method: &str, path: &str, body: Value) -> Received {
        self.try_truenorth(method, path, body).await.unwrap()
    }

    pub(crate) async fn try_truenorth(&self, method: &str, path: &str, body: Value) -> Result<Received, SendError> {
        let url = format!("{}{path}", self.sim.truenorth_url());
        let key = format!("Bearer {TRUENORTH_KEY}");
        call(method, &url, &[("authorization", &key)], body.to_string()).await
    }

    pub(crate) async fn control(&self, path: &str, body: Value) -> Received {
        call("POST", &format!("{}{path}", self.sim.control_url()), &[], body.to_string()).await.unwrap()
    }

    pub(crate) async fn stock(&self, product: &str, ids: &[&str]) {
        let got = self.itep("PUT", "/_sim/stock", json!({"product": product, "test_ids": ids})).await;
        assert_eq!(got.status, 200, "{got:?}");
    }

    /// Orders a fault at both vendors, for the default account.
    pub(crate) async fn order(&self, fault: Value) {
        assert_eq!(self.itep("PUT", "/_sim/faults", fault.clone()).await.status, 200);
        assert_eq!(self.truenorth("PUT", "/_sim/faults", fault).await.status, 200);
    }

    /// A request for a test, signed in the given header.
    pub(crate) async fn buy(&self, header: &str, body: &str) -> Result<Received, SendError> {
        self.buy_at(&self.sim.itep_url(), header, body).await
    }

    pub(crate) async fn buy_at(&self, base: &str, header: &str, body: &str) -> Result<Received, SendError> {
        let url = format!("{base}/requests/ecommerce_webhook.php");
        call("POST", &url, &[(header, &sign(body))], body.to_owned()).await
    }

    pub(crate) async fn itep_ledger(&self) -> Value {
        read(&self.itep("GET", "/_sim/ledger?account=default", json!({})).await)
    }

    pub(crate) async fn truenorth_ledger(&self) -> Value {
        read(&self.truenorth("GET", "/_sim/ledger?account=default", json!({})).await)
    }

    /// Moves an iTEP test on; answers what the control API said.
    pub(crate) async fn itep_test(&self, id: &str, verb: &str, fields: Value) -> Value {
        read(&self.itep("POST", &format!("/_sim/tests/{id}/{verb}"), fields).await)
    }

    /// Moves a TrueNorth test on; answers what the control API said.
    pub(crate) async fn truenorth_test(&self, id: &str, verb: &str, fields: Value) -> Value {
        read(&self.truenorth("POST", &format!("/_sim/tests/{id}/{verb}"), fields).await)
    }

    /// Assigns an assessment to the user of this identifier; answers TrueNorth's answer.
    pub(crate) async fn assign(&self, assessment: &str, identifier: &str) -> Value {
        let got = self.truenorth("POST", "/2020q1/assign/", assignment(assessment, identifier)).await;
        assert_eq!(got.status, 200, "{got:?}");
        read(&got)
    }
}

pub(crate) fn assignment(assessment: &str, identifier: &str) -> Value {
    json!({"assessmentId": assessment, "givenName": "Ann", "surName": "Lee",
        "uniqueIdentifier": identifier, "studentId": "s-1"})
}

pub(crate) fn gtx(reservation: &str) -> String {
    json!({"product-code": "GTX-Academic-Plus", "track": "RC", "sequence": 1,
        "registration": {"trExternal_ID": reservation}})
    .to_string()
}

pub(crate) fn sign(body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(ITEP_KEY.as_bytes()).unwrap();
    mac.update(body.as_bytes());
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn read(received: &Received) -> Value {
    serde_json::from_slice(&received.body).unwrap()
}

pub(crate) async fn call(
    method: &str,
    url: &str,
    headers: &[(&str, &str)],
    body: String,
) -> Result<Received, SendError> {
    let headers: Vec<_> = headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    let method: Method = method.parse().unwrap();
    client::send(method, url, &headers, body.into(), Duration::from_secs(5)).await
}

/// Receives webhooks: keeps their bytes and answers 204.
pub(crate) struct Inbox {
    port: u16,
    received: Arc<Mutex<Vec<String>>>,
}

impl Inbox {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let received = Arc::<Mutex<Vec<String>>>::default();
        let kept = Arc::clone(&received);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let request = receive(stream).await;
                kept.lock().unwrap().push(request);
            }
        });
        Self { port, received }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// The requests so far, head and body.
    pub(crate) fn all(&self) -> Vec<String> {
        self.received.lock().unwrap().clone()
    }

    pub(crate) fn bodies(&self) -> Vec<String> {
        self.all().iter().map(|all| all.split_once("\r\n\r\n").unwrap().1.to_owned()).collect()
    }

    pub(crate) async fn wait(&self, count: usize) {
        for _ in 0..250 {
            if self.all().len() >= count {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{count} webhooks were expected, {} came", self.all().len());
    }
}

async fn receive(mut stream: TcpStream) -> String {
    let mut bytes = Vec::new();
    loop {
        let mut part = [0; 4096];
        let count = stream.read(&mut part).await.unwrap();
        bytes.extend_from_slice(&part[..count]);
        let text = String::from_utf8(bytes.clone()).unwrap();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")).unwrap();
        if count == 0 || body.len() >= length.parse().unwrap() {
            stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
            return text;
        }
    }
}
