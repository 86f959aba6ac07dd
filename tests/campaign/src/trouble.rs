//! What fails while faults last: the vendors' answers and webhooks, the vendors' ports, and AWS.

use std::collections::BTreeMap;

use anyhow::Result;
use hyper::Method;
use serde_json::{Value, json};

use super::Plan;
use super::setup::Market;
use super::stack::{Stack, Vendor};

/// A delay that a caller waits for, and one that it does not, in milliseconds. The work is done after it.
const DELAYS: [u64; 2] = [300, 5000];

/// What strikes a purchase: fault, its share of all faults in percent, and what more the order says.
fn purchase_faults() -> Vec<(&'static str, f64, Value)> {
    vec![
        ("reset-before", 9.0, json!({})),
        ("reset-after", 11.0, json!({})),
        ("5xx-before", 9.0, json!({})),
        ("5xx-after", 11.0, json!({ "status": 502 })),
        ("hang", 4.0, json!({})),
        ("hang", 2.0, json!({ "after": false })),
        ("garbage", 5.0, json!({ "after": true })),
        ("garbage", 3.0, json!({})),
        ("no-reference", 7.0, json!({})),
        ("status", 4.0, json!({ "status": 302 })),
        ("status", 5.0, json!({ "status": 503, "after": true })),
        ("status", 3.0, json!({ "status": 408 })),
        ("refuse", 2.0, json!({ "body": "The order was refused." })),
        ("delay", 20.0, json!({ "ms": DELAYS[0] })),
        ("delay", 5.0, json!({ "ms": DELAYS[1] })),
    ]
}

/// The same for what is read from TrueNorth.
fn reading_faults() -> Vec<(&'static str, f64, Value)> {
    vec![
        ("reset-before", 20.0, json!({})),
        ("5xx-before", 25.0, json!({ "status": 503 })),
        ("garbage", 20.0, json!({})),
        ("hang", 5.0, json!({})),
        ("delay", 30.0, json!({ "ms": DELAYS[0] })),
    ]
}

/// The orders for one account, with so many percent of everything failing.
fn orders(plan: &Plan) -> Vec<Value> {
    let total = f64::from(plan.faults);
    let order = |target: &str, fault: &str, share: f64, more: &Value| {
        let mut order = json!({ "match": target, "fault": fault, "percent": total * share / 100.0, "seed": plan.seed });
        for (name, value) in more.as_object().into_iter().flatten() {
            order[name] = value.clone();
        }
        order
    };
    let mut orders: Vec<_> =
        purchase_faults().iter().map(|(fault, share, more)| order("purchase", fault, *share, more)).collect();
    for target in ["score", "scores", "assessments"] {
        orders.extend(reading_faults().iter().map(|(fault, share, more)| order(target, fault, *share, more)));
    }
    let webhooks = ["duplicate", "reorder", "withhold"];
    orders.extend(webhooks.map(|fault| order("webhook", fault, 100.0 / 3.0, &json!({}))));
    orders
}

/// What the proxy does to calls of AWS: errors in AWS's own form, answers lost after the work was done, connections
/// broken before it was.
fn rules(plan: &Plan) -> Value {
    let total = f64::from(plan.faults) / 100.0;
    let errors = |service: &str, codes: [&str; 2]| {
        let rule = |share: f64, what: Value| {
            let mut rule = what;
            rule["service"] = service.into();
            rule["probability"] = (total * share).into();
            rule
        };
        // The first rule that strikes wins, so the later ones have a little less than their share.
        [
            rule(0.25, json!({ "error": { "code": codes[0] } })),
            rule(0.30, json!({ "error": { "code": codes[1], "status": 500 } })),
            rule(0.45, json!({ "response": { "abort_frac": 0.5 } })),
            rule(0.10, json!({ "reset": true })),
        ]
    };
    let all = [
        errors("dynamodb", ["ProvisionedThroughputExceededException", "InternalServerError"]),
        errors("sqs", ["ThrottlingException", "InternalFailure"]),
        errors("secretsmanager", ["ThrottlingException", "InternalServiceError"]),
    ];
    all.concat().into()
}

pub(crate) async fn begin(stack: &Stack, plan: &Plan, market: &Market) -> Result<()> {
    let itep_only = |order: &Value| order["match"] == "purchase" || order["match"] == "webhook";
    for vendor in Vendor::ALL {
        let wanted = orders(plan).into_iter().filter(|order| vendor == Vendor::Truenorth || itep_only(order));
        let wanted: Value = wanted.collect();
        for account in market.accounts(vendor) {
            stack.control(vendor, Method::PUT, &format!("accounts/{account}/faults"), &wanted).await?;
        }
    }
    stack.fault_proxy(Method::POST, "rules", &rules(plan)).await?;
    Ok(())
}

pub(crate) async fn end(stack: &Stack, market: &Market) -> Result<()> {
    for vendor in Vendor::ALL {
        for account in market.accounts(vendor) {
            let path = format!("accounts/{account}/faults");
            stack.control(vendor, Method::DELETE, &path, &Value::Null).await?;
        }
    }
    stack.fault_proxy(Method::POST, "rules", &json!([])).await?;
    Ok(())
}

/// Closes a vendor's port for a while: connections are refused.
pub(crate) async fn close_port(stack: &Stack, vendor: Vendor, ms: u64) -> Result<()> {
    let order = json!({ "match": "any", "fault": "connection-refused", "ms": ms });
    stack.control(vendor, Method::PUT, "faults", &order).await?;
    Ok(())
}

/// What the proxy did so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct AwsFaults {
    pub(crate) requests: u64,
    /// By service and what was done.
    pub(crate) faults: BTreeMap<String, u64>,
}

pub(crate) async fn aws_faults(stack: &Stack) -> Result<AwsFaults> {
    let text = stack.fault_proxy(Method::GET, "metrics", &Value::Null).await?;
    let mut found = AwsFaults::default();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let Some((name, number)) = line.rsplit_once(' ') else { continue };
        let number: u64 = number.parse().unwrap_or_default();
        let label = |key: &str| name.split(&format!("{key}=\"")).nth(1)?.split('"').next();
        if name == "microburst_requests_total" {
            found.requests = number;
        } else if let (Some(service), Some(action)) = (label("service"), label("action")) {
            *found.faults.entry(format!("{service}: {}", words(action))).or_default() += number;
        }
    }
    Ok(found)
}

fn words(action: &str) -> String {
    match action.split_once(':') {
        Some(("error", code)) => code.to_owned(),
        Some(("response", "abort")) => "answer lost after the commit".to_owned(),
        _ if action == "reset" => "connection reset before it".to_owned(),
        _ => action.to_owned(),
    }
}
