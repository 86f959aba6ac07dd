//! What is printed of what the ports carry.

use jiff::Timestamp;

use super::*;

#[test]
fn a_document_and_a_receipt_are_printed_without_their_bytes() {
    let raw = RawDocument { digest: Digest::of(b"Mary"), bytes: b"Mary".to_vec() };
    assert_eq!(format!("{raw:?}"), format!("RawDocument({}, 4 bytes)", raw.digest));
    let receipt = Receipt {
        id: "rcpt-1".parse().unwrap(),
        account: "default".parse().unwrap(),
        received_at: Timestamp::UNIX_EPOCH,
        content_type: "text/plain".to_owned(),
        body: b"Mary".to_vec(),
        unchecked: None,
    };
    assert_eq!(format!("{receipt:?}"), "Receipt(rcpt-1, default, 4 bytes)");
}
