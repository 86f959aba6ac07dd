use serde_json::{Value, json};

use super::*;

const SECRET: &str = "thk_live_canarybird";

fn event(fields: Value) -> HttpEvent {
    let mut event = json!({
        "version": "2.0", "rawPath": "/v1/products", "rawQueryString": "limit=1",
        "headers": { "host": "hub.example", "authorization": format!("Bearer {SECRET}") },
        "requestContext": { "http": { "method": "GET", "path": "/v1/products" }, "stage": "$default" },
        "isBase64Encoded": false,
    });
    event.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    serde_json::from_value(event).unwrap()
}

/// What is answered to an event, where the function itself would answer 200.
async fn answered(fields: Value) -> (i64, String) {
    let event = LambdaEvent::new(event(fields), lambda_runtime::Context::default());
    let answer = serve(event, async |_| Response::new(Body::Empty)).await.unwrap();
    (answer.status_code, answer.body.map(|body| String::from_utf8(body.to_vec()).unwrap()).unwrap_or_default())
}

#[test]
fn a_request_reads_as_it_was_sent() {
    let body = json!({ "body": "eyJ9", "isBase64Encoded": true, "cookies": ["a=1", "b=2"] });
    let request = request(event(body)).unwrap();
    assert_eq!((request.method(), request.raw_http_path()), (&Method::GET, "/v1/products"));
    assert_eq!(request.uri().query(), Some("limit=1"));
    assert_eq!(request.headers()["host"], "hub.example");
    assert_eq!(request.headers()["cookie"], "a=1; b=2");
    assert_eq!(request.body().as_ref(), b"{\"}");
}

#[tokio::test]
async fn a_header_that_cannot_be_one_is_named_and_its_value_is_not() {
    for name in ["authorization", "idempotency-key", "content-type", "x-second-credential"] {
        for character in ["\u{0}", "\u{1}", "\n", "\r", "\u{1b}", "\u{7f}"] {
            let (status, body) = answered(json!({ "headers": { name: format!("{SECRET}{character}") } })).await;
            assert_eq!(status, 400, "{name} {character:?}");
            assert!(body.contains(&format!("The header `{name}` contains a forbidden character")), "{body}");
            assert!(body.contains("malformed-request") && !body.contains("canarybird"), "{body}");
        }
    }
    let (status, body) = answered(json!({ "headers": { format!("x {SECRET}"): "1" } })).await;
    assert!(status == 400 && !body.contains("canarybird"), "{body}");
}

#[tokio::test]
async fn an_address_a_method_and_a_cookie_that_cannot_be_one_are_refused_without_their_text() {
    let method = |method: &str| json!({ "requestContext": { "http": { "method": method } } });
    for fields in [
        json!({ "rawPath": "/v1/canarybird\u{1}" }),
        json!({ "rawQueryString": "cursor=canary\u{1}bird" }),
        json!({ "rawQueryString": "cursor=canary bird" }),
        json!({ "cookies": ["canarybird\u{1}"] }),
        json!({ "body": "canarybird!", "isBase64Encoded": true }),
        method("CANARY BIRD"),
        method(""),
    ] {
        let (status, body) = answered(fields.clone()).await;
        assert_eq!(status, 400, "{fields}");
        assert!(!body.to_lowercase().contains("canary"), "{body}");
    }
}

#[tokio::test]
async fn a_header_that_is_odd_but_can_be_one_reaches_the_function() {
    for (name, value) in [
        ("user-agent", "Zoë 🐦".to_owned()),
        ("x-tab", "a\tb".to_owned()),
        ("host", "no host at all".to_owned()),
        ("x-forwarded-proto", "no scheme".to_owned()),
        ("x-long", "a".repeat(100_000)),
    ] {
        assert_eq!(answered(json!({ "headers": { name: value } })).await.0, 200, "{name}");
    }
    for absent in [
        json!({ "headers": {} }),
        json!({ "rawPath": "/a b/é" }),
        json!({ "rawQueryString": "" }),
        json!({ "headers": null, "cookies": null, "rawPath": null, "rawQueryString": null }),
    ] {
        assert_eq!(answered(absent).await.0, 200);
    }
}

#[test]
fn a_header_reads_the_same_in_one_piece_and_in_two() {
    let mut headers = HeaderMap::new();
    assert_eq!(joined(&headers, "prefer"), None);
    headers.append("prefer", HeaderValue::from_static("a"));
    headers.append("prefer", HeaderValue::from_static("b"));
    assert_eq!(joined(&headers, "prefer"), Some("a, b".to_owned()));
}
