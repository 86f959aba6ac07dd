//! Inputs that are requests, and values in DynamoDB's wire format.

use lambda_http::{Body, Request, RequestExt};
use serde_dynamo::{AttributeValue, Item};
use serde_json::{Map, Value, json};

use crate::bounds;

/// A request as an input describes it: a line with method and target, lines of
/// headers, an empty line, the body.
#[derive(Clone)]
pub(crate) struct RawRequest {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
}

impl RawRequest {
    pub(crate) fn read(input: &[u8]) -> Option<Self> {
        let end = input.windows(2).position(|two| two == b"\n\n").unwrap_or(input.len());
        let mut lines = input[..end].split(|byte| *byte == b'\n');
        let first = std::str::from_utf8(lines.next()?).ok()?;
        let (method, target) = first.split_once(' ')?;
        let header = |line: &[u8]| {
            let colon = line.iter().position(|byte| *byte == b':')?;
            Some((std::str::from_utf8(&line[..colon]).ok()?.to_owned(), line[colon + 1..].trim_ascii_start().to_vec()))
        };
        Some(Self {
            method: method.to_owned(),
            target: target.to_owned(),
            headers: lines.filter_map(header).collect(),
            body: input.get(end + 2..).unwrap_or_default().to_vec(),
        })
    }

    /// The request as a function gets it; `None` where no HTTP server would take it.
    pub(crate) fn lambda(&self) -> Option<Request> {
        let path = self.target.split('?').next().unwrap_or_default();
        let mut request = lambda_http::http::Request::builder()
            .method(self.method.as_str())
            .uri(format!("https://hub.example{}", self.target));
        for (name, value) in &self.headers {
            request = request.header(name.as_str(), value.as_slice());
        }
        let request = request.body(Body::Binary(self.body.clone())).ok()?;
        path.starts_with('/').then(|| request.with_raw_http_path(path))
    }
}

/// A JSON object as the attributes of an item.
pub(crate) fn attributes(object: &Map<String, Value>) -> Value {
    let item: Item = serde_dynamo::to_item(object).expect("an item");
    json!(item)
}

/// What DynamoDB would refuse of some attributes: numbers beyond its range, and more
/// than 400 KB.
pub(crate) fn refusal(item: &Value) -> Option<String> {
    let item: Item = serde_json::from_value(item.clone()).expect("an item");
    match bounds::size(&AttributeValue::M(item.into_inner())) {
        Ok(size) => (size > 400_000).then(|| format!("an item of {size} bytes")),
        Err(refusal) => Some(refusal),
    }
}
