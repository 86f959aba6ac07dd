//! Every header that the webhooks read, in the form in which the gateway hands it over.

use serde_json::{Value, json};
use shared_core::ports::AuthOutcome;

use super::*;
use crate::vendors::webhook_auth::WebhookAuth;

fn delivered(method: &str, headers: Value) -> Result<Delivery, Problem> {
    let mut event: Value = serde_json::from_str(include_str!("../../../../events/itep-webhook-complete.json")).unwrap();
    event["requestContext"]["http"]["method"] = json!(method);
    event["headers"] = headers;
    let request = gateway::request(serde_json::from_value(event).unwrap()).unwrap();
    parse(&request, &"receipt-1".parse().unwrap())
}

#[test]
fn a_content_type_that_comes_twice_is_one_if_it_says_the_same() {
    let form = "multipart/form-data; boundary=x";
    for (value, meaning) in [
        (form.to_owned(), form),
        (format!("{form},{form}"), form),
        (format!("{form}, {form}"), form),
        ("multipart/form-data; boundary=\"a,b\"".to_owned(), "multipart/form-data; boundary=\"a,b\""),
        ("text/plain, text/html".to_owned(), "text/plain, text/html"),
    ] {
        let delivery = delivered("POST", json!({ "content-type": value })).ok().unwrap();
        assert_eq!(delivery.content_type, meaning);
    }
}

#[test]
fn a_second_credential_that_comes_twice_is_wrong() {
    let auth = json!([{ "basic": { "user": "u", "password": "p" } }, { "bearer": "b" }, { "header": { "name": "X-Key", "value": "v" } }]);
    let rules =
        WebhookAuth::parse(&json!({ "inbound": { "tokens": ["local-token"], "auth": auth } }).to_string()).unwrap();
    for (name, value) in [("authorization", "Basic dTpw"), ("authorization", "Bearer b"), ("x-key", "v")] {
        let judged = |value: String| {
            let webhook = "receipt-1".parse().unwrap();
            rules.authenticate(&webhook, &delivered("POST", json!({ name: value })).ok().unwrap().credentials)
        };
        assert_eq!(judged(value.to_owned()), AuthOutcome::Verified, "{value}");
        for twice in [format!("{value},{value}"), format!("{value}, {value}"), format!("Basic x,{value}")] {
            assert_eq!(judged(twice.clone()), AuthOutcome::WrongCredential, "{twice}");
        }
    }
}

#[test]
fn another_method_is_told_the_right_one() {
    let response = delivered("PUT", json!({})).err().unwrap().into_response();
    assert_eq!(response.status(), 405);
    assert_eq!(response.headers()["allow"], "POST");
}
