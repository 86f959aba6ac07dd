//! Canaries in events as an attacker has them: headers that cannot be headers, and
//! events that cannot be read. The runtime's own words are looked through too.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::cage::Cage;
use super::runtime::{self, Posted};
use crate::batches::post::{check, order, outcome, report};
use crate::setup::Options;
use crate::webhooks::sample_with;
use crate::world::{SPEAKING, Vendor};

/// Every level that `LogLevel` allows, and what it does not.
const LEVELS: [&str; 6] = ["error", "warn", "info", "debug", "trace", "trace,lambda_runtime=trace"];
pub(super) const HTTP: [&str; 3] = ["provision", "itep-webhook", "truenorth-webhook"];
pub(super) const QUEUES: [&str; 3] = ["fulfil", "record-result", "score-poller"];

/// The headers that are read, and others.
const HEADERS: [&str; 7] = [
    "content-type",
    "authorization",
    "idempotency-key",
    "x-second-credential",
    "x-forwarded-for",
    "x-forwarded-proto",
    "host",
];

/// A header's name and a value that no header can have, each with a secret in it.
fn impossible_headers(cage: &Cage) -> Vec<(&'static str, String)> {
    let values = ["\u{0}", "\u{1}", "\n", "\r\n", "\u{1b}[31m", "\u{7f}"];
    let planted = |character| format!("Bearer {} canarybird{character}", cage.world.key);
    HEADERS.into_iter().flat_map(|name| values.map(|character| (name, planted(character)))).collect()
}

/// A header's name and a value that is odd, and can be one.
fn odd_headers(cage: &Cage, function: &str) -> Vec<(&'static str, String)> {
    let values = ["canarybird".repeat(2000), "Zoë canarybird 🐦".to_owned(), format!("{}\tcanarybird", cage.world.key)];
    odd_names(function).iter().flat_map(|name| values.clone().map(|value| (*name, value))).collect()
}

/// What iTEP says of its report's type is kept beside it, and the operator is shown it.
fn odd_names(function: &str) -> &'static [&'static str] {
    if function == "itep-webhook" { &HEADERS[1..] } else { &HEADERS }
}

/// Where each HTTP function is called.
fn path(cage: &Cage, function: &str) -> String {
    match function {
        "provision" => "/v1/reservations".to_owned(),
        webhook => {
            let vendor = webhook.trim_end_matches("-webhook");
            format!("/webhooks/{vendor}/{}/{}", cage.world.account, cage.world.token)
        }
    }
}

fn http_event(path: &str, headers: &Value, body: &str) -> Value {
    json!({
        "version": "2.0", "rawPath": path, "rawQueryString": "", "headers": headers, "body": body,
        "requestContext": { "http": { "method": "POST", "path": path, "sourceIp": "203.0.113.7" }, "stage": "$default" },
        "isBase64Encoded": false,
    })
}

fn ordering(cage: &Cage, vendor: Vendor, key: &str) -> Value {
    let headers = json!({
        "authorization": format!("Bearer {}", cage.world.key), "idempotency-key": format!("\"canarybird-{key}\""),
        "content-type": "application/json", "cookie": "canarybird",
    });
    http_event("/v1/reservations", &headers, &cage.order(vendor).to_string())
}

