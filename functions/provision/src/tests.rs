//! Every header and parameter that the API reads, in the form in which the gateway
//! hands it over.

use lambda_http::Request;
use serde_json::{Value, json};
use shared::runtime::gateway;
use shared::runtime::problem::Problem;

use crate::query::Query;
use crate::{etag, fixtures, idempotency, prefer, routes};

fn request(headers: Value, query: &str) -> Request {
    let mut event: Value = serde_json::from_str(include_str!("../../../events/provision-list.json")).unwrap();
    event["headers"] = headers;
    event["rawQueryString"] = json!(query);
    gateway::request(serde_json::from_value(event).unwrap()).unwrap()
}

fn status(problem: Problem) -> String {
    let problem = fixtures::body(&problem.into_response());
    format!("{} {}", problem["status"], problem["type"].as_str().unwrap().rsplit(':').next().unwrap())
}

#[test]
fn an_idempotency_key() {
    for (value, meaning) in [
        ("order-42", "order-42"),
        ("\"order-42\"", "order-42"),
        ("\"a,b\"", "a,b"),
        ("order-42,order-42", "400 idempotency-key-invalid"),
        ("order-42, order-42", "400 idempotency-key-invalid"),
        ("\"a\",\"a\"", "400 idempotency-key-invalid"),
        ("\"a,b\", \"a,b\"", "400 idempotency-key-invalid"),
        ("a,\"b\"", "400 idempotency-key-invalid"),
        ("a,", "400 idempotency-key-invalid"),
        (",", "400 idempotency-key-invalid"),
        ("", "400 idempotency-key-invalid"),
    ] {
        let request = request(json!({ "idempotency-key": value }), "");
        assert_eq!(idempotency::key(request.headers()).unwrap_or_else(status), meaning, "{value}");
    }
    let without = idempotency::key(request(json!({}), "").headers());
    assert_eq!(without.map_err(status), Err("400 idempotency-key-missing".to_owned()));
}

#[test]
fn credentials() {
    for (value, token) in [
        ("Bearer thk_live_x", Some("thk_live_x")),
        ("Bearer thk_live_x,Bearer thk_live_x", None),
        ("Bearer thk_live_x, Bearer thk_live_y", None),
        ("Basic x,Bearer thk_live_x", None),
        (",Bearer thk_live_x", None),
    ] {
        let request = request(json!({ "authorization": value }), "");
        let read = routes::bearer(request.headers());
        assert_eq!(read.as_deref().ok(), token, "{value}");
        assert!(token.is_some() || read.is_err_and(|detail| detail.contains("more than once")), "{value}");
    }
}

#[test]
fn lists_mean_the_same_in_one_piece_and_in_several() {
    let asks = |value: &str| prefer::respond_async(request(json!({ "prefer": value }), "").headers());
    assert!(asks("respond-async,respond-async") && asks("wait=10,respond-async") && !asks("wait=10,wait=5"));
    let tagged = |value: &str| {
        let response = lambda_http::Response::new(lambda_http::Body::from("{}"));
        etag::tagged(response, request(json!({ "if-none-match": value }), "").headers()).status().as_u16()
    };
    let tag = "\"44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a\"";
    let tags = [format!("{tag},{tag}"), format!("\"x\",{tag}"), "\"x\",\"y\"".to_owned()];
    assert_eq!(tags.map(|tags| tagged(&tags)), [304, 304, 200]);
}

#[test]
fn parameters_of_the_query() {
    let names = ["status", "external_id", "product", "limit", "cursor"];
    for name in names {
        let read = |query: &str| Query::parse(&request(json!({}), query), &names).map_err(status);
        assert!(read(&format!("{name}=1")).is_ok());
        for twice in [format!("{name}=1&{name}=1"), format!("{name}=1&{name}=2"), format!("{name}=&{name}=1")] {
            assert_eq!(read(&twice).err().as_deref(), Some("400 invalid-parameter"), "{twice}");
        }
    }
    for (query, name) in [("limit=1,1", "limit"), ("limit=1%2C1", "limit")] {
        let query = Query::parse(&request(json!({}), query), &names).ok().unwrap();
        assert!(query.limit().is_err(), "{name}");
    }
}

#[test]
fn a_decoded_path() {
    let mut event: Value = serde_json::from_str(include_str!("../../../events/provision-get.json")).unwrap();
    event["rawPath"] = json!("/v1/reservations/a b\u{e9}");
    let request = gateway::request(serde_json::from_value(event).unwrap()).unwrap();
    assert_eq!(lambda_http::RequestExt::raw_http_path(&request), "/v1/reservations/a b\u{e9}");
}
