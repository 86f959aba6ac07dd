//! The companies' websites: they order, and order again with the same key when no clear answer comes.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use hyper::Method;
use parking_lot::Mutex;
use serde_json::{Value, json};

use super::chance::Chance;
use super::setup::{ITEP_PRODUCT, Market, TRUENORTH_PRODUCT};
use super::stack::{Answer, Stack, Vendor};

/// How often a website sends an order until it leaves it to later.
const TRIES: u32 = 8;
/// How many orders of a hundred are sent twice at once.
const TWICE: u64 = 5;
/// And how many again after their answer.
const AGAIN: u64 = 5;

#[derive(Clone, Debug)]
pub(crate) struct Order {
    pub(crate) number: usize,
    pub(crate) vendor: Vendor,
    pub(crate) account: String,
    company: usize,
}

/// What the websites did and saw.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Answers to orders, by status and name.
    pub(crate) answers: Mutex<BTreeMap<String, u64>>,
    pub(crate) sent: AtomicU64,
    /// Sent again though there was an answer, or twice at once.
    pub(crate) repeated: AtomicU64,
    /// Answers that named another reservation than an earlier one for the same key.
    pub(crate) contradictions: AtomicU64,
    /// Orders that are through: their reservation is known.
    pub(crate) accepted: AtomicUsize,
}

/// A test that a website can send its candidate to.
#[derive(Clone, Debug)]
pub(crate) struct Assigned {
    pub(crate) vendor: Vendor,
    pub(crate) account: String,
    pub(crate) reference: String,
}

#[derive(Debug)]
pub(crate) struct Websites<'a> {
    pub(crate) stack: &'a Stack,
    pub(crate) market: &'a Market,
    pub(crate) chance: &'a Chance,
    pub(crate) tally: &'a Tally,
}

/// The orders of a campaign: both vendors in turn, over all accounts and companies.
pub(crate) fn orders(count: usize, market: &Market) -> Vec<Order> {
    let order = |number: usize| {
        let vendor = Vendor::ALL[number % 2];
        let accounts = market.accounts(vendor);
        let account = accounts[number / 2 % accounts.len()].clone();
        Order { number, vendor, account, company: number % market.keys.len() }
    };
    (0..count).map(order).collect()
}

impl Websites<'_> {
    /// Orders once, or for a few at once and again. What was bought by the first answer, if it said so; `None` where
    /// no answer named a reservation.
    pub(crate) async fn order(&self, order: &Order) -> Option<Option<Assigned>> {
        let (twice, again) = (self.chance.percent(TWICE), self.chance.percent(AGAIN));
        self.tally.repeated.fetch_add(u64::from(twice) + u64::from(again), Ordering::Relaxed);
        let second = async || if twice { self.insist(order).await } else { None };
        let (first, second) = tokio::join!(self.insist(order), second());
        let third = if again { self.insist(order).await } else { None };
        let answers: Vec<_> = [first, second, third].into_iter().flatten().collect();
        let mut ids = answers.iter().filter_map(reservation_id);
        let known = ids.next()?;
        if ids.any(|id| id != known) {
            self.tally.contradictions.fetch_add(1, Ordering::Relaxed);
        }
        self.tally.accepted.fetch_add(1, Ordering::Relaxed);
        Some(answers.iter().find_map(|answer| assigned(order, &answer.json())))
    }

    /// Sends the order until an answer names its reservation, but not for ever.
    async fn insist(&self, order: &Order) -> Option<Answer> {
        for tries in 1..=TRIES {
            let answer = self.send(order).await;
            if let Some(answer) = answer.filter(|answer| reservation_id(answer).is_some()) {
                return Some(answer);
            }
            let ceiling = 200_u64 << tries.min(4);
            tokio::time::sleep(Duration::from_millis(ceiling / 2 + self.chance.below(ceiling))).await;
        }
        None
    }

    async fn send(&self, order: &Order) -> Option<Answer> {
        let key = format!("order-{}", order.number);
        let headers = [("idempotency-key", key.as_str())];
        self.tally.sent.fetch_add(1, Ordering::Relaxed);
        let api_key = &self.market.keys[order.company];
        let answer = self.stack.api(api_key, Method::POST, "/v1/reservations", &headers, &body(order)).await.ok();
        let name = answer.as_ref().map_or_else(|| "no answer".to_owned(), named);
        *self.tally.answers.lock().entry(name).or_default() += 1;
        answer
    }
}

fn body(order: &Order) -> Value {
    let product = match order.vendor {
        Vendor::Itep => ITEP_PRODUCT,
        Vendor::Truenorth => TRUENORTH_PRODUCT,
    };
    json!({
        "vendor": order.vendor.name(), "product": product, "account": order.account,
        "candidate": { "external_id": format!("c-{}", order.number), "given_name": "Mary", "family_name": "Poppins" },
        "metadata": { "order": order.number.to_string() },
    })
}

/// The reservation that an answer is about. Where the vendor refused, the problem names it.
fn reservation_id(answer: &Answer) -> Option<String> {
    if answer.status >= 500 {
        return None;
    }
    let body = answer.json();
    body["id"].as_str().or(body["reservation_id"].as_str()).map(str::to_owned)
}

fn named(answer: &Answer) -> String {
    let body = answer.json();
    let replayed = if answer.headers.contains_key("idempotent-replayed") { ", replayed" } else { "" };
    let problem = body["type"].as_str().and_then(|name| name.rsplit(':').next());
    let what = problem.or(body["status"].as_str()).unwrap_or("no JSON");
    format!("{} {what}{replayed}", answer.status)
}

fn assigned(order: &Order, body: &Value) -> Option<Assigned> {
    let reference = reference(&body["vendor_reference"])?;
    (body["status"] == "ready").then(|| Assigned { vendor: order.vendor, account: order.account.clone(), reference })
}

/// The vendor's id of a test, in either vendor's form.
pub(crate) fn reference(value: &Value) -> Option<String> {
    value["test_id"].as_str().or(value["user_assessment_id"].as_str()).map(str::to_owned)
}
