//! The answers of AWS and of both vendors.

use serde_json::{Value, json};
use shared_core::domain::ids::Digest;

use crate::hub::{Books, SECRET, object};
use crate::server::{HttpRequest, HttpResponse};
use crate::vendors::itep_profile;
use crate::wire::{attributes, refusal};

/// Answers a call and enters it in the books.
pub(crate) fn answer(books: &mut Books, asked: &HttpRequest) -> HttpResponse {
    let body: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
    match asked.operation.as_str() {
        "GetItem" => get(books, &body),
        "PutItem" => put(books, &body),
        "TransactWriteItems" => transact(books, &body),
        "UpdateItem" => ok(json!({ "Attributes": {} })),
        "Query" => ok(json!({ "Items": books.listed, "Count": books.listed.len() })),
        "BatchGetItem" => ok(json!({ "Responses": {}, "UnprocessedKeys": {} })),
        "SendMessage" => send(books, &body),
        "GetSecretValue" => secret(books, &body),
        _ => vendor(books, asked),
    }
}

fn ok(body: Value) -> HttpResponse {
    HttpResponse::of(200, body.to_string())
}

fn failed(kind: &str, more: Value) -> HttpResponse {
    let mut body = object(json!({ "__type": kind, "message": "refused" }));
    body.extend(object(more));
    HttpResponse::of(400, Value::from(body).to_string())
}

/// A primary key in the wire format. DynamoDB takes 2048 and 1024 bytes, none empty.
fn key(books: &mut Books, item: &Value) -> (String, String) {
    let part = |name: &str| item[name]["S"].as_str().unwrap_or_default().to_owned();
    let (pk, sk) = (part("pk"), part("sk"));
    if !(1..=2048).contains(&pk.len()) || !(1..=1024).contains(&sk.len()) {
        books.refused.push(format!("a key of {} and {} bytes", pk.len(), sk.len()));
    }
    (pk, sk)
}

fn get(books: &mut Books, body: &Value) -> HttpResponse {
    let key = key(books, &body["Key"]);
    let item = books.items.get(&key).cloned().or_else(|| known(&key.0));
    ok(item.map_or_else(|| json!({}), |item| json!({ "Item": item })))
}

/// Every key of the targets and every client is known.
fn known(pk: &str) -> Option<Value> {
    let since = "2026-01-01T00:00:00Z";
    let doc = match pk.split_once('#')? {
        ("KEY", id) => json!({ "key_id": id, "client": format!("client-{id}"), "created_at": since,
            "secret_digest": Digest::sha256(SECRET.as_bytes()).as_str() }),
        ("CLIENT", id) => json!({ "id": id, "name": "A school", "created_at": since,
            "accounts": { "itep": ["default"], "truenorth": ["default"] } }),
        _ => return None,
    };
    Some(attributes(&object(json!({ "pk": pk, "sk": "x", "v": 1, "doc": doc }))))
}

fn put(books: &mut Books, body: &Value) -> HttpResponse {
    let key = key(books, &body["Item"]);
    if let Some(there) = books.items.get(&key).filter(|_| body["ConditionExpression"].is_string()) {
        return failed("com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException", json!({ "Item": there }));
    }
    books.refused.extend(refusal(&body["Item"]));
    books.items.insert(key, body["Item"].clone());
    ok(json!({}))
}

fn transact(books: &mut Books, body: &Value) -> HttpResponse {
    let writes = body["TransactItems"].as_array().cloned().unwrap_or_default();
    for item in writes.iter().map(|write| &write["Put"]["Item"]).filter(|item| item.is_object()) {
        let key = key(books, item);
        books.refused.extend(refusal(item));
        books.items.insert(key, item.clone());
    }
    ok(json!({}))
}

fn send(books: &mut Books, body: &Value) -> HttpResponse {
    let text = body["MessageBody"].as_str().unwrap_or_default();
    // What SQS takes is what XML can hold.
    if text.chars().any(|c| c.is_control() && !matches!(c, '\t' | '\n' | '\r')) || text.is_empty() {
        books.refused.push("a message with characters that SQS does not take".to_owned());
    }
    books.sent.push(text.to_owned());
    ok(json!({ "MessageId": "m", "MD5OfMessageBody": "" }))
}

fn secret(books: &Books, body: &Value) -> HttpResponse {
    let name = body["SecretId"].as_str().unwrap_or_default();
    let secret = match name {
        "hub/itep/default" => itep_profile(&books.address),
        "hub/truenorth/default" => json!({ "api_key": "sim-key", "url": format!("{}/2020q1", books.address),
            "inbound": { "tokens": ["right-token"] } })
        .to_string(),
        _ => return failed("ResourceNotFoundException", json!({})),
    };
    ok(json!({ "Name": name, "SecretString": secret }))
}

fn vendor(books: &mut Books, asked: &HttpRequest) -> HttpResponse {
    let body: &[u8] = match asked.path.as_str() {
        "/2020q1/assessments" => include_bytes!("../../../shared/src/vendors/truenorth/samples/assessments.json"),
        "/2020q1/score" => include_bytes!("../../../shared/src/vendors/truenorth/samples/score.json"),
        "/2020q1/create-sign-in-token" => include_bytes!("../../../shared/src/vendors/truenorth/samples/link.json"),
        "/2020q1/assign" => {
            books.sold += 1;
            include_bytes!("../../../shared/src/vendors/truenorth/samples/assigned.json")
        }
        _ => {
            books.sold += 1;
            br#"{"TestID":"3279B035APR","test":{"password":"54321"}}"#
        }
    };
    HttpResponse::of(200, body)
}
