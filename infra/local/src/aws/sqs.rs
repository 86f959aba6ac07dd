//! SQS, for a look at the queues.

use anyhow::{Context, Result};
use serde_json::json;

use super::Aws;

impl Aws {
    /// About how many messages wait in a queue, and how many are being handled.
    ///
    /// # Errors
    /// The service does not answer, or does not know the queue.
    pub(crate) fn queue_depth(&self, url: &str) -> Result<(u64, u64)> {
        let names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"];
        let body = json!({ "QueueUrl": url, "AttributeNames": names });
        let answer = self.json("sqs", "AmazonSQS.GetQueueAttributes", &body)?.success("GetQueueAttributes")?.json();
        let count = |name: &str| answer["Attributes"][name].as_str().and_then(|text| text.parse().ok());
        Ok((count(names[0]).context("no depth was told")?, count(names[1]).context("no depth was told")?))
    }
}
