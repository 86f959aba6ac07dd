//! `cargo dev demo`: the story of one test with each vendor. Every line tells what a real call answered.

use std::{
    io,
    time::{Duration, Instant},
};

use anyhow::{Result, bail};
use serde_json::{Value, json};

use crate::{
    environment::{Environment, random_hex},
    http, interrupt,
    progress::say,
    workspace,
};

/// How long a change may take to show. A purchase that waits for the sweep takes a minute.
const PATIENCE: Duration = Duration::from_secs(90);

/// Tells the story on the running stack.
pub(super) fn run() -> Result<()> {
    tell(&Environment::read(&workspace::dev_directory().join("env"))?)
}

/// Tells the story on the stack of these variables.
///
/// # Errors
/// The hub or a simulator answers otherwise than the story goes.
pub(super) fn tell(environment: &Environment) -> Result<()> {
    for vendor in [ITEP, TRUENORTH] {
        say(format_args!("\n{}", vendor.title))?;
        vendor.story(environment)?;
    }
    Ok(())
}

/// How one vendor's story differs.
struct Vendor {
    title: &'static str,
    name: &'static str,
    product: &'static str,
    simulator: &'static str,
    /// Where the answer holds the vendor's id of the test.
    reference: &'static str,
    /// Whether the vendor tells of a test that was sat but not graded.
    tells_of_finish: bool,
}

const ITEP: Vendor = Vendor {
    title: "One test with iTEP",
    name: "itep",
    product: "GTX-Academic-Plus",
    simulator: "ITEP_SIM_URL",
    reference: "/vendor_reference/test_id",
    tells_of_finish: true,
};

const TRUENORTH: Vendor = Vendor {
    title: "One test with TrueNorth",
    name: "truenorth",
    product: "English Speaking",
    simulator: "TRUENORTH_SIM_URL",
    reference: "/vendor_reference/user_assessment_id",
    tells_of_finish: false,
};

impl Vendor {
    fn story(&self, environment: &Environment) -> Result<()> {
        let hub = Hub { url: environment.get("HUB_URL")?, key: environment.get("HUB_API_KEY")? };
        let id = self.buy(&hub)?;
        let ready = hub.wait(&id, "ready")?;
        let reference = text(&ready, self.reference);
        line("bought", &format!("{id} is ready: test {reference}, expires {}", text(&ready, "/expires_at")))?;
        let launch = hub.call("POST", &format!("/v1/reservations/{id}/launch"), None)?.1;
        line("launch", &format!("{} at {}", text(&launch, "/kind"), text(&launch, "/url")))?;
        let simulator = environment.get(self.simulator)?;
        for verb in ["start", "finish"] {
            simulate(simulator, &reference, verb)?;
        }
        if self.tells_of_finish {
            line("sat", &format!("the hub says {}", text(&hub.wait(&id, "awaiting_score")?, "/status")))?;
        }
        simulate(simulator, &reference, "grade")?;
        result(&hub.wait(&id, "completed")?)?;
        history(&hub.call("GET", &format!("/v1/reservations/{id}/history"), None)?.1)?;
        Ok(())
    }

    fn buy(&self, hub: &Hub<'_>) -> Result<String> {
        let order = json!({ "vendor": self.name, "product": self.product, "candidate": {
            "external_id": "demo", "given_name": "Mary", "family_name": "Poppins",
            "email": "mary@example.com", "birth_date": "1990-07-08" } });
        let (status, answer) = hub.call("POST", "/v1/reservations", Some(&order))?;
        line("order", &format!("POST /v1/reservations {} is answered with {status}", self.product))?;
        Ok(text(&answer, "/id"))
    }
}

/// The hub's API for one client.
struct Hub<'a> {
    url: &'a str,
    key: &'a str,
}

impl Hub<'_> {
    fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Result<(u16, Value)> {
        let (bearer, once) = (format!("Bearer {}", self.key), format!("demo-{}", random_hex()?));
        let headers = [("authorization", bearer.as_str()), ("idempotency-key", once.as_str())];
        let url = format!("{}{path}", self.url);
        let answer = match body {
            Some(body) => http::send_json(method, &url, &headers, body)?,
            None => http::send(method, &url, &headers[..1], &[])?,
        };
        let answer = answer.success(&format!("{method} {path}"))?;
        Ok((answer.status, answer.json()))
    }

    fn wait(&self, id: &str, status: &str) -> Result<Value> {
        let until = Instant::now() + PATIENCE;
        loop {
            interrupt::check()?;
            let (_, reservation) = self.call("GET", &format!("/v1/reservations/{id}"), None)?;
            if reservation["status"] == status {
                return Ok(reservation);
            }
            if Instant::now() >= until {
                bail!("{id} is {} instead of {status} after {} s", reservation["status"], PATIENCE.as_secs());
            }
            interrupt::pause(Duration::from_millis(100));
        }
    }
}

fn simulate(simulator: &str, reference: &str, verb: &str) -> Result<()> {
    let url = format!("{simulator}/_sim/tests/{reference}/{verb}");
    let answer = http::send("POST", &url, &[], &[])?.success(&url)?.json();
    let webhook = match answer["webhook"]["status"].as_u64() {
        Some(status) => format!("its webhook was answered with {status}"),
        None => "it sends no webhook".to_owned(),
    };
    line(verb, &format!("the vendor says {}; {webhook}", text(&answer, "/status")))?;
    Ok(())
}

fn result(reservation: &Value) -> io::Result<()> {
    line("result", &format!("{}: {}", text(reservation, "/status"), score(&reservation["result"]["overall"])))?;
    for skill in reservation["result"]["skills"].as_array().into_iter().flatten() {
        line("", &format!("{:<10} {}", text(skill, "/skill"), score(skill)))?;
    }
    Ok(())
}

fn score(score: &Value) -> String {
    if score.is_null() {
        return "no overall score".to_owned();
    }
    format!("{} of {} {}", text(score, "/value"), text(score, "/scale_max"), text(score, "/cefr"))
}

fn history(page: &Value) -> io::Result<()> {
    for (number, entry) in page["data"].as_array().into_iter().flatten().enumerate() {
        let words: Vec<_> =
            ["at", "source", "event", "outcome", "status"].iter().filter_map(|name| entry[*name].as_str()).collect();
        line(if number == 0 { "history" } else { "" }, &words.join("  "))?;
    }
    Ok(())
}

/// A value as people read it: text without quotes, absent as a dash.
fn text(value: &Value, pointer: &str) -> String {
    match value.pointer(pointer) {
        None | Some(Value::Null) => "-".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

fn line(what: &str, told: &str) -> io::Result<()> {
    say(format_args!("  {what:<8} {told}"))
}
