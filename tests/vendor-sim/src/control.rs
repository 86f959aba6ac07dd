//! The part of the control API that is the same for both vendors: ledger, faults, health.

use std::time::Duration;

use hyper::{Method, StatusCode};
use serde::Deserialize;
use serde_json::json;

use super::faults::Order;
use super::frontend::Frontend;
use super::http::{Reply, Request};

/// The account that the short paths mean.
pub(crate) const DEFAULT_ACCOUNT: &str = "default";

#[derive(Deserialize)]
#[serde(untagged)]
enum Orders {
    Several(Vec<serde_json::Value>),
    One(serde_json::Value),
}

/// Answers a control request, or leaves it to the vendor's own part. `path` is what follows
/// `/_sim`.
pub(crate) fn answer(frontend: &Frontend, vendor: &str, request: &Request, path: &[&str]) -> Option<Reply> {
    match (&request.method, path) {
        (&Method::GET, ["health"]) => Some(Reply::json(StatusCode::OK, &json!({ "vendor": vendor }))),
        (&Method::GET, ["ledger"]) => {
            let account = request.query.get("account").map(String::as_str);
            Some(Reply::json(StatusCode::OK, &frontend.ledger.lock().page(account)))
        }
        (_, ["faults"]) => faults(frontend, request, DEFAULT_ACCOUNT),
        (_, ["accounts", account, "faults"]) => faults(frontend, request, account),
        _ => None,
    }
}

fn faults(frontend: &Frontend, request: &Request, account: &str) -> Option<Reply> {
    let closes_for = match request.method {
        Method::GET => None,
        Method::DELETE => {
            frontend.faults.lock().clear(account);
            None
        }
        Method::PUT => match orders(request) {
            Ok(orders) => take(frontend, account, orders),
            Err(message) => return Some(Reply::complaint(StatusCode::BAD_REQUEST, message)),
        },
        _ => return None,
    };
    let reply = Reply::json(StatusCode::OK, &json!({ "faults": frontend.faults.lock().standing(account) }));
    Some(Reply { closes_for, ..reply })
}

/// Keeps the orders that wait for a call; answers for how long the others close the port.
fn take(frontend: &Frontend, account: &str, orders: Vec<Order>) -> Option<Duration> {
    let closes_for = orders.iter().filter_map(Order::closure).max();
    let waiting = orders.into_iter().filter(|order| order.closure().is_none()).collect();
    frontend.faults.lock().add(account, waiting);
    closes_for
}

fn orders(request: &Request) -> Result<Vec<Order>, String> {
    let orders = match request.json::<Orders>().map_err(|error| error.to_string())? {
        Orders::Several(orders) => orders,
        Orders::One(order) => vec![order],
    };
    orders.into_iter().map(order).collect()
}

fn order(value: serde_json::Value) -> Result<Order, String> {
    let order: Order = serde_json::from_value(value).map_err(|error| error.to_string())?;
    order.check()?;
    Ok(order)
}
