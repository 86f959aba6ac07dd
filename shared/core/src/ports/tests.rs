//! What is printed and sent of what the ports carry.

use jiff::Timestamp;

use super::*;

fn receipt() -> Receipt {
    Receipt {
        id: "rcpt-1".parse().unwrap(),
        account: "default".parse().unwrap(),
        received_at: Timestamp::UNIX_EPOCH,
        content_type: "text/plain".to_owned(),
        body: b"Mary".to_vec(),
        unchecked: None,
    }
}

#[test]
fn a_document_and_a_receipt_are_printed_without_their_bytes() {
    let raw = RawDocument { digest: Digest::of(b"Mary"), bytes: b"Mary".to_vec() };
    assert_eq!(format!("{raw:?}"), format!("RawDocument({}, 4 bytes)", raw.digest));
    assert_eq!(format!("{:?}", receipt()), "Receipt(rcpt-1, default, 4 bytes)");
}

#[test]
fn a_receipts_bytes_travel_whole() {
    let receipt = Receipt { body: (0..=255).collect(), ..receipt() };
    let text = serde_json::to_string(&receipt).unwrap();
    assert_eq!(serde_json::from_str::<Receipt>(&text).unwrap(), receipt);
}
