//! iTEP's results webhook: the form, and the JSON in it.

use serde_json::{Map, Value};
use shared::vendors::itep::webhook::{Unreadable, parse_report};
use shared_core::domain::ids::Digest;
use shared_core::domain::reservation::ReportedStatus;
use shared_core::domain::sensitive::Sensitive;
use shared_core::ports::ParsedReport;

use crate::bounds;

/// A delivery: its `Content-Type` in the first line, then its body.
pub(crate) fn form(input: &[u8]) {
    let end = input.iter().position(|byte| *byte == b'\n').unwrap_or(input.len());
    let content_type = String::from_utf8_lossy(&input[..end]);
    let body = input.get(end + 1..).unwrap_or_default();
    let report = parse_report(&content_type, body);
    assert_eq!(report, parse_report(&content_type, body), "the same bytes are read twice");
    if let Ok(report) = report {
        let raw = &report.raw.bytes;
        assert!(raw.len() <= body.len());
        let is_urlencoded = content_type.to_ascii_lowercase().contains("urlencoded");
        let is_within = raw.is_empty() || body.windows(raw.len()).any(|window| window == raw.as_slice());
        assert!(is_urlencoded || is_within, "the raw document is a piece of the form");
        accepted(&report);
    }
}

/// The field `data`: the same by either form, and as much of it as there can be.
pub(crate) fn json(input: &[u8]) {
    let report = parse_report("application/x-www-form-urlencoded", &urlencoded(input));
    if !input.windows(4).any(|window| window == b"--~b") {
        assert_eq!(
            report,
            parse_report("multipart/form-data; boundary=~b", &multipart(input)),
            "both forms say the same"
        );
    }
    let text = String::from_utf8_lossy(input);
    match (&report, object(&text)) {
        (Ok(report), Some(object)) => {
            assert_eq!(report.raw.bytes, input, "the document is kept as it came");
            let oid = object.get("OID").and_then(Value::as_str).map(str::trim);
            // Of an id that stands twice neither is chosen.
            let is_twice = text.matches("OID").count() > 1 && report.reservation_id.is_none();
            assert!(is_twice || report.reservation_id == oid.and_then(|oid| oid.parse().ok()), "{oid:?}");
            accepted(report);
        }
        (Ok(_), None) => panic!("what is no JSON was read"),
        (Err(Unreadable::NoJson), Some(_)) => panic!("JSON was not read"),
        (Err(_), _) => {}
    }
}

fn accepted(report: &ParsedReport) {
    assert_eq!(report.raw.digest, Digest::sha256(&report.raw.bytes));
    bounds::of_test_name(report.reference.test());
    bounds::of_report(&report.status);
    let ReportedStatus::Completed(result) = &report.status else { return };
    if let Some(url) = result.report_url.as_ref().map(Sensitive::expose) {
        // Short ones, and those that stand elsewhere too, may be part of what is no secret.
        let is_secret = url.len() > 12 && String::from_utf8_lossy(&report.raw.bytes).matches(url).count() == 1;
        assert!(!is_secret || !format!("{report:?}").contains(url), "a report's address is printed");
    }
}

/// The object that a text holds, or that stands in the string that it holds.
fn object(text: &str) -> Option<Map<String, Value>> {
    let value = |text: &str| {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        serde_json::from_str(text).or_else(|_| serde_json::from_str(&mended(text))).ok()
    };
    match value(text)? {
        Value::String(inner) => value(&inner)?.as_object().cloned(),
        value => value.as_object().cloned(),
    }
}

/// The repair of invalid escapes, written another way than the connector's: what
/// stands behind a backslash within a string decides.
fn mended(text: &str) -> String {
    let (mut out, mut is_string) = (String::new(), false);
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let after = &text[at + c.len_utf8()..];
        let escape = match after.as_bytes() {
            [b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', ..] => 1,
            [b'u', a, b, c, d, ..] if [a, b, c, d].iter().all(|digit| digit.is_ascii_hexdigit()) => 5,
            _ => 0,
        };
        let length = if is_string && c == '\\' { escape } else { 0 };
        out.push(c);
        out.push_str(if is_string && c == '\\' && length == 0 { "\\" } else { &after[..length] });
        is_string ^= c == '"';
        at += c.len_utf8() + length;
    }
    out
}

fn urlencoded(data: &[u8]) -> Vec<u8> {
    data.iter().fold(b"other=1&data=".to_vec(), |mut out, byte| {
        out.extend(format!("%{byte:02x}").bytes());
        out
    })
}

fn multipart(data: &[u8]) -> Vec<u8> {
    [b"--~b\r\nContent-Disposition: form-data; name=\"data\"\r\n\r\n", data, b"\r\n--~b--\r\n"].concat()
}
