//! The clients' API, through the function's own entrance.

use std::cell::Cell;

use lambda_http::{Body, Response};
use provision::problems;
use serde_json::{Value, json};

use crate::hub::{SECRET, World, api_key};
use crate::wire::RawRequest;

thread_local! {
    static WORLD: World = World::open();
    static CHECKS: Cell<usize> = const { Cell::new(0) };
}

/// How many checks one client is good for: each sends up to three requests, and after
/// 200 the API would slow it down.
const PER_CLIENT: usize = 60;

/// A whole request; `HUB_API_KEY` in it is a valid key.
pub(crate) fn requests(input: &[u8]) {
    if let Some(raw) = RawRequest::read(input) {
        CHECKS.set(CHECKS.get() + 1);
        WORLD.with(|world| {
            world.reset();
            answered(world, &raw);
            world.nothing_refused();
        });
    }
}

/// The body of an order: one that is accepted keeps to its limits, reads back as it
/// was sent, and sent again buys nothing.
pub(crate) fn orders(input: &[u8]) {
    let order = head("POST", "/v1/reservations", input.to_vec());
    CHECKS.set(CHECKS.get() + 1);
    WORLD.with(|world| {
        world.reset();
        let Some((status, answer)) = answered(world, &order) else { return };
        if matches!(status, 201 | 202) {
            accepted(world, input, &order, &answer);
        }
        world.nothing_refused();
    });
}

fn accepted(world: &World, input: &[u8], order: &RawRequest, answer: &Value) {
    let input = input.strip_prefix("\u{feff}".as_bytes()).unwrap_or(input);
    let asked: Value = serde_json::from_slice(input).expect("an accepted order is JSON");
    let sold = world.books().sold;
    let id = answer["id"].as_str().expect("an id");
    let (_, read) = answered(world, &head("GET", &format!("/v1/reservations/{id}"), Vec::new())).expect("an answer");
    for field in ["vendor", "product", "candidate", "metadata", "expires_at"] {
        let (asked, read) = (&asked[field], &read[field]);
        let is_kept = match (field, asked) {
            (_, Value::Null) => true,
            ("candidate", Value::Object(asked)) => asked.iter().all(|(name, value)| same_text(value, &read[name])),
            ("expires_at", asked) => same_time(asked, read),
            ("metadata", Value::Array(asked)) => asked.is_empty() && *read == json!({}),
            ("metadata", asked) => asked == read,
            _ => same_text(asked, read),
        };
        assert!(is_kept, "{field} was {asked} and reads {read}");
    }
    limits(&read);
    let (_, again) = answered(world, order).expect("an answer");
    assert_eq!(again["id"], answer["id"]);
    assert!(world.books().sold == sold && sold <= 1, "sold {} for one order", world.books().sold);
}

/// Spaces around a text are taken off.
fn same_text(asked: &Value, read: &Value) -> bool {
    asked.as_str().map(str::trim) == read.as_str()
}

fn same_time(one: &Value, other: &Value) -> bool {
    let time = |value: &Value| value.as_str().and_then(|text| text.trim().parse::<jiff::Timestamp>().ok());
    time(one).is_some() && time(one) == time(other)
}

fn limits(read: &Value) {
    let bounded = |value: &Value, max| value.as_str().is_none_or(|text| plain(text, max));
    assert!(bounded(&read["product"], 200) && bounded(&read["candidate"]["external_id"], 128));
    assert!(bounded(&read["candidate"]["given_name"], 100) && bounded(&read["candidate"]["family_name"], 100));
    let metadata = read["metadata"].as_object().expect("metadata");
    assert!(metadata.len() <= 50 && metadata.iter().all(|(key, value)| plain(key, 40) && bounded(value, 500)));
}

fn plain(text: &str, max: usize) -> bool {
    text.chars().count() <= max && !text.chars().any(char::is_control)
}

/// A well-formed request with a body of its own key.
fn head(method: &str, target: &str, body: Vec<u8>) -> RawRequest {
    let headers = [("authorization", "Bearer HUB_API_KEY"), ("idempotency-key", "order-42")];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec())).to_vec();
    RawRequest { method: method.to_owned(), target: target.to_owned(), headers, body }
}

/// Sends a request and holds its answer against what every answer promises.
fn answered(world: &World, raw: &RawRequest) -> Option<(u16, Value)> {
    let key = api_key(CHECKS.get() / PER_CLIENT);
    let keyed = |value: &[u8]| match std::str::from_utf8(value) {
        Ok(text) => text.replace("HUB_API_KEY", &key).into_bytes(),
        Err(_) => value.to_vec(),
    };
    let headers = raw.headers.iter().map(|(name, value)| (name.clone(), keyed(value))).collect();
    let request = RawRequest { headers, ..raw.clone() }.lambda()?;
    let response = world.run(provision::handle(&world.hub, request));
    Some(promised(raw, &response))
}

fn promised(raw: &RawRequest, response: &Response<Body>) -> (u16, Value) {
    let status = response.status().as_u16();
    let text = String::from_utf8(response.body().to_vec()).expect("a text");
    let answer: Value = if text.is_empty() { Value::Null } else { serde_json::from_str(&text).expect("JSON") };
    assert!(!text.contains(SECRET) && !text.contains("127.0.0.1"), "an answer tells too much: {text}");
    if status < 400 {
        assert!(matches!(status, 200..=202 | 304));
        return (status, answer);
    }
    let kind = answer["type"].as_str().unwrap_or_default();
    let known = problems::all().any(|known| kind.ends_with(known.name) && known.status == status);
    assert!(known && status < 500, "{status} {text}");
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    let errors = answer["errors"].as_array().into_iter().flatten();
    errors.for_each(|error| assert!(error["pointer"].as_str().is_some_and(|at| at.starts_with('#')), "{text}"));
    assert!(!only_of_the_candidate(&raw.body) || !text.contains("CANARY"), "a person is quoted: {text}");
    (status, answer)
}

/// Whether each `CANARY` of a body stands in a field of the candidate.
fn only_of_the_candidate(body: &[u8]) -> bool {
    let document: Value = serde_json::from_slice(body).unwrap_or_default();
    let fields = ["external_id", "given_name", "family_name", "email", "birth_date"];
    let texts = fields.iter().filter_map(|field| document["candidate"][field].as_str());
    let inside: usize = texts.map(|text| text.matches("CANARY").count()).sum();
    inside > 0 && String::from_utf8_lossy(body).matches("CANARY").count() == inside
}
