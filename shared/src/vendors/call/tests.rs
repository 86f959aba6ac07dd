use shared_core::domain::reservation::CallOutcome;

use super::*;
use crate::vendors::testing::{Does, Server, answers, nobody, start};

fn http() -> Http {
    Http::new(CallTimeouts { connect: Duration::from_secs(3), whole: Duration::from_secs(5) })
}

async fn outcome_of(url: &str, time: Duration) -> CallOutcome {
    let http = http();
    let request = http.purchases().unwrap().post(url).body("{}");
    match exchange(request, time, 1000).await {
        Ok(answer) => panic!("an answer with status {}", answer.status),
        Err(error) => error.outcome(1, start()),
    }
}

fn unknown(outcome: &CallOutcome) -> (Unknown, Option<u16>) {
    match outcome {
        CallOutcome::Unknown(evidence) => (evidence.unknown, evidence.http_status),
        other => panic!("{other:?}"),
    }
}

const SOON: Duration = Duration::from_secs(5);

#[tokio::test]
async fn a_refused_connection_an_unknown_name_or_tls_that_does_not_come_about_proves_that_nothing_was_sent() {
    let without_tls = Server::start(vec![Does::Closes]).url.replace("http", "https");
    for url in [nobody(), "http://nobody.invalid".to_owned(), without_tls] {
        let outcome = outcome_of(&url, SOON).await;
        assert!(matches!(outcome, CallOutcome::NotProcessed { why: NotProcessed::Unreachable, .. }), "{outcome:?}");
    }
}

#[tokio::test]
async fn silence_and_a_connection_that_breaks_off_leave_doubt_and_the_status_if_one_came() {
    for (deed, expected) in [
        (Does::Closes, (Unknown::ConnectionLost, None)),
        (Does::Hangs(Duration::from_millis(600)), (Unknown::TimedOut, None)),
        (Does::CutsOff, (Unknown::ConnectionLost, Some(200))),
    ] {
        let time = if matches!(deed, Does::Hangs(_)) { Duration::from_millis(200) } else { SOON };
        let server = Server::start(vec![deed]);
        assert_eq!(unknown(&outcome_of(&server.url, time).await), expected);
        assert_eq!(server.requests().len(), 1, "and is not tried again");
    }
}

#[tokio::test]
async fn an_endless_answer_leaves_doubt_and_its_beginning() {
    let server = Server::start(vec![answers("200 OK", "x".repeat(10_000))]);
    let outcome = outcome_of(&server.url, SOON).await;
    assert_eq!(unknown(&outcome), (Unknown::Unreadable, Some(200)));
    let CallOutcome::Unknown(evidence) = outcome else { panic!() };
    assert!(evidence.body.is_some_and(|body| (1..=EVIDENCE_MAX).contains(&body.expose().len())));
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let server = Server::start(vec![answers("302 Found\r\nlocation: /elsewhere", "")]);
    let http = http();
    let request = http.purchases().unwrap().post(&server.url).body("{}");
    let answer = exchange(request, SOON, 1000).await.ok().unwrap();
    assert_eq!((answer.status, server.requests().len()), (302, 1));
}

#[tokio::test]
async fn a_byte_order_mark_before_an_answer_is_skipped() {
    let server = Server::start(vec![answers("200 OK", "\u{feff}{}")]);
    let request = http().reads().unwrap().get(&server.url);
    assert_eq!(exchange(request, SOON, 1000).await.ok().unwrap().body, b"{}");
}

#[test]
fn evidence_and_reasons_are_cut_at_a_character() {
    assert_eq!(cut("aüb", 2), "a");
    assert_eq!(cut("abc", 9), "abc");
    assert_eq!(evidence_text(b""), None);
}
