//! What a later release wrote: it is carried, and nothing is bought because of it.

use std::fmt::Debug;

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use shared_core::domain::breaker::{Breaker, Open};
use shared_core::domain::forward::{Extra, HasExtra};
use shared_core::domain::ids::{Digest, Vendor, VendorReference};
use shared_core::domain::reservation::*;
use shared_core::domain::test_result::{Cefr, CefrBand, Scale, Score, ScoreField, Skill, SkillScore, TestResult};
use shared_core::ports::{AuthOutcome, CheckReason, Dismissal, Quarantined, ScoreCheck};
use test_support::fixtures::*;

const NEW: &str = "of_a_later_release";

/// Reads a word that only a later release knows.
fn new<T: DeserializeOwned>() -> T {
    serde_json::from_value(json!(NEW)).unwrap()
}

fn reads<T: DeserializeOwned>(value: &Value) -> bool {
    serde_json::from_value::<T>(value.clone()).is_ok()
}

fn carries<T: DeserializeOwned + Serialize>(known: &T) {
    assert_eq!(json!(new::<T>()), NEW);
    assert_eq!(json!(serde_json::from_value::<T>(json!(known)).unwrap()), json!(known));
    for corrupt in [json!(""), json!("Two words"), json!("x".repeat(65)), json!(7), json!({ NEW: 1 })] {
        assert!(!reads::<T>(&corrupt), "{corrupt} is a {}", std::any::type_name::<T>());
    }
}

#[test]
fn a_word_of_a_later_release_is_read_and_written_as_it_is() {
    carries(&Reason::Reset);
    carries(&NoteReason::Late);
    carries(&EventName::Reserved);
    carries(&Verdict::Applied);
    carries(&Unknown::TimedOut);
    carries(&NotProcessed::Busy);
    carries(&CheckReason::Doubt);
    carries(&Skill::Grammar);
    carries(&Scale::Items);
    carries(&ScoreField::Overall);
    let source = json!({ "who": "scheduler", "job": { "name": "nightly" } });
    let read: Source = serde_json::from_value(source.clone()).unwrap();
    assert_eq!(json!(read), source);
    assert!(!format!("{read:?}").contains("nightly"));
    assert_eq!(json!(read.without_extra()), json!({ "who": "scheduler" }));
    assert_eq!(json!(serde_json::from_value::<Source>(json!({ "who": "hub" })).unwrap()), json!(Source::Hub));
}

#[test]
fn what_decides_how_to_go_on_is_not_carried() {
    let word = json!(NEW);
    assert!(!reads::<Status>(&word) && !reads::<Vendor>(&word) && !reads::<AuthOutcome>(&word));
    assert!(!reads::<Cefr>(&word));
    assert!(!reads::<State>(&json!({ "name": NEW })) && !reads::<CallOutcome>(&json!({ "outcome": NEW })));
}

fn grade() -> TestResult {
    let score = || Score::new(Scale::Itep, Some(4.5), CefrBand::parse("B2"));
    let (raw_score, percent, correct) = (Some(68.25), Some(72.0), Some(13));
    let section = SkillScore { skill: Skill::Grammar, score: score(), raw_score, percent, correct, total: None };
    TestResult { overall: Some(score()), skills: vec![section], ..TestResult::default() }
}

/// A reservation with everything that one can have.
fn full() -> Reservation {
    let order = order("a");
    let order = shared_core::domain::order::Order {
        registration: [("City".to_owned(), "Los Angeles".into())].into(),
        metadata: [("order".to_owned(), "42".to_owned())].into(),
        ..order
    };
    let graded = ReportedStatus::Completed(Box::new(grade()));
    let report = report(VendorReference::itep("A1"), graded, at(2));
    let mut full =
        after(ready(order, "A1"), &reported(report), at(3)).with_request_digest(1, Some(Digest::sha256(b"")));
    full.surplus.push(Surplus::new(1, VendorReference::itep("A2")));
    full.evidence.push(Evidence::without_answer(1, at(1), Unknown::TimedOut));
    let (digest, observed_at) = (Digest::sha256(b"grade"), at(4));
    full.attempts[0].unreadable_grade = Some(UnreadableGrade { digest, observed_at, extra: Extra::default() });
    full
}

fn quarantined() -> Quarantined {
    let receipt = inbound_webhook("receipt-1", at(0), b"{}");
    Quarantined { dismissed: Some(Dismissal::new("ada", "a test", at(9))), ..Quarantined::new(receipt, "odd", at(1)) }
}

fn breaker() -> Breaker {
    let open = Open { probe: Some(lease("a probe")), ..opened().open.unwrap() };
    Breaker { open: Some(open), paused: Some(by("ann")), resumed: Some(by("bob")), ..opened() }
}

