//! The embedded AWS, called past the hub and in the account's own name.

use jiff::Timestamp;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::in_process;
use crate::world::{Answer, World};

impl World {
    /// Runs a function of the stack now, as its schedule would.
    pub(crate) async fn run(&self, function: &str) -> Value {
        let answer = self.invoke(function).await;
        assert!(!answer.headers.contains_key("x-amz-function-error"), "{function}: {answer:?}");
        answer.body
    }

    /// The same, whatever comes of it.
    pub(crate) async fn invoke(&self, function: &str) -> Answer {
        self.invoke_with(function, json!({ "source": "aws.scheduler" }).to_string().into_bytes()).await
    }

    /// The same with an event of the test's own.
    pub(crate) async fn invoke_with(&self, function: &str, event: Vec<u8>) -> Answer {
        let path = format!("/2015-03-31/functions/{}-{function}/invocations", self.env.stack);
        self.send(self.aws("lambda", &path, event)).await
    }

    pub(crate) async fn logs(&self, operation: &str, body: &Value) -> Value {
        self.json("logs", &format!("Logs_20140328.{operation}"), body).await
    }

    /// Writes an item to the table, as it stands in DynamoDB's wire format.
    pub(crate) async fn put_item(&self, item: &Value) {
        let body = json!({ "TableName": in_process::settings().table, "Item": item });
        self.json("dynamodb", "DynamoDB_20120810.PutItem", &body).await;
    }

    async fn json(&self, service: &str, target: &str, body: &Value) -> Value {
        let request = self.aws(service, "/", body.to_string().into_bytes()).header("x-amz-target", target);
        let answer = self.send(request.header("content-type", "application/x-amz-json-1.1")).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.body
    }

    /// The HTTP API's stage as it is deployed.
    pub(crate) async fn stage(&self) -> Value {
        let apis = self.send(self.signed("apigateway", Method::GET, "/v2/apis")).await.body;
        let apis = apis["items"].as_array().expect("APIs");
        let api = apis.iter().find(|api| api["name"] == self.env.stack.as_str()).expect("the stack's API");
        let path = format!("/v2/apis/{}/stages/$default", api["apiId"].as_str().expect("its id"));
        let answer = self.send(self.signed("apigateway", Method::GET, &path)).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.body
    }

    /// Where a function's log is.
    pub(crate) fn log_group(&self, function: &str) -> String {
        format!("/aws/lambda/{}-{function}", self.env.stack)
    }

    /// Every line of a log group since a moment.
    pub(crate) async fn log_lines(&self, group: &str, since: Timestamp) -> Vec<String> {
        let mut body = json!({ "logGroupName": group, "startTime": since.as_millisecond(), "limit": 10_000 });
        let mut lines = Vec::new();
        loop {
            let page = self.logs("FilterLogEvents", &body).await;
            let events = page["events"].as_array().into_iter().flatten();
            lines.extend(events.filter_map(|event| event["message"].as_str()).map(str::to_owned));
            match page["nextToken"].as_str() {
                Some(token) => body["nextToken"] = json!(token),
                None => return lines,
            }
        }
    }

    fn aws(&self, service: &str, path: &str, body: Vec<u8>) -> RequestBuilder {
        self.signed(service, Method::POST, path).body(body)
    }

    fn signed(&self, service: &str, method: Method, path: &str) -> RequestBuilder {
        let scope = format!("20260101/us-east-1/{service}/aws4_request");
        let credential = format!("AWS4-HMAC-SHA256 Credential=test/{scope}, SignedHeaders=host, Signature=0");
        self.http.request(method, format!("{}{path}", self.env.aws)).header("authorization", credential)
    }
}
