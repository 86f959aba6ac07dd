//! iTEP's results webhook: a POST with one form field, `data`, which holds JSON
//! (Integration Results Webhook). Who sends it is judged by
//! [`WebhookAuth`](crate::vendors::webhook_auth::WebhookAuth), over the request as it came.

use std::convert::Infallible;

use bytes::Bytes;
use futures_util::FutureExt;
use multer::{Constraints, Multipart, SizeLimit};
use shared_core::domain::ids::Digest;
use shared_core::ports::RawDocument;
use shared_core::usecases::record_report::ReadReport;

use super::convert;
use super::json::Document;
use crate::vendors::bounds;

/// The longest body that is read, in bytes: what fits the queue in base64.
pub const BODY_MAX: usize = 150 * 1024;

/// NoteReason a delivery cannot be read. It is kept in quarantine, never dropped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// The body is longer than [`BODY_MAX`].
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
    pub fn is_meant_by(why: &str) -> bool {
        use Unreadable::{NoData, NoForm, NoJson, NoTestId, TooLong};
        let is_named =
            [TooLong, NoForm, NoData, NoJson, NoTestId].iter().any(|unreadable| unreadable.to_string() == why);
        is_named || why.ends_with(" is out of range")
    }
}

/// Reads a delivery.
///
/// # Errors
/// [`Unreadable`].
pub fn read(content_type: &str, body: &[u8]) -> Result<ReadReport, Unreadable> {
    read_data(data_field(content_type, body)?)
}

/// Reads what the form's field `data` holds: the document that is kept.
///
/// # Errors
/// [`Unreadable`].
pub fn read_data(bytes: Vec<u8>) -> Result<ReadReport, Unreadable> {
    let document = Document::read(&bytes).ok_or(Unreadable::NoJson)?;
    let (status, unreadable) = convert::reported(&document);
    Ok(ReadReport {
        // An `OID` that is none of ours is that of a test bought elsewhere.
        reservation_id: document.text("OID").and_then(|oid| oid.parse().ok()),
        test_id: document.text("TestID").filter(|id| bounds::is_id(id)).ok_or(Unreadable::NoTestId)?,
        status,
        unreadable,
        raw: RawDocument { digest: Digest::of(&bytes), bytes },
    })
}

/// The bytes of the form's field `data`.
///
/// # Errors
/// [`Unreadable`].
fn data_field(content_type: &str, body: &[u8]) -> Result<Vec<u8>, Unreadable> {
    if body.len() > BODY_MAX {
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
    let limits = Constraints::new().size_limit(SizeLimit::new().whole_stream(BODY_MAX as u64));
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
    let mut out = Vec::with_capacity(text.len());
    let mut i = 0;
    while let Some(&byte) = text.get(i) {
        let code = text.get(i + 1..i + 3).filter(|_| byte == b'%').and_then(hex_pair);
        out.push(code.unwrap_or(if byte == b'+' { b' ' } else { byte }));
        i += if code.is_some() { 3 } else { 1 };
    }
    out
}

fn hex_pair(pair: &[u8]) -> Option<u8> {
    let digit = |b: u8| char::from(b).to_digit(16).and_then(|d| u8::try_from(d).ok());
    Some(digit(pair[0])? << 4 | digit(pair[1])?)
}

#[cfg(test)]
mod tests;
