//! The table as `infra/template.yaml` describes it.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::operation::create_table::builders::CreateTableFluentBuilder;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection, ProjectionType,
    ScalarAttributeType,
};

const TEMPLATE: &str = include_str!("../../../infra/template.yaml");

/// Key attributes, hash key first: the table's own under an empty name, the
/// indexes' under theirs.
type Keys = BTreeMap<String, Vec<String>>;

/// The order to create the template's table under another name.
pub(crate) fn create(order: CreateTableFluentBuilder) -> CreateTableFluentBuilder {
    let keys = keys();
    let mut order = order.billing_mode(BillingMode::PayPerRequest);
    for name in keys.values().flatten() {
        let attribute = AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S);
        order = order.attribute_definitions(attribute.build().unwrap());
    }
    for (index, key) in &keys {
        if index.is_empty() {
            order = order.set_key_schema(Some(schema(key)));
        } else {
            let keys_only = Projection::builder().projection_type(ProjectionType::KeysOnly).build();
            let index = GlobalSecondaryIndex::builder().index_name(index).set_key_schema(Some(schema(key)));
            order = order.global_secondary_indexes(index.projection(keys_only).build().unwrap());
        }
    }
    order
}

fn schema(key: &[String]) -> Vec<KeySchemaElement> {
    let types = [KeyType::Hash, KeyType::Range];
    let element = |(name, kind)| KeySchemaElement::builder().attribute_name(name).key_type(kind).build().unwrap();
    key.iter().zip(types).map(element).collect()
}

fn keys() -> Keys {
    let table = TEMPLATE.split("\n  Table:\n").nth(1).expect("the template has a table");
    let table = table.split("\n  # ---").next().unwrap_or(table);
    let (mut keys, mut index) = (Keys::new(), String::new());
    for line in table.lines() {
        if let Some(name) = line.split("IndexName: ").nth(1) {
            name.trim().clone_into(&mut index);
        }
        if line.contains("KeyType: ") {
            let name = line.split("AttributeName: ").nth(1).and_then(|rest| rest.split(',').next());
            keys.entry(index.clone()).or_default().push(name.expect("a key has a name").to_owned());
        }
    }
    assert_eq!(keys.len(), 5, "the template's table is not as it was: {keys:?}");
    keys
}