/// Whose attributes all have a meaning, or are somebody's own keys.
const CLOSED: [&str; 9] =
    ["state", "account", "reference", "released", "source", "probe", "registration", "metadata", "headers"];

/// The objects of a document that carry what is unknown, each by its JSON pointer.
fn open_objects(at: &str, value: &Value) -> Vec<String> {
    let below: Vec<_> = match value {
        Value::Object(fields) => {
            let open = fields.iter().filter(|(name, _)| !CLOSED.contains(&name.as_str()));
            open.flat_map(|(name, value)| open_objects(&format!("{at}/{name}"), value)).collect()
        }
        Value::Array(items) => {
            items.iter().enumerate().flat_map(|(n, item)| open_objects(&format!("{at}/{n}"), item)).collect()
        }
        _ => Vec::new(),
    };
    if value.is_object() { [vec![at.to_owned()], below].concat() } else { below }
}

fn attribute() -> impl Strategy<Value = Value> {
    let text = "\\PC{0,9}";
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-1e100..1e100).prop_map(Value::from),
        text.prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 3, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(Value::from),
            btree_map(text, inner, 0..3).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn round_trips<T: DeserializeOwned + Serialize + Debug + PartialEq>(
    document: &T,
    added: &[(prop::sample::Index, Value)],
) -> Result<(), TestCaseError> {
    let mut value = json!(document);
    let objects = open_objects("", &value);
    for (n, (place, attribute)) in added.iter().enumerate() {
        let object = value.pointer_mut(place.get(&objects[..]).as_str()).and_then(Value::as_object_mut).unwrap();
        object.insert(format!("later_{n}"), json!({ "canary": attribute }));
    }
    let read: T = serde_json::from_value(value.clone()).unwrap();
    let printed = format!("{read:?}");
    prop_assert!(!printed.contains("later_"));
    prop_assert_eq!(json!(read), value);
    Ok(())
}

proptest! {
    #[test]
    fn attributes_of_a_later_release_are_kept_at_any_level(
        added in vec((any::<prop::sample::Index>(), attribute()), 1..6)
    ) {
        let (full, kept) = (full(), quarantined());
        round_trips(&full, &added)?;
        round_trips(&full.recent[0], &added)?;
        round_trips(&kept, &added)?;
        round_trips(&kept.receipt, &added)?;
        round_trips(&breaker(), &added)?;
        let check = ScoreCheck::new("default".parse().unwrap(), full.id().clone(), CheckReason::Doubt);
        round_trips(&check, &added)?;
    }
}

/// The same with an attribute in every object that carries one.
fn with_attributes<T: DeserializeOwned + Serialize>(document: &T) -> T {
    let mut value = json!(document);
    for place in open_objects("", &value) {
        value.pointer_mut(&place).unwrap()["later"] = json!("canary");
    }
    serde_json::from_value(value).unwrap()
}

#[test]
fn an_event_leaves_what_is_unknown_as_it_was() {
    let before = with_attributes(&full());
    let invalidated = report(VendorReference::itep("A1"), ReportedStatus::Invalidated, at(9));
    let after = after(before.clone(), &reported(invalidated), at(9));
    assert_eq!(after.status(), Status::Invalidated);
    assert_eq!((&after.extra, &after.order), (&before.extra, &before.order));
    assert_eq!((&after.evidence, &after.surplus), (&before.evidence, &before.surplus));
    assert_eq!(after.request_digest, before.request_digest);
    assert_eq!(after.recent[..before.recent.len()], before.recent);
    let (attempt, expected) = (&after.attempts[0], &before.attempts[0]);
    assert_eq!((&attempt.extra, &attempt.result), (&expected.extra, &expected.result));
    assert!(!format!("{after:?}").contains("canary"));
}

#[test]
fn what_is_unknown_can_be_left_out_of_what_is_shown() {
    let (plain, full) = (full(), with_attributes(&full()));
    assert_eq!(full.attempts.without_extra(), plain.attempts);
    assert_eq!(full.evidence.without_extra(), plain.evidence);
    assert_eq!(full.surplus.without_extra(), plain.surplus);
    assert_eq!(full.recent.without_extra(), plain.recent);
    assert_ne!(full.attempts, plain.attempts);
}

#[test]
fn what_is_unknown_goes_with_the_person_who_is_erased() {
    let mut reservation = with_attributes(&full());
    let mut line = reservation.recent[0].clone();
    reservation.erase_person();
    line.erase_person();
    assert!(!json!((reservation, line)).to_string().contains("canary"));
}

