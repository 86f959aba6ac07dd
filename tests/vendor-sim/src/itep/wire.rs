//! iTEP's request for a test as it comes in, and the answers. The documents show no answer: their
//! shapes are this simulator's own.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use hyper::StatusCode;
use serde_json::{Map, Value, json};
use sha2::Sha256;

use super::rules;
use super::state::{Encoding, Route};
use crate::document::Document;
use crate::http::Reply;

#[derive(Debug)]
pub(super) struct Purchase {
    pub(super) product: String,
    pub(super) email: Option<String>,
    pub(super) bcc: Option<String>,
    pub(super) track: Option<String>,
    pub(super) assigned_to: Map<String, Value>,
    pub(super) registration: Map<String, Value>,
}

#[derive(Clone, Debug)]
pub(super) enum Refusal {
    BadSignature,
    Replay,
    Malformed(String),
    UnknownProduct(String),
    WrongHeader(String),
    EmailRequired,
    Registration(String),
    OutOfTests(String),
    Other(String),
}

impl Refusal {
    pub(super) fn reply(&self) -> Reply {
        let (status, code, message): (u16, _, String) = match self {
            Self::BadSignature => (401, "BAD_SIGNATURE", "The signature is missing or wrong.".into()),
            Self::Replay => (409, "REPLAY", "This request was processed already.".into()),
            Self::Malformed(what) => (400, "MALFORMED", what.clone()),
            Self::UnknownProduct(product) => (422, "UNKNOWN_PRODUCT", format!("Unknown product code [{product}].")),
            Self::WrongHeader(product) => {
                (422, "WRONG_HEADER", format!("Product code [{product}] does not go with this header."))
            }
            Self::EmailRequired => (422, "EMAIL_REQUIRED", "An email is required for this product code.".into()),
            Self::Registration(what) => (422, "INVALID_REGISTRATION", what.clone()),
            Self::OutOfTests(product) => (200, "OUT_OF_TESTS", format!("No test is available for [{product}].")),
            Self::Other(what) => (422, "REFUSED", what.clone()),
        };
        let status = StatusCode::from_u16(status).unwrap_or_default();
        Reply::json(status, &Document::of([("status", "error"), ("code", code), ("message", &message)]))
    }
}

pub(super) fn sold(test_id: &str, password: &str) -> Reply {
    Reply::json(StatusCode::OK, &Document::of([("status", "ok"), ("test-id", test_id), ("password", password)]))
}

pub(super) fn sold_without_reference(_: Reply) -> Reply {
    Reply::json(StatusCode::OK, &json!({ "status": "ok" }))
}

/// The signature that a sender with this key puts on these bytes.
pub(super) fn signature(key: &str, body: &[u8], encoding: Encoding) -> String {
    // HMAC takes keys of any length, so this never is the default.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.as_bytes()) else { return String::new() };
    mac.update(body);
    let tag = mac.finalize().into_bytes();
    match encoding {
        Encoding::Hex => HEXLOWER.encode(&tag),
        Encoding::Base64 => STANDARD.encode(tag),
    }
}

pub(super) fn read(body: &[u8], route: Route) -> Result<Purchase, Refusal> {
    let text = std::str::from_utf8(body).map_err(|_| malformed("The body is not UTF-8."))?;
    let fields: Map<String, Value> =
        serde_json::from_str(text).map_err(|error| malformed(&format!("The body is not a JSON object: {error}.")))?;
    if is_pretty(text) {
        return Err(malformed("Do not send \"pretty\" JSON."));
    }
    let string = |name: &str| fields.get(name).and_then(Value::as_str).map(str::to_owned);
    let purchase = Purchase {
        product: string("product-code").ok_or_else(|| malformed("product-code is required."))?,
        email: string("email"),
        bcc: string("bcc"),
        track: string("track"),
        assigned_to: nested(&fields, "assigned-to")?,
        registration: nested(&fields, "registration")?,
    };
    check(&purchase, route)?;
    Ok(purchase)
}

fn check(purchase: &Purchase, route: Route) -> Result<(), Refusal> {
    let needed = match &purchase.product {
        code if code.starts_with("GTX-") => Route::Get,
        code if code.starts_with("STX-") => Route::Send,
        code => return Err(Refusal::UnknownProduct(code.clone())),
    };
    if needed != route {
        return Err(Refusal::WrongHeader(purchase.product.clone()));
    }
    if needed == Route::Send && purchase.email.as_ref().is_none_or(|email| !email.contains('@')) {
        return Err(Refusal::EmailRequired);
    }
    rules::check(&purchase.registration).map_err(Refusal::Registration)
}

/// The table calls these fields JSON strings, the example shows objects: both are taken.
fn nested(fields: &Map<String, Value>, name: &str) -> Result<Map<String, Value>, Refusal> {
    let fault = || malformed(&format!("{name} is not JSON."));
    match fields.get(name) {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Object(object)) => Ok(object.clone()),
        Some(Value::String(text)) => serde_json::from_str(text).map_err(|_| fault()),
        Some(_) => Err(fault()),
    }
}

fn malformed(what: &str) -> Refusal {
    Refusal::Malformed(what.to_owned())
}

/// Whether valid JSON has whitespace outside its strings.
fn is_pretty(text: &str) -> bool {
    let (mut quoted, mut escaped) = (false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b' ' | b'\n' | b'\r' | b'\t' if !quoted => return true,
            _ => {}
        }
    }
    false
}