/// Events of which the runtime can make nothing, or not what the function takes.
fn unreadable_events(cage: &Cage) -> Vec<Vec<u8>> {
    let secret = format!("Bearer {} canarybird", cage.world.key);
    let mut events: Vec<Vec<u8>> = [
        json!(secret),
        json!([secret]),
        json!({ "headers": secret, "Records": secret }),
        json!({ "headers": { "authorization": [secret] }, "Records": [secret] }),
        json!({ "headers": { secret.as_str(): 7 }, "Records": [{ secret.as_str(): 7, "body": [secret] }] }),
        json!({ "rawPath": { "at": secret }, "Records": { "at": secret } }),
        json!({ "body": { "candidate": secret }, "Records": [{ "messageId": [secret] }] }),
        json!({ "requestContext": secret, "Records": [{ "attributes": secret }] }),
    ]
    .map(|event| event.to_string().into_bytes())
    .into();
    events.push(format!("{{\"headers\": {{\"authorization\": \"{secret}").into_bytes());
    events.push(
        format!("{{\"Records\": [{{\"body\": \"\\ud800{secret}\"}}], \"body\": \"\\ud800{secret}\"}}").into_bytes(),
    );
    events.push([b"{\"Records\": \"\xff".as_slice(), secret.as_bytes(), b"\", \"body\": \"\xff\"}"].concat());
    events
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_seen_where_a_header_cannot_be_one() {
    let mut cage = Cage::with(Options::default()).await;
    for function in HTTP {
        let path = path(&cage, function);
        for (name, value) in impossible_headers(&cage) {
            let event = http_event(&path, &json!({ "host": "hub.example", name: value }), "canarybird");
            let answer = cage.world.invoke_with(function, event.to_string().into_bytes()).await;
            cage.told(json!([format!("{:?}", answer.headers), answer.body]));
            assert_eq!(answer.body["statusCode"], 400, "{function}, {name}: {answer:?}");
            let problem: Value = serde_json::from_str(answer.body["body"].as_str().expect("a body")).expect("JSON");
            assert_eq!(problem["type"], "urn:english-test-hub:problem:malformed-request");
            let detail = format!("The header `{name}` contains a forbidden character.");
            assert_eq!(problem["detail"], detail);
        }
        cage.heard(function, "refused a request that cannot be read").await;
    }
    cage.is_quiet().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_seen_where_the_gateway_gets_an_odd_header() {
    let mut cage = Cage::with(Options::default()).await;
    let mut values = vec![b"canarybird \xff\xfe".to_vec(), "Zoë canarybird".into(), b"canarybird".repeat(300)];
    values.extend([&b"\x01"[..], b"\x1b[31m", b"\x7f", b"\x0b"].map(|end| [b"canarybird ", end].concat()));
    for function in HTTP {
        let path = path(&cage, function);
        for value in &values {
            // A second `host` is the gateway's to refuse.
            for name in odd_names(function).iter().filter(|name| **name != "host") {
                let answer = sent(&cage, &path, name, value).await;
                let status = answer.split(' ').nth(1).expect("a status");
                assert!(matches!(status, "200" | "400" | "401"), "{function}, {name}: {answer}");
                cage.told(json!(answer));
            }
        }
    }
    cage.is_quiet().await;
}

/// The answer to a request whose header no HTTP client would send.
async fn sent(cage: &Cage, path: &str, name: &str, value: &[u8]) -> String {
    let (_, address) = cage.world.env.hub.split_once("://").expect("an address");
    let (host, stage) = address.split_once('/').expect("a path");
    let mut stream = TcpStream::connect(host).await.expect("the gateway");
    let mut request =
        format!("POST /{stage}{path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-length: 10\r\n{name}: ")
            .into_bytes();
    request.extend([value, b"\r\n\r\ncanarybird"].concat());
    stream.write_all(&request).await.expect("a request");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("an answer");
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_seen_where_an_event_cannot_be_read() {
    let mut cage = Cage::with(Options::default()).await;
    for function in HTTP.into_iter().chain(QUEUES) {
        for event in unreadable_events(&cage) {
            let answer = cage.world.invoke_with(function, event).await;
            cage.told(json!([format!("{:?}", answer.headers), answer.body]));
        }
        cage.heard(function, "cannot be read").await;
    }
    cage.is_quiet().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_seen_at_any_level_of_the_log_in_what_an_http_function_writes() {
    let mut cage = Cage::with(Options::default()).await;
    for level in LEVELS {
        for function in HTTP {
            let path = path(&cage, function);
            let header = |(name, value): (&str, String)| {
                http_event(&path, &json!({ name: value }), "canarybird").to_string().into_bytes()
            };
            let impossible: Vec<_> = impossible_headers(&cage).into_iter().map(header).collect();
            let mut events = impossible.clone();
            events.extend(odd_headers(&cage, function).into_iter().map(header));
            events.extend(unreadable_events(&cage));
            let (posted, _) = runs(&mut cage, function, level, &events).await;
            for answer in &posted[..impossible.len()] {
                assert_eq!(answer.status(), Some(400), "{function} at {level}: {}", answer.text);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_seen_at_any_level_of_the_log_in_what_a_queues_function_writes() {
    let mut cage = Cage::with(Options::default()).await;
    let mut spoken = cage.order(Vendor::Truenorth);
    spoken["product"] = json!(SPEAKING);
    let (itep, truenorth) = (cage.order(Vendor::Itep), spoken);
    let bought = [cage.reserve("itep", &itep).await.id(), cage.reserve("truenorth", &truenorth).await.id()];
    let document =
        sample_with(json!({ "OID": bought[0], "First_Name": "Canarybird", "Writing_Answer_1": "canarybird" }));
    for level in LEVELS {
        let reported = report(&cage.world, &format!("canary-{}", level.len()), &document);
        let checked = check(&cage.world, &bought[1], "webhook");
        for (function, bodies) in [
            ("fulfil", vec![order(&bought[0]), order(&bought[1]), "canarybird".to_owned()]),
            ("record-result", vec![reported, outcome(&bought[0], "CANARYBIRD"), "canarybird".to_owned()]),
            ("score-poller", vec![checked, "canarybird".to_owned()]),
        ] {
            let record = |(n, body): (usize, &String)| json!({ "messageId": format!("m{n}"), "body": body });
            let records: Vec<_> = bodies.iter().enumerate().map(record).collect();
            let mut events = unreadable_events(&cage);
            events.push(json!({ "Records": records }).to_string().into_bytes());
            runs(&mut cage, function, level, &events).await;
        }
        for function in ["expire-reservations", "score-poller"] {
            let event = json!({ "source": "aws.scheduler", "detail": "canarybird" });
            runs(&mut cage, function, level, &[event.to_string().into_bytes()]).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_seen_at_any_level_of_the_log_where_tests_are_bought() {
    let itep_stock = vec![json!({ "product": "STX-Academic-Plus", "count": LEVELS.len() })];
    let mut cage = Cage::with(Options { itep_stock, ..Options::default() }).await;
    for level in LEVELS {
        let orders = Vendor::ALL
            .map(|vendor| ordering(&cage, vendor, &format!("{}-{level}", vendor.as_str())).to_string().into_bytes());
        let (posted, log) = runs(&mut cage, "provision", level, &orders).await;
        let mut launches = Vec::new();
        for answer in &posted {
            assert_eq!(answer.status(), Some(201), "{}", answer.text);
            let body = answer.body();
            cage.learn(&body["launch"]);
            let path = format!("/v1/reservations/{}/launch", body["id"].as_str().expect("an id"));
            let headers = json!({ "authorization": format!("Bearer {}", cage.world.key) });
            launches.push(http_event(&path, &headers, "").to_string().into_bytes());
        }
        // Now that the passwords are known.
        cage.holds_none(level, &log);
        let (posted, log) = runs(&mut cage, "provision", level, &launches).await;
        for answer in &posted {
            assert_eq!(answer.status(), Some(200), "{}", answer.text);
            cage.learn(&answer.body());
        }
        cage.holds_none(level, &log);
    }
}

/// Runs a function and looks through what it writes, and through every error.
async fn runs(cage: &mut Cage, function: &str, level: &str, events: &[Vec<u8>]) -> (Vec<Posted>, String) {
    let (posted, log) = runtime::run(function, level, events).await;
    let place = format!("{function}'s log at {level}");
    log.lines().for_each(|line| cage.holds_none(&place, line));
    for answer in posted.iter().filter(|answer| answer.is_error || answer.status().is_none_or(|status| status >= 400)) {
        cage.holds_none(&format!("an answer of {function}"), &answer.text);
    }
    (posted, log)
}