#[test]
fn a_grade_that_a_later_release_read_better_is_not_replaced_by_the_same_grade() {
    let read_again = |status| {
        let report = Box::new(report(VendorReference::itep("A1"), status, at(2)));
        Event::Reprocessed { report, attempt: 1, reason: "to be sure".to_owned() }
    };
    let mut before = with_attributes(&full());
    before.attempts[0].unreadable_grade = None;
    let same = read_again(ReportedStatus::Completed(Box::new(grade())));
    assert_eq!(after(before.clone(), &same, at(9)), before);
}

fn told(reservation: &Reservation, event: &Event, now: i64) -> Change {
    match reservation.apply(event, Source::Hub, at(now), &TIMEOUTS.policy) {
        Decision::Write(change) => *change,
        Decision::Duplicate => panic!("{event:?} is nothing new"),
    }
}

fn refusal(reservation: &Reservation, event: &Event, now: i64) -> Option<NoteReason> {
    let change = told(reservation, event, now);
    assert!(!change.is_applied(), "{event:?} is applied");
    change.entry.why
}

fn alerts(change: &Change) -> Vec<&Effect> {
    change.effects.iter().filter(|effect| matches!(effect, Effect::Alert(_))).collect()
}

#[test]
fn what_waits_for_a_reason_of_a_later_release_is_not_bought_but_expires_and_can_be_cancelled() {
    let waiting = Reservation { reason: Some(new()), ..Reservation::queued(order("a"), at(0), at(0)) };
    assert!(!waiting.may_call(at(5)));
    assert_eq!(refusal(&waiting, &Event::CallStarted(lease("worker")), 5), Some(NoteReason::NoCallDue));
    assert_eq!(told(&waiting, &Event::Cancel, 5).after.status(), Status::Cancelled);
    assert_eq!(told(&waiting, &Event::ExpiryReached, 90 * DAY).after.status(), Status::Expired);
}

#[test]
fn a_doubt_that_only_a_later_release_understands_is_left_to_it_or_to_the_operator() {
    for vendor in Vendor::ALL {
        let digest = Some(Digest::sha256(b"request"));
        let calling =
            Reservation::calling(order_at(vendor, "a"), lease("worker"), at(0)).with_request_digest(1, digest);
        let evidence = Evidence::without_answer(1, at(20), new());
        let lost = told(&calling, &Event::CallEnded { call_no: 1, outcome: CallOutcome::Unknown(evidence) }, 20);
        assert_eq!(
            (lost.after.reason, alerts(&lost)),
            (Some(Reason::AnswerLost), vec![&Effect::Alert(Alert::InDoubt)])
        );
        assert_eq!(lost.after.evidence[0].summary(), NEW);
        let reasoned = Reservation { reason: Some(new()), evidence: Vec::new(), ..lost.after.clone() };
        for doubtful in [lost.after, reasoned] {
            assert_eq!(doubtful.resend_from(&TIMEOUTS.policy), None);
            assert_eq!(refusal(&doubtful, &Event::ResendStarted, DAY), Some(NoteReason::NotInDoubt));
            let nothing_found = Event::NothingFound { asked_at: at(DAY) };
            assert_eq!(refusal(&doubtful, &nothing_found, DAY), Some(NoteReason::NotDue));
            assert_eq!(told(&doubtful, &nothing_found, DAY).after.due_at, None);
            assert_eq!(told(&doubtful, &Event::NothingSold, DAY).after.status(), Status::Pending);
            assert!(told(&doubtful, &Event::NothingSold, DAY).after.may_call(at(DAY)));
            assert_eq!(told(&doubtful, &Event::GivenUp, DAY).after.status(), Status::Rejected);
        }
    }
}

#[test]
fn a_purchase_that_was_not_processed_for_an_unknown_reason_is_tried_again_with_the_usual_wait() {
    let calling = Reservation::calling(order("a"), lease("worker"), at(0));
    let outcome = CallOutcome::NotProcessed { why: new(), retry_after: None, detail: None };
    let change = told(&calling, &Event::CallEnded { call_no: 1, outcome }, 20);
    assert_eq!((change.after.reason, change.effects.len()), (Some(Reason::NotProcessed), 0));
    assert!(!change.after.may_call(at(20)));
}

#[test]
fn an_overdue_result_keeps_the_reason_that_only_a_later_release_knows() {
    let finished = report(VendorReference::itep("A1"), ReportedStatus::AwaitingScore, at(2));
    let finished = after(ready(order("a"), "A1"), &reported(finished), at(2));
    let waiting = Reservation { reason: Some(new()), ..finished };
    let change = told(&waiting, &Event::ResultOverdue, 8 * DAY);
    assert_eq!((change.after.reason, change.after.is_overdue()), (Some(new()), true));
    assert_eq!((alerts(&change), change.after.due_at), (vec![&Effect::Alert(Alert::ResultOverdue)], None));
}
