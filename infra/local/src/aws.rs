//! The few AWS calls that a local deployment needs, in plain HTTP.

pub(crate) mod cloudformation;
pub(crate) mod logs;
pub(crate) mod s3;
pub(crate) mod secrets;
pub(crate) mod sqs;

use anyhow::Result;
use serde_json::Value;

use crate::http;

/// The region of everything local.
pub(crate) const REGION: &str = "us-east-1";
/// Both halves of the local credentials.
pub(crate) const CREDENTIAL: &str = "test";

/// The embedded AWS.
#[derive(Debug, Clone)]
pub(crate) struct Aws {
    /// Its address, without a slash at the end.
    pub(crate) endpoint: String,
}

impl Aws {
    /// Calls an operation of a service that speaks JSON.
    fn json(&self, service: &str, target: &str, body: &Value) -> Result<http::Answer> {
        let headers = [("x-amz-target", target), ("content-type", "application/x-amz-json-1.1")];
        self.send(service, "POST", "/", &headers, body.to_string().as_bytes())
    }

    /// Sends a request in the name of the account's root. Its key is all that the emulators look at, beside the region
    /// and the service; they check no signature of it.
    fn send(
        &self,
        service: &str,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<http::Answer> {
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential={CREDENTIAL}/20260101/{REGION}/{service}/aws4_request, \
             SignedHeaders=host, Signature=0"
        );
        let mut all = vec![("authorization", authorization.as_str())];
        all.extend_from_slice(headers);
        http::send(method, &format!("{}{path}", self.endpoint), &all, body)
    }
}
