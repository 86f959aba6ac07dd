//! iTEP's results webhook: a POST with one form field, `data`, which holds JSON
//! (Integration Results Webhook). Who sends it is authenticated before, by
//! [`webhook_auth`](crate::vendors::webhook_auth).

use std::convert::Infallible;

use bytes::Bytes;
use futures_util::FutureExt;
use jiff::Timestamp;
use multer::{Constraints, Multipart, SizeLimit};
use percent_encoding::percent_decode;
use shared_core::domain::ids::{Digest, VendorReference};
use shared_core::domain::reservation::Report;
use shared_core::ports::ParsedReport;
use shared_core::ports::RawDocument;

use super::convert;
use super::json::Document;
use crate::vendors::bounds::{self, WEBHOOK_BODY_MAX};

/// Why a delivery cannot be parsed. It is kept in quarantine, never dropped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// The body is longer than [`WEBHOOK_BODY_MAX`].
    #[error("the body is too long")]
    TooLong,
    /// The body is no form.
    #[error("the body is neither multipart nor urlencoded")]
    NoForm,
    /// The form has no field `data`.
    #[error("the form has no field `data`")]
    NoData,
    /// `data` is no JSON object.
    #[error("the field `data` is not a JSON object")]
    NoJson,
    /// It names no test, or by what cannot be a test ID.
    #[error("the report names no TestID")]
    NoTestId,
}

impl Unreadable {
    /// Whether a quarantined report says that it could not be read. Earlier releases
    /// refused a report for a single score off its scale.
    pub fn is_reason(why: &str) -> bool {
        use Unreadable::{NoData, NoForm, NoJson, NoTestId, TooLong};
        let is_named =
            [TooLong, NoForm, NoData, NoJson, NoTestId].iter().any(|unreadable| unreadable.to_string() == why);
        is_named || why.ends_with(" is out of range")
    }
}

/// Parses a delivery.
///
/// # Errors
/// [`Unreadable`].
pub fn parse_report(content_type: &str, body: &[u8]) -> Result<ParsedReport, Unreadable> {
    parse_data(data_field(content_type, body)?)
}

/// Parses what the form's field `data` holds: the document that is kept.
///
/// # Errors
/// [`Unreadable`].
pub fn parse_data(bytes: Vec<u8>) -> Result<ParsedReport, Unreadable> {
    let document = Document::parse(&bytes).ok_or(Unreadable::NoJson)?;
    let (status, unreadable) = convert::status(&document);
    let test_id = document.text("TestID").filter(|id| bounds::is_id(id)).ok_or(Unreadable::NoTestId)?;
    Ok(ParsedReport {
        // An `OID` that is none of ours is that of a test bought elsewhere.
        reservation_id: document.text("OID").and_then(|oid| oid.parse().ok()),
        reference: VendorReference::itep(&test_id),
        status,
        unreadable,
        raw: RawDocument { digest: Digest::sha256(&bytes), bytes },
    })
}

/// Parses a document that was kept, as of when it came.
pub(super) fn parse_document(document: &RawDocument, observed_at: Timestamp) -> Option<Report> {
    let ParsedReport { reference, status, unreadable, .. } = parse_data(document.bytes.clone()).ok()?;
    let digest = document.digest.clone();
    Some(Report { receipt: None, digest, reference, observed_at, status, unreadable })
}

/// The bytes of the form's field `data`.
///
/// # Errors
/// [`Unreadable`].
fn data_field(content_type: &str, body: &[u8]) -> Result<Vec<u8>, Unreadable> {
    if body.len() > WEBHOOK_BODY_MAX {
        return Err(Unreadable::TooLong);
    }
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match essence.as_str() {
        "multipart/form-data" => multipart(content_type, body),
        "application/x-www-form-urlencoded" => urlencoded(body).ok_or(Unreadable::NoData),
        _ => Err(Unreadable::NoForm),
    }
}

fn multipart(content_type: &str, body: &[u8]) -> Result<Vec<u8>, Unreadable> {
    let boundary = multer::parse_boundary(content_type).map_err(|_| Unreadable::NoForm)?;
    let whole = futures_util::stream::once(std::future::ready(Ok::<_, Infallible>(Bytes::copy_from_slice(body))));
    let limits = Constraints::new().size_limit(SizeLimit::new().whole_stream(WEBHOOK_BODY_MAX as u64));
    let mut form = Multipart::with_constraints(whole, boundary, limits);
    // The whole body is there, so nothing here ever waits.
    let field = async {
        while let Some(field) = form.next_field().await.map_err(|_| Unreadable::NoForm)? {
            if field.name() == Some("data") {
                return field.bytes().await.map(|bytes| bytes.to_vec()).map_err(|_| Unreadable::NoForm);
            }
        }
        Err(Unreadable::NoData)
    };
    field.now_or_never().unwrap_or(Err(Unreadable::NoForm))
}

fn urlencoded(body: &[u8]) -> Option<Vec<u8>> {
    body.split(|b| *b == b'&').find_map(|pair| {
        let equals = pair.iter().position(|b| *b == b'=')?;
        (decoded(&pair[..equals]) == b"data").then(|| decoded(&pair[equals + 1..]))
    })
}

/// Undoes `+` and `%XX`; a percent sign that begins no such code stays.
fn decoded(text: &[u8]) -> Vec<u8> {
    let spaced: Vec<u8> = text.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    percent_decode(&spaced).collect()
}

#[cfg(test)]
mod tests;
