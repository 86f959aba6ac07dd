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
