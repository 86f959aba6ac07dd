//! What is printed and sent of what the ports carry.

use jiff::Timestamp;

use super::*;
use crate::domain::forward::Extra;
use crate::domain::ids::Digest;

fn receipt() -> InboundWebhook {
    InboundWebhook {
        id: "rcpt-1".parse().unwrap(),
        account: "default".parse().unwrap(),
        received_at: Timestamp::UNIX_EPOCH,
        content_type: "text/plain".to_owned(),
        body: b"Mary".to_vec(),
        authenticated: AuthOutcome::Verified,
        credentials: SenderCredentials::default(),
        extra: Extra::default(),
    }
}

#[test]
fn a_document_and_a_receipt_are_printed_without_their_bytes() {
    let raw = RawDocument { digest: Digest::sha256(b"Mary"), bytes: b"Mary".to_vec() };
    assert_eq!(format!("{raw:?}"), format!("RawDocument({}, 4 bytes)", raw.digest));
    assert_eq!(format!("{:?}", receipt()), "InboundWebhook(rcpt-1, default, 4 bytes)");
}

#[test]
fn a_receipts_bytes_travel_whole() {
    let receipt = InboundWebhook { body: (0..=255).collect(), ..receipt() };
    let text = serde_json::to_string(&receipt).unwrap();
    assert_eq!(serde_json::from_str::<InboundWebhook>(&text).unwrap(), receipt);
}

/// What older code put on the queue or kept, with other fields.
fn older(fields: serde_json::Value) -> serde_json::Value {
    let mut receipt = serde_json::json!({ "id": "rcpt-1", "account": "default", "content_type": "text/plain",
        "received_at": "1970-01-01T00:00:00Z", "body": "TWFyeQ==" });
    receipt.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    receipt
}

fn on_the_queue(mut receipt: serde_json::Value, kind: &str) -> Option<InboundWebhook> {
    receipt["kind"] = kind.into();
    match serde_json::from_value(receipt).ok()? {
        ResultMessage::InboundWebhook(receipt) => Some(receipt),
        _ => None,
    }
}

fn kept(receipt: serde_json::Value, why: &str) -> InboundWebhook {
    let item = serde_json::json!({ "receipt": receipt, "why": why, "at": "1970-01-01T00:00:00Z" });
    serde_json::from_value::<Quarantined>(item).unwrap().receipt
}

#[test]
fn a_message_that_says_nothing_of_its_sender_is_not_read() {
    for kind in ["receipt", "inbound_webhook"] {
        assert_eq!(on_the_queue(older(serde_json::json!({})), kind), None);
        let odd = serde_json::json!({ "authenticated": "heard_of" });
        assert_eq!(on_the_queue(older(odd), kind), None);
    }
    let sent = serde_json::to_value(ResultMessage::InboundWebhook(receipt())).unwrap();
    assert_eq!(sent["kind"], "inbound_webhook", "a form that older code does not take for checked");
    assert_eq!(serde_json::from_value::<ResultMessage>(sent).unwrap(), ResultMessage::InboundWebhook(receipt()));
}

#[test]
fn a_message_of_older_code_is_checked_as_older_code_would_have_checked_it() {
    let checked = on_the_queue(older(serde_json::json!({ "unchecked": null })), "receipt").unwrap();
    assert_eq!(checked, receipt());
    let proof = serde_json::json!({ "token": "t", "headers": [["authorization", "Bearer b"]] });
    let unchecked = on_the_queue(older(serde_json::json!({ "unchecked": proof })), "receipt").unwrap();
    assert_eq!(unchecked.authenticated, AuthOutcome::Unchecked);
    assert_eq!(unchecked.credentials, SenderCredentials::new(&unchecked.id, "t", [("authorization", "bearer b")]));
    let again = serde_json::to_string(&unchecked).unwrap();
    assert!(!again.contains("Bearer") && !again.contains("\"t\""), "{again}");
}

#[test]
fn what_older_code_quarantined_is_not_verified_whatever_its_reason() {
    use AuthOutcome::{Unchecked, WrongCredential, WrongToken};
    for (why, outcome) in [
        ("its token is valid, its second credential is not", WrongCredential),
        ("its second credential is not valid", WrongCredential),
        ("its token is not valid", WrongToken),
        ("its sender cannot be checked: the account's `inbound` rules cannot be read", Unchecked),
        ("something else", Unchecked),
        ("no reservation has its OID or its TestID", Unchecked),
    ] {
        for fields in [serde_json::json!({}), serde_json::json!({ "unchecked": null })] {
            let receipt = kept(older(fields), why);
            assert_eq!((receipt.authenticated, receipt.credentials.is_empty()), (outcome.clone(), true), "{why}");
        }
        let proof = serde_json::json!({ "unchecked": { "token": "t", "headers": [] } });
        assert!(kept(older(proof), why).credentials.has_token(&receipt().id, "t"));
        let newer = serde_json::json!({ "authenticated": "unchecked", "unchecked": null });
        assert_eq!(kept(older(newer), why).authenticated, Unchecked);
    }
}

#[test]
fn what_was_sent_round_again_or_dismissed_is_handled() {
    let at = Timestamp::UNIX_EPOCH;
    let dismissed = Dismissal::new("ada", "a test of ours", at);
    for (replayed_at, dismissed, is_handled) in [
        (None, None, false),
        (Some(at), None, true),
        (None, Some(dismissed.clone()), true),
        (Some(at), Some(dismissed), true),
    ] {
        let kept = Quarantined { replayed_at, dismissed, ..Quarantined::new(receipt(), "odd", at) };
        assert_eq!(kept.is_handled(), is_handled);
    }
}
