//! Faults to order: what shall go wrong, where, and how often.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// How long a port stays closed if the order does not say.
const USUAL_CLOSURE_MS: u64 = 5000;
/// Longer closures are for the control port.
const LONGEST_CLOSURE_MS: u64 = 10 * 60 * 1000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    /// iTEP's request for a test, TrueNorth's `assign`.
    Purchase,
    Score,
    Scores,
    Assessments,
    /// TrueNorth's `create-sign-in-token`.
    SignIn,
    /// Any other call to the vendor.
    Other,
    /// The vendor's own call to the hub.
    Webhook,
}

/// Which operations an order is meant for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Target {
    Purchase,
    Assign,
    Score,
    Scores,
    Assessments,
    SignIn,
    Webhook,
    Any,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Fault {
    /// The answer takes `ms` longer; the work is done after the wait, or before it with `after`.
    Delay,
    /// A business refusal in the vendor's form.
    Refuse,
    /// Connection reset, nothing done.
    ResetBefore,
    /// Connection reset, everything done.
    ResetAfter,
    /// `status` (500), nothing done.
    #[serde(rename = "5xx-before")]
    ErrorBefore,
    /// `status` (500), everything done.
    #[serde(rename = "5xx-after")]
    ErrorAfter,
    /// Any `status` with any `body`; a 3xx has a `Location`.
    Status,
    /// 200 with an HTML page.
    Garbage,
    /// A sale whose answer lacks the test's reference.
    NoReference,
    /// No answer at all.
    Hang,
    /// The previous sale's reference is handed out again.
    SameReference,
    /// A webhook goes out twice.
    Duplicate,
    /// A webhook goes out after the account's next one.
    Reorder,
    /// A webhook does not go out.
    Withhold,
    /// The port closes for `ms`, at once: this order is carried out, not kept.
    ConnectionRefused,
}

/// An order: the next `times` operations that it is meant for fail this way, or `percent` of all that come.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Order {
    #[serde(rename = "match")]
    pub(crate) target: Target,
    pub(crate) fault: Fault,
    #[serde(default = "once")]
    pub(crate) times: u32,
    /// Strikes by chance, and goes on doing so. The percents of the orders that fit an operation add up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) percent: Option<f64>,
    /// What chance begins with, of the account's first order by chance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) seed: Option<u64>,
    #[serde(default)]
    pub(crate) ms: Option<u64>,
    #[serde(default)]
    pub(crate) status: Option<u16>,
    #[serde(default)]
    pub(crate) body: Option<String>,
    /// Whether the vendor does its work although the answer is spoilt.
    #[serde(default)]
    pub(crate) after: Option<bool>,
}

fn once() -> u32 {
    1
}

impl Order {
    /// Whether the vendor does its work under this fault.
    pub(crate) fn commits(&self) -> bool {
        match self.fault {
            Fault::Refuse | Fault::ResetBefore | Fault::ErrorBefore | Fault::ConnectionRefused => false,
            Fault::Status | Fault::Garbage => self.after.unwrap_or(false),
            Fault::Hang => self.after.unwrap_or(true),
            _ => true,
        }
    }

    /// How long the port is to be closed, if that is the order.
    pub(crate) fn closure(&self) -> Option<Duration> {
        let ordered = self.fault == Fault::ConnectionRefused;
        ordered.then(|| Duration::from_millis(self.ms.unwrap_or(USUAL_CLOSURE_MS)))
    }

    fn covers(&self, operation: Operation) -> bool {
        let meant = match self.target {
            Target::Any => true,
            Target::Purchase | Target::Assign => operation == Operation::Purchase,
            Target::Score => operation == Operation::Score,
            Target::Scores => operation == Operation::Scores,
            Target::Assessments => operation == Operation::Assessments,
            Target::SignIn => operation == Operation::SignIn,
            Target::Webhook => operation == Operation::Webhook,
        };
        meant && self.fits(operation)
    }

    fn fits(&self, operation: Operation) -> bool {
        match self.fault {
            Fault::Duplicate | Fault::Reorder | Fault::Withhold => operation == Operation::Webhook,
            Fault::NoReference | Fault::SameReference => operation == Operation::Purchase,
            Fault::Delay => self.target != Target::Any || operation != Operation::Webhook,
            // A closed port is closed to every call.
            Fault::ConnectionRefused => self.target == Target::Any,
            _ => operation != Operation::Webhook,
        }
    }

    /// Says what is wrong with an order that could never strike.
    pub(crate) fn check(&self) -> Result<(), &'static str> {
        use Operation::{Assessments, Other, Purchase, Score, Scores, SignIn, Webhook};
        let everywhere = [Purchase, Score, Scores, Assessments, SignIn, Other, Webhook];
        if self.status.is_some_and(|status| !(200..=599).contains(&status)) {
            return Err("the status is not one of HTTP's final ones");
        }
        if self.percent.is_some_and(|percent| !(0.0..=100.0).contains(&percent)) {
            return Err("percents are from 0 to 100");
        }
        if !everywhere.into_iter().any(|operation| self.covers(operation)) {
            return Err("this fault never strikes there");
        }
        if self.closure().is_some_and(|time| time > Duration::from_millis(LONGEST_CLOSURE_MS)) {
            return Err("a port is closed for ten minutes at most");
        }
        Ok(())
    }
}

/// The orders of every account of one vendor, oldest first.
#[derive(Default)]
pub(crate) struct Faults(BTreeMap<String, Standing>);

#[derive(Default)]
struct Standing {
    orders: Vec<Order>,
    /// How often chance was asked.
    draws: u64,
}

impl Faults {
    /// Adds orders behind those that stand.
    pub(crate) fn add(&mut self, account: &str, orders: Vec<Order>) {
        self.0.entry(account.to_owned()).or_default().orders.extend(orders);
    }

    pub(crate) fn clear(&mut self, account: &str) {
        self.0.remove(account);
    }

    pub(crate) fn standing(&self, account: &str) -> &[Order] {
        self.0.get(account).map_or(&[], |standing| standing.orders.as_slice())
    }

    /// The order that strikes this operation, used up by one. Those by chance come after the others.
    pub(crate) fn take(&mut self, account: &str, operation: Operation) -> Option<Order> {
        let standing = self.0.get_mut(account)?;
        let fits = |order: &&mut Order| order.percent.is_none() && order.times > 0 && order.covers(operation);
        let Some(hit) = standing.orders.iter_mut().find(fits) else { return standing.chance(account, operation) };
        hit.times -= 1;
        let order = hit.clone();
        standing.orders.retain(|order| order.times > 0);
        Some(order)
    }
}

impl Standing {
    /// The order that chance picks for this operation, if it picks one.
    fn chance(&mut self, account: &str, operation: Operation) -> Option<Order> {
        let mut orders = self.orders.iter().filter(|order| order.percent.is_some()).peekable();
        let seed = orders.peek()?.seed.unwrap_or_default();
        self.draws += 1;
        let mut left = draw(seed, account, self.draws);
        orders.filter(|order| order.covers(operation)).find_map(|order| {
            left -= order.percent.unwrap_or_default();
            (left < 0.0).then(|| order.clone())
        })
    }
}

/// The draw number `n`, from 0 to 100: the same for the same seed and account.
fn draw(seed: u64, account: &str, n: u64) -> f64 {
    let text = format!("{seed} {account} {n}");
    let bytes = Sha256::digest(text.as_bytes());
    let number = bytes.iter().take(4).fold(0_u32, |number, byte| number << 8 | u32::from(*byte));
    f64::from(number) / (f64::from(u32::MAX) + 1.0) * 100.0
}
