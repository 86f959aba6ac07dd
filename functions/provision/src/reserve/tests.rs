use shared_core::domain::reservation::{CallOutcome, Event, Evidence, NotProcessed, Refusal, Unknown};

use lambda_http::{Body, Response};

use super::*;
use crate::fixtures::{self, after_call, now};

fn fresh(reservation: Reservation) -> Response<Body> {
    let launch = matches!(reservation.status(), Status::Ready).then(fixtures::credentials);
    answered(&ReserveOutcome::New { reservation: Box::new(reservation), launch })
}

fn replayed(reservation: Reservation) -> Response<Body> {
    answered(&ReserveOutcome::Replayed(Box::new(reservation)))
}

fn answered(outcome: &ReserveOutcome) -> Response<Body> {
    respond(outcome, &fixtures::order().id, now()).unwrap_or_else(answer::from_failure)
}

fn header<'a>(response: &'a Response<Body>, name: &str) -> Option<&'a str> {
    response.headers().get(name).map(|value| value.to_str().unwrap())
}

fn refused(out_of_tests: bool) -> Reservation {
    after_call(CallOutcome::Refused(Refusal { out_of_tests, vendor_reason: "No.".to_owned() }))
}

#[test]
fn a_bought_test_answers_201_with_what_opens_it_and_where_it_is_read() {
    let response = fresh(fixtures::ready());
    assert_eq!(response.status(), 201);
    assert_eq!(header(&response, "location"), Some(&*format!("/v1/reservations/{}", fixtures::order().id)));
    assert_eq!(header(&response, "idempotent-replayed"), None);
    assert_eq!(fixtures::body(&response)["launch"]["test_id"], "3279B035APR");
}

#[test]
fn a_repeated_request_is_answered_as_the_reservation_is_now_without_launch_material() {
    let response = replayed(fixtures::completed());
    assert_eq!((response.status().as_u16(), header(&response, "idempotent-replayed")), (201, Some("true")));
    let body = fixtures::body(&response);
    assert_eq!(body["status"], "completed");
    assert!(body.get("launch").is_none());
}

#[test]
fn what_is_unsettled_answers_202_and_when_to_read_again() {
    let retry = NotProcessed::Unreachable;
    let wait = Some(std::time::Duration::from_secs(30));
    let queued = after_call(CallOutcome::NotProcessed { why: retry, retry_after: wait, detail: None });
    let doubt = after_call(CallOutcome::Unknown(Evidence::without_answer(1, now(), Unknown::TimedOut)));
    for (reservation, wait) in [(fixtures::queued(), "2"), (fixtures::calling(), "2"), (queued, "30"), (doubt, "60")] {
        let response = fresh(reservation.clone());
        assert_eq!((response.status().as_u16(), header(&response, "retry-after")), (202, Some(wait)));
        assert!(fixtures::body(&response).get("launch").is_none());
        assert_eq!(replayed(reservation).status(), 202);
    }
}

#[test]
fn a_refusal_is_a_problem_with_the_reservation_and_the_vendors_reason() {
    for (reservation, status, kind) in [(refused(false), 422, "vendor-refused"), (refused(true), 409, "out-of-tests")] {
        let response = fresh(reservation);
        let body = fixtures::body(&response);
        assert_eq!(response.status(), status);
        assert_eq!(body["type"], format!("urn:english-test-hub:problem:{kind}"));
        assert_eq!(body["reservation_id"], fixtures::order().id.as_str());
        assert_eq!(body["vendor_reason"], "No.");
        assert!(header(&response, "location").is_some());
    }
}

#[test]
fn a_purchase_that_was_given_up_is_told_apart_from_a_refusal() {
    let doubt = after_call(CallOutcome::Unknown(Evidence::without_answer(1, now(), Unknown::TimedOut)));
    let response = replayed(fixtures::apply(&doubt, &Event::GivenUp));
    assert_eq!(response.status(), 409);
    assert!(fixtures::body(&response)["type"].as_str().unwrap().ends_with(":purchase-given-up"));
}

#[test]
fn what_ended_before_it_was_bought_is_neither_201_nor_202() {
    let cancelled = fixtures::apply(&fixtures::queued(), &Event::Cancel);
    let response = replayed(cancelled);
    assert_eq!((response.status().as_u16(), header(&response, "retry-after")), (200, None));
}

#[test]
fn a_key_of_another_request_is_refused_and_shows_nothing_of_it() {
    let response = answered(&ReserveOutcome::KeyReused(Box::new(fixtures::ready())));
    assert_eq!(response.status(), 422);
    let body = fixtures::body(&response);
    assert!(body["type"].as_str().unwrap().ends_with(":idempotency-key-reused"));
    assert!(body.get("candidate").is_none());
}
