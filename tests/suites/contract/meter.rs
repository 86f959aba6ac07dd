//! Capacity units as the engine reports them.

use std::slice;
use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::config::interceptors::{
    AfterDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextMut,
};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use serde_json::{Value, json};

/// The operations that report what they used, if asked to.
const METERED: [&str; 6] = ["GetItem", "PutItem", "Query", "UpdateItem", "BatchGetItem", "TransactWriteItems"];

/// Adds up the capacity units of every call. Clones add up together.
#[derive(Debug, Clone, Default)]
pub(crate) struct Meter(Arc<Mutex<f64>>);

impl Meter {
    /// What was used since the last time.
    pub(crate) fn take(&self) -> f64 {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

impl Intercept for Meter {
    fn name(&self) -> &'static str {
        "Meter"
    }

    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let request = context.request_mut();
        let operation = request.headers().get("x-amz-target").and_then(|target| target.rsplit('.').next());
        if operation.is_some_and(|operation| METERED.contains(&operation)) {
            let mut body: Value = serde_json::from_slice(request.body().bytes().unwrap_or_default())?;
            body["ReturnConsumedCapacity"] = json!("TOTAL");
            let body = body.to_string();
            request.headers_mut().insert("content-length", body.len().to_string());
            *request.body_mut() = body.into();
        }
        Ok(())
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let body = context.response().body().bytes().unwrap_or_default();
        let answer: Value = serde_json::from_slice(body).unwrap_or_default();
        let used = &answer["ConsumedCapacity"];
        let used = used.as_array().map_or(slice::from_ref(used), Vec::as_slice);
        *self.0.lock().unwrap() += used.iter().filter_map(|used| used["CapacityUnits"].as_f64()).sum::<f64>();
        Ok(())
    }
}
