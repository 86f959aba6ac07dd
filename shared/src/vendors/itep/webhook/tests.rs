use proptest::prelude::*;
use shared_core::domain::reservation::ReportedStatus;

use super::*;

const SAMPLE: &str = include_str!("../samples/results.json");
/// As the document shows it: dashes within the boundary too.
const MULTIPART: &str = "multipart/form-data; boundary=------------------------b27a39e6e6aef697";

fn multipart_of(name: &str, data: &str) -> Vec<u8> {
    let boundary = "--------------------------b27a39e6e6aef697";
    let field = format!("Content-Disposition: form-data; name=\"{name}\"\r\n\r\n{data}\r\n");
    format!("{boundary}\r\n{field}{boundary}--\r\n").into_bytes()
}

#[test]
fn the_documents_own_sample_is_read_from_multipart() {
    let report = parse_report(MULTIPART, &multipart_of("data", SAMPLE)).unwrap();
    assert_eq!((report.reservation_id, report.reference.test()), (None, "3279B035APR"));
    assert_eq!(report.raw.bytes, SAMPLE.as_bytes());
    assert_eq!(report.raw.digest, Digest::sha256(SAMPLE.as_bytes()));
    assert!(matches!(report.status, ReportedStatus::Completed(_)));
}

#[test]
fn a_urlencoded_form_says_the_same() {
    let encoded: String =
        SAMPLE.bytes().map(|b| if b == b' ' { "+".to_owned() } else { format!("%{b:02x}") }).collect();
    let body = format!("x=1&d%61ta={encoded}&data=2");
    let report = parse_report("application/x-www-form-urlencoded; charset=utf-8", body.as_bytes());
    assert_eq!(report, parse_report(MULTIPART, &multipart_of("data", SAMPLE)));
}

#[test]
fn a_byte_order_mark_and_a_string_around_the_document_are_taken_off() {
    let plain = parse_report(MULTIPART, &multipart_of("data", SAMPLE)).unwrap();
    let quoted = serde_json::json!(SAMPLE).to_string();
    for data in [format!("\u{feff}{SAMPLE}"), quoted.clone(), format!("\u{feff}{quoted}")] {
        let report = parse_report(MULTIPART, &multipart_of("data", &data)).unwrap();
        assert_eq!((report.status, report.reference), (plain.status.clone(), plain.reference.clone()));
        assert_eq!(report.raw.bytes, data.as_bytes(), "it is kept as it came");
    }
    let twice = serde_json::json!(quoted).to_string();
    assert_eq!(parse_report(MULTIPART, &multipart_of("data", &twice)), Err(Unreadable::NoJson));
}

#[test]
fn our_own_id_comes_back_as_oid() {
    let data = r#"{"OID":"res_0123456789abcdefghjkmnpqrs","TestID":"T1","Status":"Finished","TestDate":"6\10\2024"}"#;
    let report = parse_report(MULTIPART, &multipart_of("data", data)).unwrap();
    assert_eq!(report.reservation_id.map(String::from).as_deref(), Some("res_0123456789abcdefghjkmnpqrs"));
    assert_eq!(report.status, ReportedStatus::AwaitingScore);
}

#[test]
fn what_cannot_be_read_says_why() {
    let why = |content_type: &str, body: &[u8]| parse_report(content_type, body).unwrap_err();
    assert_eq!(why(MULTIPART, &multipart_of("date", SAMPLE)), Unreadable::NoData);
    assert_eq!(why("application/x-www-form-urlencoded", b"x=1"), Unreadable::NoData);
    assert_eq!(why(MULTIPART, b"{}"), Unreadable::NoForm);
    assert_eq!(why("multipart/form-data", b""), Unreadable::NoForm);
    assert_eq!(why("application/json", SAMPLE.as_bytes()), Unreadable::NoForm);
    assert_eq!(why(MULTIPART, &multipart_of("data", "{broken")), Unreadable::NoJson);
    assert_eq!(why(MULTIPART, &multipart_of("data", r#"{"TestID":""}"#)), Unreadable::NoTestId);
    assert_eq!(why(MULTIPART, &multipart_of("data", &"x".repeat(WEBHOOK_BODY_MAX))), Unreadable::TooLong);
}

proptest! {
    #[test]
    fn no_body_makes_it_panic(body in proptest::collection::vec(any::<u8>(), 0..300), content_type in any::<String>()) {
        for content_type in [MULTIPART, "application/x-www-form-urlencoded", &content_type] {
            let _ = parse_report(content_type, &body);
        }
    }

    #[test]
    fn no_form_makes_it_panic(data in any::<String>(), form in "(data|%64|[=&%+a-f0-9]){0,30}", boundary in "[ -~]{0,80}") {
        let _ = parse_report(MULTIPART, &multipart_of("data", &data));
        let _ = parse_report("application/x-www-form-urlencoded", form.as_bytes());
        let _ = parse_report(&format!("multipart/form-data; boundary={boundary}"), form.as_bytes());
    }
}
