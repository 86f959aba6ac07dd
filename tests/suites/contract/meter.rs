//! Capacity units as the engine reports them.

use std::slice;
use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::config::interceptors::{
    AfterDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextMut,
};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use serde_json::{Value, json};

/// The operations that report what they used, if asked to.
const READS: [&str; 3] = ["GetItem", "Query", "BatchGetItem"];
const WRITES: [&str; 3] = ["PutItem", "UpdateItem", "TransactWriteItems"];

/// Capacity units.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Units {
    pub(crate) read: f64,
    pub(crate) written: f64,
}

/// Adds up the capacity units of every call. Clones add up together.
#[derive(Debug, Clone, Default)]
pub(crate) struct Meter(Arc<Mutex<Units>>);

impl Meter {
    /// What was used since the last time.
    pub(crate) fn take(&self) -> Units {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

fn operation(config: &ConfigBag) -> &str {
    config.load::<Metadata>().map_or("", Metadata::name)
}

impl Intercept for Meter {
    fn name(&self) -> &'static str {
        "Meter"
    }

    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let request = context.request_mut();
        if READS.iter().chain(&WRITES).any(|metered| *metered == operation(config)) {
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
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let body = context.response().body().bytes().unwrap_or_default();
        let answer: Value = serde_json::from_slice(body).unwrap_or_default();
        let used = &answer["ConsumedCapacity"];
        let used = used.as_array().map_or(slice::from_ref(used), Vec::as_slice);
        let used = used.iter().filter_map(|used| used["CapacityUnits"].as_f64()).sum::<f64>();
        let mut units = self.0.lock().unwrap();
        match WRITES.contains(&operation(config)) {
            true => units.written += used,
            false => units.read += used,
        }
        Ok(())
    }
}
