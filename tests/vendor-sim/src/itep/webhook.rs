//! iTEP's results webhook: what it says in each state, and its bytes as PHP's curl sends them.

use std::time::Duration;

use bytes::Bytes;

use super::state::{Settings, Status, Test};
use crate::document::Document;
use crate::outbox::Parcel;

/// The results of the document's sample: order, strings and numbers as there.
const COMPLETE: &str = include_str!("complete.json");

/// The fields that the document calls always included.
const GENERAL: [&str; 11] = [
    "OID",
    "TestID",
    "Duration",
    "TestDate",
    "TestMonth",
    "TestDay",
    "TestYear",
    "score_report_url",
    "Overall_Level",
    "Overall_cefr",
    "Status",
];

/// The JSON of the field `data` for the test as it stands, with the given fields replaced.
pub(super) fn data(test: &Test, replaced: &Document) -> String {
    // The sample is part of the program: it parses.
    let mut document = Document::parse(COMPLETE).unwrap_or_default();
    let text = |name: &str| test.registration.get(name).and_then(|id| id.as_str());
    document.set("OID", text("trExternal_ID").unwrap_or_default());
    document.set("TestID", &test.test_id);
    document.set("Status", test.status.name());
    if test.status != Status::Complete {
        document.keep(&GENERAL);
        for name in ["score_report_url", "Overall_Level", "Overall_cefr"] {
            document.set(name, "");
        }
    }
    if !test.sat {
        for name in ["Duration", "TestDate", "TestMonth", "TestDay", "TestYear"] {
            document.set(name, "");
        }
    }
    document.overlay(replaced);
    document.spaced()
}

/// The webhook for `data`, if the test has the account's tracking code and the account an endpoint.
pub(super) fn parcel(settings: &Settings, test: &Test, data: &str) -> Result<Parcel, &'static str> {
    if test.track.as_deref() != Some(settings.track.as_str()) {
        return Err("the test has no tracking code that iTEP knows");
    }
    let url = settings.webhook_url.clone().ok_or("the tracking code has no endpoint")?;
    let boundary = boundary();
    let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    let mut headers = vec![owned(("Accept", "*/*"))];
    for (name, value) in settings.webhook_auth.iter().flatten() {
        headers.push(owned((name, value)));
    }
    headers.push(owned(("Content-Type", &format!("multipart/form-data; boundary={boundary}"))));
    Ok(Parcel { url, headers, body: multipart(&boundary, data), patience: Duration::from_secs(30) })
}

/// One form field named `data`, as curl writes it.
fn multipart(boundary: &str, data: &str) -> Bytes {
    let head = "Content-Disposition: form-data; name=\"data\"";
    Bytes::from(format!("--{boundary}\r\n{head}\r\n\r\n{data}\r\n--{boundary}--\r\n"))
}

/// 24 dashes and 16 hexadecimal digits.
fn boundary() -> String {
    format!("------------------------{:016x}", fastrand::u64(..))
}
