//! What the vendors' ledgers and the hub's table say, read as they stand.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use hyper::Method;
use jiff::Timestamp;
use serde::Deserialize;
use serde_dynamo::AttributeValue;
use serde_json::{Value, json};

use super::VENDOR_CALL_MS;
use super::load::reference;
use super::stack::{Stack, Vendor};

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Call {
    pub(crate) account: Option<String>,
    pub(crate) path: String,
    pub(crate) reservation_id: Option<String>,
    pub(crate) outcome: String,
    pub(crate) fault: Option<String>,
    pub(crate) at: Timestamp,
    pub(crate) took_ms: Option<u64>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Sale {
    pub(crate) account: String,
    pub(crate) reference: String,
    pub(crate) reservation_id: Option<String>,
    pub(crate) at: Timestamp,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Ledger {
    pub(crate) sales: Vec<Sale>,
    pub(crate) calls: Vec<Call>,
}

impl Ledger {
    pub(crate) async fn read(stack: &Stack, vendor: Vendor) -> Result<Self> {
        let value = stack.control(vendor, Method::GET, "ledger", &Value::Null).await?;
        serde_json::from_value(value).context("the ledger has another form")
    }
}

impl Call {
    pub(crate) fn buys(&self) -> bool {
        self.path.contains("ecommerce_webhook") || self.path.trim_end_matches('/').ends_with("/assign")
    }

    /// Whether the caller cannot tell what was done: no whole answer, or one that says neither yes nor no.
    pub(crate) fn is_ambiguous(&self) -> bool {
        match self.fault.as_deref() {
            None | Some("refuse") => false,
            Some("delay") => self.took_ms.is_none_or(|took| took >= VENDOR_CALL_MS),
            Some(_) => true,
        }
    }

    /// Whether the vendor said that it took no part.
    pub(crate) fn is_not_processed(&self) -> bool {
        self.fault.is_none() && self.outcome == "429"
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) seq: u64,
    pub(crate) at: Timestamp,
    pub(crate) source: String,
    pub(crate) event: String,
    pub(crate) applied: bool,
    pub(crate) from: String,
    pub(crate) to: String,
}

/// A reservation as the hub keeps it, with its history.
#[derive(Clone, Debug)]
pub(crate) struct Reservation {
    pub(crate) id: String,
    pub(crate) vendor: Vendor,
    pub(crate) account: String,
    /// The number of its order.
    pub(crate) order: String,
    /// The state's name; `pending` is `queued` or `calling` here.
    pub(crate) state: String,
    pub(crate) created_at: Timestamp,
    pub(crate) reference: Option<String>,
    pub(crate) surplus: Vec<String>,
    pub(crate) score: Option<f64>,
    pub(crate) history: Vec<Entry>,
}

/// Everything that the hub keeps of the campaign's reservations, by id.
pub(crate) type Books = BTreeMap<String, Reservation>;

/// Reads all reservations, with their histories where wanted.
pub(crate) async fn read(stack: &Stack, with_histories: bool) -> Result<Books> {
    let mut scan = json!({ "TableName": stack.table });
    if !with_histories {
        scan["FilterExpression"] = "sk = :res".into();
        scan["ExpressionAttributeValues"] = json!({ ":res": { "S": "RES" } });
    }
    let (mut books, mut histories) = (Books::new(), BTreeMap::<String, Vec<Entry>>::new());
    loop {
        let page = stack.aws("dynamodb", "DynamoDB_20120810.Scan", &scan).await?;
        for item in page["Items"].as_array().into_iter().flatten() {
            let (pk, sk) = (text(&item["pk"]["S"]), text(&item["sk"]["S"]));
            let Some(id) = pk.strip_prefix("RES#") else { continue };
            if sk == "RES" {
                let doc = document(item)?;
                let read = reservation(id, &doc).with_context(|| format!("{id} cannot be read"))?;
                books.insert(id.to_owned(), read);
                for doc in doc["recent"].as_array().into_iter().flatten() {
                    let read = entry(doc).with_context(|| format!("{id}: its history cannot be read"))?;
                    histories.entry(id.to_owned()).or_default().push(read);
                }
            } else if sk.starts_with("H#") {
                let read = entry(&document(item)?).with_context(|| format!("{id} {sk} cannot be read"))?;
                histories.entry(id.to_owned()).or_default().push(read);
            }
        }
        match page.get("LastEvaluatedKey") {
            Some(key) if !key.is_null() => scan["ExclusiveStartKey"] = key.clone(),
            _ => break,
        }
    }
    for (id, mut history) in histories {
        history.sort_by_key(|entry| entry.seq);
        // An entry that was just filed may stand in its reservation too.
        history.dedup_by_key(|entry| entry.seq);
        if let Some(reservation) = books.get_mut(&id) {
            reservation.history = history;
        }
    }
    // Other companies' reservations are no part of the campaign.
    books.retain(|_, reservation| !reservation.order.is_empty());
    Ok(books)
}

fn document(item: &Value) -> Result<Value> {
    let document: AttributeValue = serde_json::from_value(item["doc"].clone())?;
    Ok(serde_dynamo::from_attribute_value(document)?)
}

fn reservation(id: &str, doc: &Value) -> Option<Reservation> {
    let order = &doc["order"];
    let results = doc["attempts"].as_array().into_iter().flatten();
    let score = results.filter_map(|attempt| attempt["result"]["overall"]["value"].as_f64()).next_back();
    let surplus = doc["surplus"].as_array().into_iter().flatten();
    Some(Reservation {
        id: id.to_owned(),
        vendor: if order["account"]["vendor"] == "itep" { Vendor::Itep } else { Vendor::Truenorth },
        account: text(&order["account"]["name"]).to_owned(),
        order: text(&order["metadata"]["order"]).to_owned(),
        state: doc["state"]["name"].as_str()?.to_owned(),
        created_at: time(&doc["created_at"])?,
        reference: found(&doc["reference"]),
        surplus: surplus.filter_map(|one| found(&one["reference"])).collect(),
        score,
        history: Vec::new(),
    })
}

/// A reference, whether the vendor's name is beside its fields or around them.
fn found(value: &Value) -> Option<String> {
    reference(value).or_else(|| value.as_object()?.values().find_map(reference))
}

fn entry(doc: &Value) -> Option<Entry> {
    Some(Entry {
        seq: doc["seq"].as_u64()?,
        at: time(&doc["at"])?,
        source: text(&doc["source"]["who"]).to_owned(),
        event: text(&doc["event"]).to_owned(),
        applied: doc["verdict"] == "applied",
        from: text(&doc["from"]).to_owned(),
        to: doc["to"].as_str()?.to_owned(),
    })
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn time(value: &Value) -> Option<Timestamp> {
    value.as_str()?.parse().ok()
}
