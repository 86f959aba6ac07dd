use serde_json::Value;
use shared_core::domain::ids::Fingerprint;

use super::*;
use crate::fixtures::{self, ITEP_REQUEST};
use crate::request;

fn said_under(key: &str, body: &str) -> RequestMeaning {
    let asked = request::parse(body.as_bytes()).ok().unwrap();
    RequestMeaning::new(key, &asked.new, asked.sent)
}

fn said(body: &str) -> RequestMeaning {
    said_under("order-42", body)
}

/// The request with some of its members said otherwise, or no longer.
fn respelt(changes: &[(&str, Option<Value>)]) -> String {
    let mut body: Value = serde_json::from_str(ITEP_REQUEST).unwrap();
    for (pointer, value) in changes {
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        let members = body.pointer_mut(parent).unwrap().as_object_mut().unwrap();
        match value {
            Some(value) => drop(members.insert(name.to_owned(), value.clone())),
            None => drop(members.remove(name)),
        }
    }
    body.to_string()
}

fn harmless() -> Vec<String> {
    vec![
        respelt(&[("/groups", None), ("/return_url", None)]),
        respelt(&[("/groups", Some(Value::Null))]),
        respelt(&[("/expires_at", Some(json!("2027-01-31T02:00:00.000+02:00")))]),
        respelt(&[("/candidate/given_name", Some(json!(" Mary "))), ("/account", Some(json!("default ")))]),
        respelt(&[("/registration/City", Some(json!("Los Angeles ")))]),
    ]
}

fn different() -> Vec<String> {
    vec![
        respelt(&[("/candidate/given_name", Some(json!("Mari")))]),
        respelt(&[("/candidate/email", None)]),
        respelt(&[("/metadata", None)]),
        respelt(&[("/metadata/order", Some(json!("42 ")))]),
        respelt(&[("/groups", Some(json!(["g"])))]),
        respelt(&[("/expires_at", Some(json!("2027-01-31T00:00:01Z")))]),
        respelt(&[("/expires_at", None)]),
        respelt(&[("/registration", Some(json!([])))]),
    ]
}

fn assert_repeated_by_the_harmless_alone(order: &Order) {
    for (bodies, repeats) in [(harmless(), true), (different(), false)] {
        bodies.iter().for_each(|body| assert_eq!(said(body).repeats(order), repeats, "{body}"));
    }
}

#[test]
fn a_request_says_the_same_however_it_spells_it() {
    assert_repeated_by_the_harmless_alone(&fixtures::order());
}

#[test]
fn the_ways_of_saying_nothing_are_one() {
    let nothing = |with| said(&respelt(&[("/registration", with), ("/metadata", None)])).fingerprint;
    let absent = nothing(None);
    for spelling in [json!(null), json!({}), json!([])] {
        assert_eq!(nothing(Some(spelling.clone())), absent, "{spelling}");
    }
}

#[test]
fn the_same_order_has_another_fingerprint_under_another_key() {
    assert_ne!(said(ITEP_REQUEST).fingerprint, said_under("order-43", ITEP_REQUEST).fingerprint);
    let order = fixtures::order();
    let digest = Digest::sha256(canonical(&serde_json::from_str(ITEP_REQUEST).unwrap()).as_bytes());
    assert!(!order.fingerprint.as_str().contains(digest.as_str()));
}

/// The order of a request as it was stored before fingerprints were salted.
fn unsalted(body: &str) -> Order {
    let digest = Digest::sha256(canonical(&serde_json::from_str(body).unwrap()).as_bytes());
    let fingerprint: Fingerprint = digest.as_str().parse().unwrap();
    Order { fingerprint, ..fixtures::order() }
}

#[test]
fn an_order_without_salt_is_recognised_by_what_it_said_or_left_out() {
    let order = unsalted(ITEP_REQUEST);
    assert!(said(ITEP_REQUEST).repeats(&order));
    assert_repeated_by_the_harmless_alone(&order);
}

#[test]
fn an_order_without_salt_that_left_the_defaults_to_the_hub_is_recognised_by_its_digest() {
    let without = |pointers: &[&'static str]| respelt(&pointers.iter().map(|at| (*at, None)).collect::<Vec<_>>());
    let minimal = without(&["/account", "/groups", "/return_url", "/expires_at", "/metadata", "/registration"]);
    let written_out = respelt(&[
        ("/account", Some(Value::Null)),
        ("/expires_at", Some(Value::Null)),
        ("/metadata", Some(json!({}))),
        ("/registration", Some(Value::Null)),
    ]);
    let expiring = without(&["/account", "/metadata", "/registration"]);
    for (placed, repeated) in [(&minimal, &written_out), (&written_out, &minimal)] {
        assert!(said(repeated).repeats(&unsalted(placed)));
        assert!(!said(&expiring).repeats(&unsalted(placed)), "this one names its expiry");
    }
}

#[test]
fn order_and_space_do_not_matter_and_values_and_the_order_of_elements_do() {
    let read = |text: &str| canonical(&serde_json::from_str(text).unwrap());
    let one = r#"{"a":true,"b":[1,{"x":"é","y":null}]}"#;
    assert_eq!(read(r#"{"b": [1, {"y": null, "x": "\u00e9"}], "a": true}"#), one);
    for other in [r#"{"a":true,"b":[{"x":"é","y":null},1]}"#, r#"{"A":true,"b":[1,{"x":"é","y":null}]}"#] {
        assert_ne!(read(other), one, "{other}");
    }
}
