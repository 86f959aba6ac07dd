//! The body of a purchase (Integration Fulfillment, "Construct the API call").
//! It is compact JSON, written once: the same bytes are signed and sent.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Serialize;
use shared_core::domain::candidate::Candidate;
use shared_core::domain::order::Order;

use super::profile::{Nested, ProductKind, Profile};

/// The body, with iTEP's own spelling of its fields.
#[derive(Serialize)]
struct Body<'a> {
    #[serde(rename = "product-code")]
    product_code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bcc: Option<&'a str>,
    track: &'a str,
    sequence: u32,
    #[serde(rename = "assigned-to")]
    assigned_to: Written<AssignedTo<'a>>,
    registration: Written<BTreeMap<&'a str, String>>,
}

/// JSON within JSON, as the profile wants it.
#[derive(Serialize)]
#[serde(untagged)]
enum Written<T> {
    Object(T),
    String(String),
}

/// What iTEP's administrators see beside the test: who has it, and until when.
/// A test with this field filled no longer counts as available.
#[derive(Serialize)]
struct AssignedTo<'a> {
    #[serde(rename = "reservation-id")]
    reservation_id: &'a str,
    #[serde(rename = "student-name")]
    student_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
    #[serde(rename = "customer-candidate-id")]
    candidate_id: &'a str,
    expire: String,
}

/// Writes the body of one call. The signature is iTEP's protection against
/// repetition, so each deliberate call must differ: `sequence` is its number.
///
/// # Errors
/// Never with texts and numbers alone; the error is serde's.
pub(crate) fn body(
    profile: &Profile,
    kind: ProductKind,
    order: &Order,
    candidate: &Candidate,
    call_no: u32,
) -> serde_json::Result<Vec<u8>> {
    let email = candidate.email.as_ref().map(|email| email.expose().as_str());
    let is_mailed = kind == ProductKind::Send;
    serde_json::to_vec(&Body {
        product_code: &order.product,
        email: email.filter(|_| is_mailed),
        bcc: profile.bcc.as_ref().filter(|_| is_mailed).map(|bcc| bcc.expose().as_str()),
        track: &profile.track,
        sequence: call_no,
        assigned_to: written(profile.nested, assigned_to(order, candidate))?,
        registration: written(profile.nested, registration(order, candidate))?,
    })
}

fn written<T: Serialize>(nested: Nested, value: T) -> serde_json::Result<Written<T>> {
    match nested {
        Nested::Object => Ok(Written::Object(value)),
        Nested::String => serde_json::to_string(&value).map(Written::String),
    }
}

fn assigned_to<'a>(order: &'a Order, candidate: &'a Candidate) -> AssignedTo<'a> {
    AssignedTo {
        reservation_id: order.id.as_str(),
        student_name: format!("{} {}", candidate.given_name.expose(), candidate.family_name.expose()),
        email: candidate.email.as_ref().map(|email| email.expose().as_str()),
        candidate_id: candidate.external_id.expose(),
        expire: order.expires_at.to_zoned(TimeZone::UTC).date().to_string(),
    }
}

/// The client's registration fields, with those that we fill ourselves.
fn registration<'a>(order: &'a Order, candidate: &Candidate) -> BTreeMap<&'a str, String> {
    let given = order.registration.iter().map(|(name, value)| (name.as_str(), value.expose().clone()));
    let mut fields: BTreeMap<_, _> = given.collect();
    fields.insert("First_Name", candidate.given_name.expose().clone());
    fields.insert("Last_Name", candidate.family_name.expose().clone());
    if let Some(email) = &candidate.email {
        fields.insert("Email", email.expose().clone());
    }
    if let Some(date) = &candidate.birth_date {
        fields.insert("Birthday", birthday(*date.expose()));
    }
    // Comes back as `OID` in every report.
    fields.insert("trExternal_ID", order.id.to_string());
    fields
}

/// A date as iTEP reads birthdays: `M/D/YYYY`.
fn birthday(date: Date) -> String {
    format!("{}/{}/{:04}", date.month(), date.day(), date.year())
}

#[cfg(test)]
mod tests;
