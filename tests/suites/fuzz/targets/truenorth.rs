//! TrueNorth's documents: events, scores, lists of scores, and everything that the
//! client's other endpoints read.

use jiff::Timestamp;
use serde_json::Value;
use shared::vendors::truenorth::convert;
use shared::vendors::truenorth::webhook::{Hint, parse_hint};
use shared::vendors::truenorth::wire::{self, UserScores};
use shared_core::domain::ids::{ReservationId, Vendor};
use shared_core::ports::{LookupError, ObservedTest, TimeSpan};

use crate::bounds;
use crate::vendors::{Hostile, Stage, account, ours};

thread_local! {
    static STAGE: Stage = Stage::open();
}

/// A webhook event, which is only ever a hint.
pub(crate) fn event(input: &[u8]) {
    let hint = parse_hint(input);
    let document: Option<Value> = serde_json::from_slice(input).ok();
    let field = |pointer: &str| document.as_ref().and_then(|json| json.pointer(pointer)).and_then(Value::as_str);
    match hint {
        Ok(Hint::Test(id)) => {
            assert!(field("/data/uniqueIdentifier").is_none_or(|text| text.eq_ignore_ascii_case(id.as_str())));
        }
        Ok(Hint::Example) => assert!(field("/event").is_none_or(|event| event == "webhook-example")),
        Ok(Hint::Foreign) => {}
        Err(error) => assert_eq!(error.to_string(), "the body is no webhook event"),
    }
}

/// An answer to `POST /score`.
pub(crate) fn score(input: &[u8]) {
    let answer = Hostile::read(input);
    let (looked, now) = STAGE.with(|stage| {
        let (account, id, answer) = (account(Vendor::Truenorth), ours(), answer.clone());
        let truenorth = stage.connectors.get(&account);
        (stage.play(answer, async { truenorth.look_up(&account, &id).await }), stage.now())
    });
    let direct = serde_json::from_slice(&answer.body).ok().and_then(|user| convert::observed_tests(user, now));
    match (looked, direct) {
        (Ok(found), direct) => {
            assert!((200..300).contains(&answer.status));
            let own = direct.map(|(id, observed)| if id == ours() { observed } else { panic!("another's test") });
            assert_eq!(found, own.unwrap_or_default());
            found.iter().for_each(|observed_test| fits(observed_test, now));
        }
        (Err(error), _) => unusable(&error, &answer),
    }
    let words = wire::errors(&answer.body);
    assert!(words.len() <= 20 && words.iter().all(|word| !word.trim().is_empty()));
}

/// An answer to `POST /scores`, in pieces: what comes out does not depend on where
/// the pieces end, and a whole list is read as a whole document would be.
pub(crate) fn scores(input: &[u8]) {
    let answer = Hostile::read(input);
    let mut seen = Vec::new();
    let (count, now) = STAGE.with(|stage| {
        let (account, answer) = (account(Vendor::Truenorth), answer.clone());
        let truenorth = stage.connectors.get(&account);
        let mut sink = |id: ReservationId, observed_test: ObservedTest| seen.push((id, observed_test));
        let span = TimeSpan { from: Timestamp::UNIX_EPOCH, to: stage.now() };
        (stage.play(answer, async { truenorth.look_up_begun(&account, span, &mut sink).await }), stage.now())
    });
    seen.iter().for_each(|(_, observed_test)| fits(observed_test, now));
    match count {
        Ok(count) => {
            assert!(count == seen.len() && (200..300).contains(&answer.status));
            if let Some(whole) = whole_list(&answer, now).filter(|_| answer.status != 204) {
                assert_eq!(seen, whole, "the stream and the document differ");
            }
        }
        Err(error) => unusable(&error, &answer),
    }
}

/// The list read at once; `None` where the document is not of the documented shape,
/// which the streaming reader need not notice.
fn whole_list(answer: &Hostile, now: Timestamp) -> Option<Vec<(ReservationId, ObservedTest)>> {
    let text = std::str::from_utf8(&answer.body).ok()?;
    let document: Value = serde_json::from_str(text).ok()?;
    let users = document.as_object()?.get("userScores")?.as_array()?;
    let is_plain = text.matches("userScores").count() == 1 && users.iter().all(Value::is_object);
    let users = users.iter().filter_map(|user| serde_json::from_value::<UserScores>(user.clone()).ok());
    let pairs = users.filter_map(|user| convert::observed_tests(user, now));
    let all =
        pairs.flat_map(|(id, observed)| observed.into_iter().map(move |observed_test| (id.clone(), observed_test)));
    is_plain.then(|| all.collect())
}

fn fits(observed_test: &ObservedTest, now: Timestamp) {
    assert_eq!(observed_test.observed_at, now);
    bounds::of_test_name(observed_test.reference.test());
    bounds::of_report(&observed_test.status);
    let document: Value = serde_json::from_slice(&observed_test.raw.bytes).expect("the raw report is JSON");
    let named = document["userAssessmentId"].as_str().map(str::to_ascii_lowercase);
    assert_eq!(named.as_deref(), Some(observed_test.reference.test()));
}

fn unusable(error: &LookupError, answer: &Hostile) {
    match error {
        LookupError::CredentialsRefused => assert!(matches!(answer.status, 401 | 403)),
        LookupError::RateLimited { .. } => assert_eq!(answer.status, 429),
        error => assert!(error.to_string().len() < 200, "a vendor's text is in the error"),
    }
}
