//! `cargo dev demo`: one test with each vendor, from order to score. Every line is from a real answer.

use std::{
    io::{Write, stdout},
    time::Duration,
};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::{environment::Environment, http, interrupt, vendors::random_hex};

/// How long a change may take to show. A purchase that waits for the sweep takes a minute.
const TIMEOUT: Duration = Duration::from_secs(90);

/// Name, name in the API, product, and where the hub's answer holds the vendor's id of the test.
pub(crate) const VENDORS: [[&str; 4]; 2] = [
    ["iTEP", "itep", "GTX-Academic-Plus", "test_id"],
    ["TrueNorth", "truenorth", "English Speaking", "user_assessment_id"],
];

/// # Errors
/// The hub or a simulator answers otherwise than expected.
pub(crate) fn run(environment: &Environment) -> Result<()> {
    let hub = Hub { url: environment.get("HUB_URL")?, key: environment.get("HUB_API_KEY")? };
    for [name, vendor, product, reference] in VENDORS {
        writeln!(stdout(), "\nOne test with {name}")?;
        let order = json!({ "vendor": vendor, "product": product, "candidate": {
            "external_id": "demo", "given_name": "Mary", "family_name": "Poppins",
            "email": "mary@example.com", "birth_date": "1990-07-08" } });
        let (status, answer) = hub.call("POST", "/v1/reservations", &order)?;
        show("order", &format!("POST /v1/reservations {product} returns {status}"))?;
        let path = format!("/v1/reservations/{}", text(&answer, "/id"));
        let ready = hub.wait_for(&path, "ready")?;
        let (id, test) = (text(&ready, "/id"), text(&ready, &format!("/vendor_reference/{reference}")));
        show("bought", &format!("{id} is ready: test {test}, expires {}", text(&ready, "/expires_at")))?;
        let (_, launch) = hub.call("POST", &format!("{path}/launch"), &Value::Null)?;
        show("launch", &format!("{} at {}", text(&launch, "/kind"), text(&launch, "/url")))?;
        let simulator = environment.get(&format!("{}_SIM_URL", vendor.to_uppercase()))?;
        let test = format!("{simulator}/_sim/tests/{test}");
        simulate(&test, "start")?;
        simulate(&test, "finish")?;
        // TrueNorth reports nothing before the score.
        if vendor == "itep" {
            show("sat", &format!("the hub reports {}", text(&hub.wait_for(&path, "awaiting_score")?, "/status")))?;
        }
        simulate(&test, "grade")?;
        show_result(&hub.wait_for(&path, "completed")?)?;
        show_history(&hub.call("GET", &format!("{path}/history"), &Value::Null)?.1)?;
    }
    Ok(())
}

/// The API as one company uses it.
struct Hub<'a> {
    url: &'a str,
    key: &'a str,
}

impl Hub<'_> {
    fn call(&self, method: &str, path: &str, body: &Value) -> Result<(u16, Value)> {
        let (bearer, key) = (format!("Bearer {}", self.key), format!("demo-{}", random_hex()?));
        let headers = [("authorization", bearer.as_str()), ("idempotency-key", key.as_str())];
        http::call(method, &format!("{}{path}", self.url), &headers, body)
    }

    fn wait_for(&self, path: &str, status: &str) -> Result<Value> {
        let mut last = String::new();
        let reservation = interrupt::poll(TIMEOUT, || {
            let (_, reservation) = self.call("GET", path, &Value::Null)?;
            last = text(&reservation, "/status");
            Ok((last == status).then_some(reservation))
        })?;
        reservation.with_context(|| format!("{path} is {last} instead of {status} after {} s", TIMEOUT.as_secs()))
    }
}

fn simulate(test: &str, action: &str) -> Result<()> {
    let (_, answer) = http::call("POST", &format!("{test}/{action}"), &[], &Value::Null)?;
    let webhook = match answer["webhook"]["status"].as_u64() {
        Some(status) => format!("the hub answers its webhook with {status}"),
        None => "no webhook".to_owned(),
    };
    show(action, &format!("the vendor reports {}; {webhook}", text(&answer, "/status")))
}

fn show_result(reservation: &Value) -> Result<()> {
    let result = &reservation["result"];
    show("result", &format!("{}: {}", text(reservation, "/status"), score(&result["overall"])))?;
    let mut skills = result["skills"].as_array().into_iter().flatten();
    skills.try_for_each(|skill| show("", &format!("{:<10} {}", text(skill, "/skill"), score(skill))))
}

fn score(score: &Value) -> String {
    if score.is_null() {
        return "no overall score".to_owned();
    }
    format!("{} of {} {}", text(score, "/value"), text(score, "/scale_max"), text(score, "/cefr"))
}

fn show_history(page: &Value) -> Result<()> {
    for entry in page["data"].as_array().context("the history has no entries")? {
        let [at, source, event, verdict, to] =
            ["/at", "/source", "/event", "/verdict", "/to"].map(|field| text(entry, field));
        let what = if entry["seq"] == 1 { "history" } else { "" };
        show(what, &format!("{at:<30}  {source:<14}  {event:<21}  {verdict}  {to}"))?;
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

fn show(what: &str, text: &str) -> Result<()> {
    Ok(writeln!(stdout(), "  {what:<8} {text}")?)
}
