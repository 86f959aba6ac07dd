//! Reservations as an operator sees them. Personal data is shown only on request.

use serde::Serialize;
use serde_json::{Map, Value, json};
use shared_core::domain::forward::HasExtra;
use shared_core::domain::reservation::{Attempt, EventName, Evidence, HistoryEntry, Reservation, Source};

use crate::output::{Output, excerpt, or_dash, time};

pub(super) const COLUMNS: [&str; 7] = ["RESERVATION", "STATUS", "CLIENT", "ACCOUNT", "PRODUCT", "TEST", "CREATED"];

pub(super) fn summary(reservation: &Reservation) -> Value {
    let order = &reservation.order;
    json!({
        "reservation_id": order.id,
        "status": reservation.status().as_str(),
        "reason": reservation.reason,
        "client_id": order.client,
        "vendor": order.account.vendor,
        "account": order.account.name,
        "product": order.product,
        "reference": reservation.reference,
        "created_at": reservation.created_at,
        "updated_at": reservation.updated_at,
        "expires_at": order.expires_at,
    })
}

pub(super) fn row(reservation: &Reservation) -> Vec<String> {
    let order = &reservation.order;
    vec![
        order.id.to_string(),
        reservation.status().as_str().to_owned(),
        order.client.to_string(),
        order.account.to_string().replace('#', "/"),
        order.product.clone(),
        or_dash(reservation.reference.as_ref().map(|reference| reference.test())),
        time(reservation.created_at),
    ]
}

pub(super) fn as_json(reservation: &Reservation, person: bool) -> Value {
    let mut json = summary(reservation);
    json["due_at"] = json!(reservation.due_at);
    json["calls"] = json!(reservation.calls);
    json["attempts"] = reservation.attempts.iter().map(|it| attempt(it, person)).collect();
    json["evidence"] = reservation.evidence.iter().map(|it| evidence(it, person)).collect();
    json["surplus"] = shown(&reservation.surplus, person);
    json["released"] = json!(reservation.released);
    json["receipts"] = json!(reservation.receipts);
    if person {
        let order = &reservation.order;
        json["detail"] = json!(reservation.detail);
        json["candidate"] = json!(order.candidate);
        json["registration"] = json!(order.registration);
        json["groups"] = json!(order.groups);
        json["return_url"] = json!(order.return_url);
        json["metadata"] = json!(order.metadata);
    }
    json
}

/// Attributes of a later release may be personal.
fn shown(record: &(impl HasExtra + Serialize), person: bool) -> Value {
    if person { json!(record) } else { json!(record.without_extra()) }
}

/// The address of a report opens it to whoever has it.
fn attempt(attempt: &Attempt, person: bool) -> Value {
    let mut json = shown(attempt, person);
    if let (false, Some(result)) = (person, json["result"].as_object_mut()) {
        result.remove("report_url");
    }
    json
}

fn evidence(evidence: &Evidence, person: bool) -> Value {
    let body = evidence.body.as_ref().filter(|_| person).map(|body| excerpt(body.expose()));
    let mut json = shown(evidence, person);
    json["body"] = json!(body);
    json
}

pub(super) fn lines(out: Output, reservation: &Reservation, json: &Value) -> String {
    let is_field = |value: &Value| !value.is_array() && !value.is_null();
    let fields: Map<String, Value> = json
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(_, it)| is_field(it))
        .map(|(k, v)| (k.clone(), v.clone()))
        .collect();
    let mut lines = out.fields(&Value::Object(fields));
    let attempt = |attempt: &Attempt| {
        let overall = attempt.result.as_ref().and_then(|result| result.overall.as_ref());
        let value = overall.and_then(|score| score.value);
        let cefr = overall.and_then(|score| score.cefr.as_ref()).map(|cefr| cefr.text.clone());
        let (observed, graded) = (attempt.observed_at.map(time), attempt.graded_at.map(time));
        let status = attempt.status.as_str().to_owned();
        vec![attempt.number.to_string(), status, or_dash(value), or_dash(cefr), or_dash(observed), or_dash(graded)]
    };
    lines.push('\n');
    let rows: Vec<_> = reservation.attempts.iter().map(attempt).collect();
    lines.push_str(&out.table(&["ATTEMPT", "STATUS", "OVERALL", "CEFR", "REPORTED", "GRADED"], &rows));
    for evidence in &reservation.evidence {
        lines.push_str(&format!("\nCall {}: {}\n", evidence.call_no, evidence.summary()));
    }
    for surplus in &reservation.surplus {
        lines.push_str(&format!("\nExtra test, sold by call {}: {}\n", surplus.call_no, surplus.reference.test()));
    }
    lines
}

