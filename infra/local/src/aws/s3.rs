//! S3, for the functions' packages.

use anyhow::Result;

use super::Aws;
use crate::http;

impl Aws {
    /// Makes a bucket; one that is there already is fine.
    ///
    /// # Errors
    /// The service does not answer, or refuses.
    pub(crate) fn create_bucket(&self, bucket: &str) -> Result<()> {
        let answer = self.put(bucket, &[])?;
        if answer.status == 409 {
            return Ok(());
        }
        answer.success("CreateBucket").map(drop)
    }

    /// Stores an object.
    ///
    /// # Errors
    /// The service does not answer, or refuses.
    pub(crate) fn put_object(&self, bucket: &str, key: &str, body: &[u8]) -> Result<()> {
        self.put(&format!("{bucket}/{key}"), body)?.success("PutObject").map(drop)
    }

    fn put(&self, path: &str, body: &[u8]) -> Result<http::Answer> {
        self.send("s3", "PUT", &format!("/{path}"), &[("content-type", "application/octet-stream")], body)
    }
}
