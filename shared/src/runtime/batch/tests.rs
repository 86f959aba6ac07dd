use std::cell::RefCell;
use std::panic::catch_unwind;

use proptest::prelude::*;
use serde_json::{Value, json};

use serde::Deserialize;

use super::*;
use crate::vendors::testing::{TestClock, start};

const SECOND: Duration = Duration::from_secs(1);

/// A message that says what becomes of it.
#[derive(Debug, Deserialize)]
struct Message {
    does: String,
}

#[derive(Debug, thiserror::Error)]
#[error("storage is away")]
struct Away;

/// Every way in which a body can go wrong, and one in which it does not.
const BODIES: [(&str, bool); 12] = [
    (r#"{"v":1,"does":"well"}"#, true),
    (r#"{"v":1,"does":"fail"}"#, false),
    (r#"{"v":1,"does":"panic"}"#, false),
    (r#"{"v":1,"does":"panic later"}"#, false),
    (r#"{"v":1}"#, false),
    (r#"{"v":1,"does":7}"#, false),
    (r#"{"does":"well"}"#, false),
    (r#"{"v":99,"does":"well"}"#, false),
    (r#"{"v":1,"does":"well"} and more"#, false),
    ("[1]", false),
    ("\u{0}", false),
    ("", false),
];

async fn work(message: Message) -> Result<(), Away> {
    match message.does.as_str() {
        "fail" => return Err(Away),
        "panic" => panic!("no time like the present"),
        "panic later" => {
            tokio::task::yield_now().await;
            panic!("at last")
        }
        _ => tokio::task::yield_now().await,
    }
    Ok(())
}

fn event(records: &[(Option<String>, Option<String>)]) -> SqsEvent {
    let record = |(id, body): &(Option<String>, Option<String>)| json!({ "messageId": id, "body": body });
    serde_json::from_value(json!({ "Records": records.iter().map(record).collect::<Vec<_>>() })).unwrap()
}

fn named(bodies: &[&str]) -> SqsEvent {
    let record = |(n, body): (usize, &&str)| (Some(format!("m{n}")), Some((*body).to_owned()));
    event(&bodies.iter().enumerate().map(record).collect::<Vec<_>>())
}

/// The answer as Lambda reads it.
fn run(event: SqsEvent) -> Value {
    run_by(work, event)
}

fn run_by<F: Future<Output = Result<(), Away>>>(handle: impl Fn(Message) -> F, event: SqsEvent) -> Value {
    let (clock, runtime) = (TestClock::default(), tokio::runtime::Builder::new_current_thread().build().unwrap());
    let deadline = Deadline::after(start(), SECOND);
    let response = runtime.block_on(process_batch(event, &clock, deadline, SECOND, handle));
    assert_eq!(clock.elapsed(), Duration::ZERO, "a batch waits for nothing");
    serde_json::to_value(response).unwrap()["batchItemFailures"].clone()
}

fn naming(ids: &[String]) -> Value {
    json!(ids.iter().map(|id| json!({ "itemIdentifier": id })).collect::<Vec<_>>())
}

/// An id as SQS never gives one, or one of few, so that some come twice.
fn id() -> impl Strategy<Value = Option<String>> {
    prop_oneof![Just(None), Just(Some(String::new())), "[a-c]".prop_map(Some), "m-[0-9a-f]{8}".prop_map(Some)]
}

fn body() -> impl Strategy<Value = Option<String>> {
    let known = (0..BODIES.len()).prop_map(|n| Some(BODIES[n].0.to_owned()));
    prop_oneof![4 => known, 1 => any::<Option<String>>()]
}

fn is_well(body: &Option<String>) -> bool {
    body.as_deref().is_some_and(|body| BODIES.iter().any(|(known, well)| *well && *known == body))
}

proptest! {
    #[test]
    fn an_answer_names_the_records_that_failed_and_no_others(bodies in prop::collection::vec(body(), 0..11)) {
        let records: Vec<_> = bodies.iter().enumerate().map(|(n, body)| (Some(format!("m{n}")), body.clone())).collect();
        let failed = records.iter().filter(|(_, body)| !is_well(body));
        let failed: Vec<_> = failed.filter_map(|(id, _)| id.clone()).collect();
        prop_assert_eq!(run(event(&records)), naming(&failed));
    }

    #[test]
    fn no_answer_has_an_empty_or_missing_identifier_whatever_records_come(
        records in prop::collection::vec((id(), body()), 0..11)
    ) {
        let failed: Vec<_> = records.iter().filter(|(_, body)| !is_well(body)).map(|(id, _)| id.clone()).collect();
        let nameless = failed.iter().any(|id| id.as_deref().unwrap_or_default().is_empty());
        match catch_unwind(|| run(event(&records))) {
            Ok(answer) => prop_assert_eq!(answer, naming(&failed.into_iter().flatten().collect::<Vec<_>>())),
            Err(_) => prop_assert!(nameless, "an invocation fails for a record only that it cannot name"),
        }
        prop_assert!(!nameless || catch_unwind(|| run(event(&records))).is_err());
    }

    #[test]
    fn no_record_is_begun_that_may_not_end_in_time(
        left in 0..120u64, needs in 1..40u64, takes in prop::collection::vec(0..40u64, 0..11)
    ) {
        let (clock, begun) = (TestClock::default(), RefCell::new(Vec::new()));
        let messages: Vec<_> = (0..takes.len()).map(|n| json!({ "v": 1, "does": n.to_string() }).to_string()).collect();
        let batch = named(&messages.iter().map(String::as_str).collect::<Vec<_>>());
        let deadline = Deadline::after(clock.now(), Duration::from_secs(left));
        let handle = async |message: Message| {
            let n: usize = message.does.parse().unwrap();
            begun.borrow_mut().push((n, clock.elapsed().as_secs()));
            clock.advance(SECOND * takes[n].min(needs) as u32);
            Ok::<_, Away>(())
        };
        let answer = process_batch(batch, &clock, deadline, Duration::from_secs(needs), handle).now_or_never().unwrap();
        let begun = begun.into_inner();
        let passed = clock.elapsed().as_secs();
        prop_assert!(begun.iter().all(|(_, at)| at + needs <= left));
        prop_assert!(passed <= left, "all that was begun has ended");
        let worked: u64 = begun.iter().map(|(n, _)| takes[*n].min(needs)).sum();
        prop_assert_eq!(passed, worked, "a batch waits for nothing");
        let handed_back: Vec<_> = answer.batch_item_failures.into_iter().map(|it| it.item_identifier).collect();
        let rest: Vec<_> = (begun.len()..takes.len()).map(|n| format!("m{n}")).collect();
        prop_assert_eq!(handed_back, rest, "what was not begun is handed back, and nothing else");
        prop_assert!(begun.len() == takes.len() || passed + needs > left, "time enough is used");
    }
}

#[test]
fn a_record_without_an_id_that_is_done_fails_nobody() {
    let well = Some(BODIES[0].0.to_owned());
    let bad = Some("{".to_owned());
    assert_eq!(run(event(&[(None, well), (Some("m1".to_owned()), bad)])), json!([{ "itemIdentifier": "m1" }]));
}

#[test]
fn a_message_of_an_unknown_form_is_handed_back_unread() {
    for v in [json!(0), json!(2), json!(99), json!(1e9), json!(-1), json!("1"), json!(null), json!(true)] {
        let body = json!({ "v": v, "does": "well" }).to_string();
        assert_eq!(run(named(&[&body])), json!([{ "itemIdentifier": "m0" }]), "{v}");
    }
}

#[test]
fn a_handler_that_panics_before_its_first_step_fails_its_record_alone() {
    let handle = |message: Message| {
        assert_eq!(message.does, "well");
        work(message)
    };
    let batch = named(&[BODIES[0].0, BODIES[1].0, BODIES[0].0]);
    assert_eq!(run_by(handle, batch), json!([{ "itemIdentifier": "m1" }]));
}
