//! Capacity units as the engine reports them.

use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::config::interceptors::{
    AfterDeserializationInterceptorContextRef, BeforeSerializationInterceptorContextMut,
};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_sdk_dynamodb::operation::{
    batch_get_item::{BatchGetItemInput, BatchGetItemOutput},
    get_item::{GetItemInput, GetItemOutput},
    put_item::{PutItemInput, PutItemOutput},
    query::{QueryInput, QueryOutput},
    transact_write_items::{TransactWriteItemsInput, TransactWriteItemsOutput},
    update_item::{UpdateItemInput, UpdateItemOutput},
};
use aws_sdk_dynamodb::types::{ConsumedCapacity, ReturnConsumedCapacity};

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

macro_rules! ask {
    ($input:expr, $($kind:ty),*) => {
        $(if let Some(input) = $input.downcast_mut::<$kind>() {
            input.return_consumed_capacity = Some(ReturnConsumedCapacity::Total);
        })*
    };
}

macro_rules! used {
    ($output:expr, $($kind:ty),*) => {{
        let mut used: Vec<ConsumedCapacity> = Vec::new();
        $(if let Some(output) = $output.downcast_ref::<$kind>() {
            used.extend(output.consumed_capacity.clone());
        })*
        used
    }};
}

impl Intercept for Meter {
    fn name(&self) -> &'static str {
        "Meter"
    }

    fn modify_before_serialization(
        &self,
        context: &mut BeforeSerializationInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let input = context.input_mut();
        ask!(
            input,
            GetItemInput,
            PutItemInput,
            QueryInput,
            UpdateItemInput,
            BatchGetItemInput,
            TransactWriteItemsInput
        );
        Ok(())
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Ok(output) = context.output_or_error() {
            let many = |used: &Option<Vec<ConsumedCapacity>>| used.clone().unwrap_or_default();
            let mut read = used!(output, GetItemOutput, QueryOutput);
            let mut written = used!(output, PutItemOutput, UpdateItemOutput);
            read.extend(
                output.downcast_ref::<BatchGetItemOutput>().map(|it| many(&it.consumed_capacity)).into_iter().flatten(),
            );
            let transaction = output.downcast_ref::<TransactWriteItemsOutput>();
            written.extend(transaction.map(|it| many(&it.consumed_capacity)).into_iter().flatten());
            let sum = |used: &[ConsumedCapacity]| used.iter().filter_map(|used| used.capacity_units).sum::<f64>();
            let mut units = self.0.lock().unwrap();
            units.read += sum(&read);
            units.written += sum(&written);
        }
        Ok(())
    }
}