/// A vendor's own words may name the person.
fn detail(entry: &HistoryEntry, person: bool) -> Option<&str> {
    let is_vendors = matches!(
        entry.event,
        EventName::CallRefused | EventName::CallNotProcessed | EventName::ReportUnknownStatus | EventName::Other(_)
    );
    entry.detail.as_deref().filter(|_| person || !is_vendors)
}

pub(super) fn entry(entry: &HistoryEntry, person: bool) -> Value {
    let mut json = shown(entry, person);
    json["detail"] = json!(detail(entry, person));
    json
}

pub(super) fn entry_row(entry: &HistoryEntry, person: bool) -> Vec<String> {
    let source = match &entry.source {
        Source::Operator { name } => format!("operator {name}"),
        Source::Other(source) => source.who.as_str().to_owned(),
        source => json!(source)["who"].as_str().unwrap_or_default().to_owned(),
    };
    vec![
        entry.seq.to_string(),
        time(entry.at),
        source,
        word(&entry.event),
        word(&entry.verdict),
        or_dash(entry.why.as_ref().map(word)),
        entry.to.as_str().to_owned(),
        entry.attempt.to_string(),
        or_dash(detail(entry, person)),
    ]
}

/// A name as it is stored.
pub(super) fn word(name: &impl Serialize) -> String {
    json!(name).as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use shared_core::domain::ids::{Digest, VendorReference};
    use shared_core::domain::reservation::Surplus;
    use test_support::fixtures::{in_doubt, order};

    use super::*;

    /// Read as a later release wrote it.
    fn later<T: Serialize + serde::de::DeserializeOwned>(document: T, edit: impl FnOnce(&mut Value)) -> T {
        let mut value = json!(document);
        edit(&mut value);
        serde_json::from_value(value).unwrap()
    }

    fn canary(value: &mut Value) {
        value["later"] = json!("canary");
    }

    fn reservation() -> Reservation {
        let reservation = in_doubt(order("a")).with_request_digest(1, Some(Digest::sha256(b"")));
        let surplus = vec![Surplus::new(1, VendorReference::itep("A2"))];
        later(Reservation { surplus, ..reservation }, |value| {
            value["reason"] = json!("half_sold");
            value["evidence"][0]["unknown"] = json!("half_answered");
            canary(value);
            ["attempts", "evidence", "surplus"].into_iter().for_each(|list| canary(&mut value[list][0]));
        })
    }

    #[test]
    fn words_of_a_later_release_are_shown_as_they_are_and_its_attributes_on_request() {
        let reservation = reservation();
        let shown = as_json(&reservation, false);
        assert_eq!(
            (&shown["reason"], &shown["evidence"][0]["unknown"]),
            (&json!("half_sold"), &json!("half_answered"))
        );
        assert!(!shown.to_string().contains("canary"), "{shown}");
        let whole = as_json(&reservation, true);
        for list in ["attempts", "evidence", "surplus"] {
            assert_eq!(whole[list][0]["later"], "canary", "{list}");
        }
        let lines = lines(Output::new(false), &reservation, &shown);
        assert!(lines.contains("half_sold") && lines.contains("Call 1: half_answered"), "{lines}");
    }

    #[test]
    fn an_entry_of_a_later_release_is_shown_in_its_words_and_its_detail_on_request() {
        let line = later(in_doubt(order("a")).reserved_entry(), |value| {
            (value["event"], value["verdict"], value["why"]) =
                (json!("seat_booked"), json!("deferred"), json!("booked_early"));
            (value["source"], value["detail"]) = (json!({ "who": "scheduler", "job": "canary" }), json!("canary"));
            canary(value);
        });
        assert_eq!(entry_row(&line, false)[2..6], ["scheduler", "seat_booked", "deferred", "booked_early"]);
        assert!(!entry(&line, false).to_string().contains("canary"));
        assert_eq!(entry(&line, true)["source"]["job"], "canary");
    }
}
