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

struct Vendor {
    title: &'static str,
    name: &'static str,
    product: &'static str,
    simulator: &'static str,
    /// Where the hub's answer holds the vendor's id of the test.
    reference: &'static str,
    /// Whether the vendor reports a test that was sat but not graded.
    reports_finish: bool,
}

const VENDORS: [Vendor; 2] = [
    Vendor {
        title: "One test with iTEP",
        name: "itep",
        product: "GTX-Academic-Plus",
        simulator: "ITEP_SIM_URL",
        reference: "/vendor_reference/test_id",
        reports_finish: true,
    },
    Vendor {
        title: "One test with TrueNorth",
        name: "truenorth",
        product: "English Speaking",
        simulator: "TRUENORTH_SIM_URL",
        reference: "/vendor_reference/user_assessment_id",
        reports_finish: false,
    },
];

/// # Errors
/// The hub or a simulator answers otherwise than expected.
pub(crate) fn run(environment: &Environment) -> Result<()> {
    let hub = Hub { url: environment.get("HUB_URL")?, key: environment.get("HUB_API_KEY")? };
    for vendor in VENDORS {
        writeln!(stdout(), "\n{}", vendor.title)?;
        vendor.run(&hub, environment.get(vendor.simulator)?)?;
    }
    Ok(())
}

impl Vendor {
    fn run(&self, hub: &Hub<'_>, simulator: &str) -> Result<()> {
        let order = json!({ "vendor": self.name, "product": self.product, "candidate": {
            "external_id": "demo", "given_name": "Mary", "family_name": "Poppins",
            "email": "mary@example.com", "birth_date": "1990-07-08" } });
        let (status, answer) = hub.call("POST", "/v1/reservations", &order)?;
        show("order", &format!("POST /v1/reservations {} is answered with {status}", self.product))?;
        let path = format!("/v1/reservations/{}", text(&answer, "/id"));
        let ready = hub.wait_for(&path, "ready")?;
        let (id, reference) = (text(&ready, "/id"), text(&ready, self.reference));
        show("bought", &format!("{id} is ready: test {reference}, expires {}", text(&ready, "/expires_at")))?;
        let (_, launch) = hub.call("POST", &format!("{path}/launch"), &Value::Null)?;
        show("launch", &format!("{} at {}", text(&launch, "/kind"), text(&launch, "/url")))?;
        for action in ["start", "finish"] {
            simulate(simulator, &reference, action)?;
        }
        if self.reports_finish {
            show("sat", &format!("the hub says {}", text(&hub.wait_for(&path, "awaiting_score")?, "/status")))?;
        }
        simulate(simulator, &reference, "grade")?;
        show_result(&hub.wait_for(&path, "completed")?)?;
        show_history(&hub.call("GET", &format!("{path}/history"), &Value::Null)?.1)
    }
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

fn simulate(simulator: &str, reference: &str, action: &str) -> Result<()> {
    let url = format!("{simulator}/_sim/tests/{reference}/{action}");
    let (_, answer) = http::call("POST", &url, &[], &Value::Null)?;
    let webhook = match answer["webhook"]["status"].as_u64() {
        Some(status) => format!("its webhook was answered with {status}"),
        None => "it sends no webhook".to_owned(),
    };
    show(action, &format!("the vendor says {}; {webhook}", text(&answer, "/status")))
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
