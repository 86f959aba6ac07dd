//! The same test without the hub: Powertools' idempotency around the purchase, and a table of the application's own.
//!
//! The calls are those of `DynamoDBPersistenceLayer` of AWS Lambda Powertools for Python, with its default attributes. The
//! application's item has the hub's order and its three lists (client, candidate, due). It keeps neither the vendor's
//! documents nor a history, and claims no reference.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use shared_core::domain::ids::Vendor;
use shared_core::domain::reservation::Reservation;

use super::lives::{TEST, itep_document};
use super::tally::Tally;
use crate::fixtures::*;

/// Seconds since 1970, as the record has them.
const NOW: &str = "1795435200";
const TOMORROW: &str = "1795521600";
const IN_PROGRESS_UNTIL: &str = "1795435229000";

struct Application<'a> {
    client: &'a Client,
    table: &'a str,
    order: &'a Reservation,
}

pub(super) async fn an_itep_test(tally: &mut Tally<'_>) {
    let order = calling("powertools", Vendor::Itep, at(0));
    let world = tally.world;
    let application = Application { client: world.clients.dynamodb(), table: &world.name, order: &order };
    tally.of("Powertools: in progress", "1 PutItem", application.begin()).await.unwrap();
    tally.of("Powertools: order", "1 PutItem", application.insert()).await;
    tally.of("Powertools: outcome", "1 UpdateItem", application.confirm()).await;
    tally.of("Powertools: completed", "1 UpdateItem", application.finish()).await;
    tally.of("Powertools: Finished report", "1 UpdateItem", application.report("Finished", Some("20261130"))).await;
    tally.of("Powertools: Complete report", "1 UpdateItem", application.report("Complete", None)).await;
    tally.of("repeated order, Powertools", "1 PutItem", application.begin()).await.unwrap_err();
}

impl Application<'_> {
    /// The record of a new request. It shows the old one if there is one.
    async fn begin(&self) -> Result<(), ()> {
        let put = with(self.put(), &self.record_key());
        let item = [
            ("expiration", number(TOMORROW)),
            ("status", text("INPROGRESS")),
            ("in_progress_expiration", number(IN_PROGRESS_UNTIL)),
        ];
        let put = item.into_iter().fold(put, |put, (name, value)| put.item(name, value));
        let sent = put
            .condition_expression(
                "attribute_not_exists(#id) OR #expiry < :now OR (#status = :inprogress \
                 AND attribute_exists(#in_progress_expiry) AND #in_progress_expiry < :now_in_millis)",
            )
            .expression_attribute_names("#id", "pk")
            .expression_attribute_names("#expiry", "expiration")
            .expression_attribute_names("#in_progress_expiry", "in_progress_expiration")
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":now", number(NOW))
            .expression_attribute_values(":now_in_millis", number(&format!("{NOW}000")))
            .expression_attribute_values(":inprogress", text("INPROGRESS"))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        sent.map(drop).map_err(drop)
    }

    /// The record of a request that was answered.
    async fn finish(&self) {
        self.update(&self.record_key())
            .update_expression("SET #response_data = :response_data, #expiry = :expiry, #status = :status")
            .expression_attribute_names("#response_data", "data")
            .expression_attribute_names("#expiry", "expiration")
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":expiry", number(TOMORROW))
            .expression_attribute_values(":response_data", text(&self.answer().to_string()))
            .expression_attribute_values(":status", text("COMPLETED"))
            .send()
            .await
            .unwrap();
    }

    async fn insert(&self) {
        let id = self.order.id();
        let place = format!("20261123T120000#{id}");
        let put = with(self.put(), &self.order_key());
        let put = put
            .item("client_pk", text("powertools-client"))
            .item("client_sk", text(&place))
            .item("candidate_pk", text("powertools-client#c-1001"))
            .item("candidate_sk", text(&place))
            .item("due_pk", text("POWERTOOLS-DUE#0"))
            .item("due_at", text("20261123T120130"))
            .item("status", text("buying"))
            .item("doc", serde_dynamo::to_attribute_value(&self.order.order).unwrap());
        put.send().await.unwrap();
    }

    async fn confirm(&self) {
        self.update(&self.order_key())
            .update_expression("SET #status = :status, test_id = :test, due_at = :due")
            .condition_expression("#status = :buying")
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":status", text("ready"))
            .expression_attribute_values(":buying", text("buying"))
            .expression_attribute_values(":test", text(TEST))
            .expression_attribute_values(":due", text("20261223T120000"))
            .send()
            .await
            .unwrap();
    }

    /// Its order by `OID`; the scores as iTEP writes them.
    async fn report(&self, status: &str, due: Option<&str>) {
        let update = self.update(&self.order_key());
        let update = match due {
            Some(due) => update
                .update_expression("SET #status = :status, doc.#result = :result, due_at = :due")
                .expression_attribute_values(":due", text(due)),
            None => update.update_expression("SET #status = :status, doc.#result = :result REMOVE due_pk, due_at"),
        };
        update
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_names("#status", "status")
            .expression_attribute_names("#result", "result")
            .expression_attribute_values(":status", text(status))
            .expression_attribute_values(
                ":result",
                serde_dynamo::to_attribute_value(itep_document(self.order, TEST, status)).unwrap(),
            )
            .send()
            .await
            .unwrap();
    }

    /// What the request was answered, as the hub answers it.
    fn answer(&self) -> Value {
        let order = &self.order.order;
        json!({"statusCode": 201, "body": json!({
            "id": order.id, "status": "ready", "vendor": "itep", "account": "default", "product": order.product,
            "created_at": at(0), "updated_at": at(1), "expires_at": order.expires_at, "metadata": order.metadata,
            "candidate": {"external_id": "c-1001", "given_name": "Mary", "family_name": "Poppins",
                "email": "mary@example.com", "birth_date": null},
            "vendor_reference": {"test_id": TEST}, "launch": {"url": "https://exam.example", "password": "12345678"},
            "status_reason": null, "result": null,
        }).to_string()})
    }

    fn put(&self) -> PutItemFluentBuilder {
        self.client.put_item().table_name(self.table)
    }

    fn update(&self, key: &HashMap<String, AttributeValue>) -> UpdateItemFluentBuilder {
        self.client.update_item().table_name(self.table).set_key(Some(key.clone()))
    }

    /// Powertools' composite key: the function, and a digest of what the request is known by.
    fn record_key(&self) -> HashMap<String, AttributeValue> {
        let digest = Sha256::digest(self.order.id().as_str());
        let digest: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        key("idempotency#provision", &format!("provision.handler#{digest}"))
    }

    fn order_key(&self) -> HashMap<String, AttributeValue> {
        key(&format!("ORDER#{}", self.order.id()), "ORDER")
    }
}

fn key(pk: &str, sk: &str) -> HashMap<String, AttributeValue> {
    [("pk".to_owned(), text(pk)), ("sk".to_owned(), text(sk))].into()
}

fn with(put: PutItemFluentBuilder, key: &HashMap<String, AttributeValue>) -> PutItemFluentBuilder {
    key.iter().fold(put, |put, (name, value)| put.item(name, value.clone()))
}

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

fn number(value: &str) -> AttributeValue {
    AttributeValue::N(value.to_owned())
}
