//! Fingerprints of requests: they tell a repeated request from another one under the
//! same key by its meaning, not by its spelling.

mod unsalted;

use serde_json::{Map, Value, json};
use shared_core::domain::ids::{Digest, Fingerprint};
use shared_core::domain::order::Order;

use crate::request::{NewCandidate, NewReservation};

/// What a request says, in the forms in which that is compared.
pub(crate) struct RequestMeaning {
    /// As it is stored with an order.
    pub(crate) fingerprint: Fingerprint,
    /// Without what is said by leaving it out, and with instants as instants.
    meaning: Value,
    sent: Value,
}

impl RequestMeaning {
    /// Of a request under a key. The hub's own defaults don't count.
    pub(crate) fn new(key: &str, request: &NewReservation, sent: Value) -> Self {
        let meaning = meaning(request);
        Self { fingerprint: Fingerprint::new(key, &canonical(&meaning)), meaning, sent }
    }

    /// Whether it says what an order said. It is compared under the scheme that the
    /// order was stored with.
    pub(crate) fn repeats(&self, order: &Order) -> bool {
        match order.fingerprint.unsalted() {
            None => order.fingerprint == self.fingerprint,
            Some(digest) => unsalted::is_repeated(&digest, order, &self.sent, &self.meaning),
        }
    }
}

fn meaning(request: &NewReservation) -> Value {
    let NewCandidate { external_id, given_name, family_name, email, birth_date } = &request.candidate;
    let registration = request.registration.iter().flat_map(|map| &map.0);
    let registration = registration.map(|(name, text)| (name.clone(), Value::from(text.0.expose().as_str())));
    without_absent(json!({
        "vendor": request.vendor,
        "product": request.product,
        "account": request.account,
        "candidate": {
            "external_id": external_id.expose(),
            "given_name": given_name.expose(),
            "family_name": family_name.expose(),
            "email": email.as_ref().map(|text| text.expose()),
            "birth_date": birth_date.as_ref().map(|text| text.expose()),
        },
        "registration": registration.collect::<Map<_, _>>(),
        "groups": request.groups,
        "return_url": request.return_url,
        "expires_at": request.expires_at.as_ref().map(|text| instant(text)),
        "metadata": request.metadata.as_ref().map(|map| &map.0),
    }))
}

/// An instant in one spelling, and a text that is none as it is.
fn instant(text: &str) -> String {
    shared::timestamps::parse(text).map_or_else(|| text.to_owned(), |time| time.to_string())
}

/// Null, an empty map and an empty list say no more than nothing at all.
fn without_absent(value: Value) -> Value {
    let Value::Object(members) = value else { return value };
    let is_said = |value: &Value| match value {
        Value::Null => false,
        Value::Array(items) => !items.is_empty(),
        Value::Object(members) => !members.is_empty(),
        _ => true,
    };
    members.into_iter().map(|(name, value)| (name, without_absent(value))).filter(|(_, value)| is_said(value)).collect()
}

/// A document in canonical form: no space, members in the order of their names. Depth
/// is bounded by the parser that made the document.
fn canonical(document: &Value) -> String {
    let mut out = String::new();
    write(document, &mut out);
    out
}

fn write(value: &Value, out: &mut String) {
    match value {
        Value::Array(items) => enclosed(out, '[', ']', items, write),
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(name, _)| *name);
            enclosed(out, '{', '}', members, |(name, value), out| {
                out.push_str(&Value::from(name.as_str()).to_string());
                out.push(':');
                write(value, out);
            });
        }
        scalar => out.push_str(&scalar.to_string()),
    }
}

fn enclosed<T>(
    out: &mut String,
    open: char,
    close: char,
    items: impl IntoIterator<Item = T>,
    each: impl Fn(T, &mut String),
) {
    out.push(open);
    for (i, item) in items.into_iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        each(item, out);
    }
    out.push(close);
}

#[cfg(test)]
mod tests;
