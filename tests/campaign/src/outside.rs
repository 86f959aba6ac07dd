//! The candidates and the vendors' graders: what happens to a test after it was sold.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use hyper::Method;
use parking_lot::Mutex;
use serde_json::{Value, json};

use super::chance::Chance;
use super::load::Assigned;
use super::stack::{Stack, Vendor};

/// A test at a vendor: account and reference.
pub(crate) type Test = (Vendor, String, String);

/// What became of the vendors' webhooks at their first sending.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Webhooks {
    pub(crate) sent: u64,
    pub(crate) withheld: u64,
    pub(crate) held_back: u64,
    pub(crate) duplicated: u64,
    /// Not answered with success.
    pub(crate) failed: u64,
    /// Sent again at the operator's request.
    pub(crate) resent: u64,
}

#[derive(Debug)]
pub(crate) struct Outside<'a> {
    pub(crate) stack: &'a Stack,
    pub(crate) chance: &'a Chance,
    told: Mutex<Told>,
}

#[derive(Debug, Default)]
struct Told {
    /// The score of each graded test.
    scores: BTreeMap<Test, f64>,
    /// iTEP's tests whose webhook nobody took.
    unheard: BTreeSet<Test>,
    webhooks: Webhooks,
}

impl<'a> Outside<'a> {
    pub(crate) fn new(stack: &'a Stack, chance: &'a Chance) -> Self {
        Self { stack, chance, told: Mutex::default() }
    }

    pub(crate) fn scores(&self) -> BTreeMap<Test, f64> {
        self.told.lock().scores.clone()
    }

    pub(crate) fn webhooks(&self) -> Webhooks {
        self.told.lock().webhooks
    }

    pub(crate) fn is_graded(&self, test: &Test) -> bool {
        self.told.lock().scores.contains_key(test)
    }

    /// A candidate sits a test, and the vendor grades it. One in four is seen to begin and to finish, too.
    pub(crate) async fn sit(&self, test: &Assigned) -> Result<()> {
        if self.chance.percent(25) {
            self.happens(test, "start", &Value::Null).await?;
            self.happens(test, "finish", &Value::Null).await?;
        }
        let (score, fields) = self.score(test.vendor);
        self.told.lock().scores.insert(key(test), score);
        self.happens(test, "grade", &fields).await
    }

    fn score(&self, vendor: Vendor) -> (f64, Value) {
        match vendor {
            Vendor::Itep => {
                let score = self.chance.below(12) as f64 * 0.5 + 0.5;
                (score, json!({ "Overall_Level": format!("{score:.1}") }))
            }
            Vendor::Truenorth => {
                let score = self.chance.below(99) as f64 * 0.1 + 0.1;
                let score = (score * 10.0).round() / 10.0;
                (score, json!({ "score": score }))
            }
        }
    }

    async fn happens(&self, test: &Assigned, what: &str, fields: &Value) -> Result<()> {
        let path = format!("tests/{}/{what}?account={}", test.reference, test.account);
        let answer = self.stack.control(test.vendor, Method::POST, &path, fields).await?;
        self.note(test, &answer["webhook"]);
        Ok(())
    }

    /// Books what became of a webhook.
    fn note(&self, test: &Assigned, receipt: &Value) {
        let mut told = self.told.lock();
        let reason = receipt["reason"].as_str().unwrap_or_default();
        let sent = receipt["sent"] == true;
        if !sent && !reason.starts_with("withheld") && !reason.starts_with("held back") {
            return;
        }
        told.webhooks.sent += u64::from(sent);
        told.webhooks.withheld += u64::from(!sent && reason.starts_with("withheld"));
        told.webhooks.held_back += u64::from(!sent && reason.starts_with("held back"));
        told.webhooks.duplicated += u64::from(receipt["answers"].as_array().is_some_and(|answers| answers.len() > 1));
        let heard = receipt["status"].as_u64().is_some_and(|status| (200..300).contains(&status));
        told.webhooks.failed += u64::from(sent && !heard);
        if heard {
            told.unheard.remove(&key(test));
        } else {
            told.unheard.insert(key(test));
        }
    }

    /// iTEP sends again what nobody took: its documents promise no redelivery, so somebody asked for it.
    pub(crate) async fn resend(&self) -> Result<()> {
        let unheard: Vec<_> = self.told.lock().unheard.iter().cloned().collect();
        for (vendor, account, reference) in unheard.into_iter().filter(|test| test.0 == Vendor::Itep) {
            self.told.lock().webhooks.resent += 1;
            self.happens(&Assigned { vendor, account, reference }, "resend", &Value::Null).await?;
        }
        Ok(())
    }
}

fn key(test: &Assigned) -> Test {
    (test.vendor, test.account.clone(), test.reference.clone())
}
