//! What working through a batch logs. In a process of its own: a place in the code
//! that logs for the first time on a thread without a subscriber stays silent for
//! every thread, so all that logs here has to do so under one.

#![allow(clippy::unwrap_used, reason = "a test that meets an error has failed")]

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use shared::clock::SystemClock;
use shared::runtime::batch::process_batch;
use shared_core::domain::deadline::Deadline;

/// What the messages hold that no log may.
const PERSON: &str = "Zoë Canarybird";

/// A message that says what becomes of it.
#[derive(Deserialize)]
struct Message {
    does: String,
    #[serde(default)]
    person: String,
}

async fn work(message: Message) -> Result<(), std::fmt::Error> {
    match message.does.as_str() {
        "panic" => panic!("no time like {}", message.person),
        "panic later" => {
            tokio::task::yield_now().await;
            panic!("at last {}", message.person)
        }
        _ => Ok(()),
    }
}

/// Works through messages named `m0`, `m1`, …: the answer as Lambda reads it, and
/// the lines logged.
fn logged(bodies: &[&str]) -> (Value, Vec<Value>) {
    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);
    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt().json().with_writer(move || writer.clone()).finish();
    let records: Vec<_> =
        bodies.iter().enumerate().map(|(n, body)| json!({ "messageId": format!("m{n}"), "body": body })).collect();
    let event = serde_json::from_value(json!({ "Records": records })).unwrap();
    let answer = tracing::subscriber::with_default(subscriber, || {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(process_batch(event, &SystemClock, Deadline::at(Timestamp::MAX), Duration::from_secs(1), work))
    });
    let bytes = lines.0.lock().unwrap().clone();
    let lines = String::from_utf8(bytes).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    (serde_json::to_value(answer).unwrap()["batchItemFailures"].clone(), lines)
}

#[test]
fn a_panic_fails_its_record_alone_and_is_logged_once_without_the_messages_bytes() {
    let well = r#"{"v":1,"does":"well"}"#;
    for does in ["panic", "panic later"] {
        let bad = json!({ "v": 1, "does": does, "person": PERSON }).to_string();
        let (failures, lines) = logged(&[well, &bad, well]);
        assert_eq!(failures, json!([{ "itemIdentifier": "m1" }]), "{does}");
        assert_eq!(lines.len(), 1, "{lines:?}");
        let fields = &lines[0]["fields"];
        assert_eq!((&fields["message_id"], &lines[0]["level"]), (&json!("m1"), &json!("ERROR")), "{lines:?}");
        assert!(!lines[0].to_string().contains("Canarybird"), "{lines:?}");
    }
}

#[test]
fn what_cannot_be_read_is_logged_once_without_its_bytes() {
    let bodies = [
        json!({ "v": 1, "does": { "to": PERSON } }).to_string(),
        json!({ "v": PERSON, "does": "well" }).to_string(),
        format!("{{\"v\":1,\"does\":\"well\",\"{PERSON}"),
        PERSON.to_owned(),
    ];
    let (_, lines) = logged(&bodies.each_ref().map(String::as_str));
    assert_eq!(lines.len(), bodies.len(), "{lines:?}");
    assert!(lines.iter().all(|line| !line.to_string().contains("Canarybird")), "{lines:?}");
}
