use shared_core::domain::forward::Extra;
use shared_core::ports::{AuthOutcome, CheckReason, InboundWebhook, SenderCredentials};

use super::*;
use crate::aws::message;

fn id() -> ReservationId {
    ReservationId::derive(&"acme".parse().unwrap(), "order-42")
}

#[test]
fn messages_travel_in_this_form() {
    let receipt_id = "receipt-1".parse().unwrap();
    let receipt = InboundWebhook {
        credentials: SenderCredentials::new(&receipt_id, "a-token", [("Authorization", "Bearer a-secret")]),
        id: receipt_id,
        account: "default".parse().unwrap(),
        received_at: "2026-11-23T12:00:00Z".parse().unwrap(),
        content_type: "multipart/form-data; boundary=----x".to_owned(),
        body: b"------x".to_vec(),
        authenticated: AuthOutcome::Verified,
        extra: Extra::default(),
    };
    let check = ScoreCheck::new("default".parse().unwrap(), id(), CheckReason::Expiry);
    insta::assert_json_snapshot!((
        Message::new(Fulfilment { reservation_id: id() }),
        Message::new(ResultMessage::InboundWebhook(receipt)),
        Message::new(check),
    ));
}

#[test]
fn a_message_of_another_kind_is_not_taken_for_one() {
    assert!(message::parse::<ResultMessage>(r#"{"v":1,"kind":"hearsay"}"#).is_err());
    assert!(message::parse::<Fulfilment>(r#"{"v":1,"reservation_id":"42"}"#).is_err());
}

#[test]
fn what_a_later_release_says_of_a_webhook_goes_with_it() {
    let sent = r#"{"v":1,"kind":"inbound_webhook","id":"r","account":"default","received_at":"2026-01-01T00:00:00Z",
        "content_type":"text/plain","body":"","authenticated":"verified","credentials":{"token":null,"headers":[]},
        "later":{"canary":1}}"#;
    let read: ResultMessage = message::parse(sent).unwrap();
    let expected: serde_json::Value = serde_json::from_str(sent).unwrap();
    assert_eq!(serde_json::to_value(Message::new(&read)).unwrap(), expected);
}
