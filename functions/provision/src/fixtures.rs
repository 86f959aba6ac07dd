//! Requests and reservations for tests.

use jiff::Timestamp;
use serde_json::Value;
use shared_core::domain::forward::Extra;
use shared_core::domain::ids::{ReservationId, VendorReference};
use shared_core::domain::launch::Launch;
use shared_core::domain::order::Order;
use shared_core::domain::reservation::{CallOutcome, Event, Lease, ReportedStatus, Reservation};
use shared_core::domain::sensitive::Sensitive;
use shared_core::domain::test_result::{CefrBand, Scale, Score, Skill, SkillScore, TestResult};
use test_support::fixtures::{after, report, reported};

use crate::fingerprint::RequestMeaning;
use crate::{request, rules};

/// The time of the tests.
pub(crate) const NOW: &str = "2026-11-23T12:00:00Z";

pub(crate) const ITEP_REQUEST: &str = r##"{ "vendor": "itep", "product": "GTX-Academic-Plus", "account": "default",
  "candidate": { "external_id": "c-1001", "given_name": "Mary", "family_name": "Poppins",
                 "email": "mary@example.com", "birth_date": "1990-07-08" },
  "registration": { "City": "Los Angeles" }, "groups": [], "return_url": null,
  "expires_at": "2027-01-31T00:00:00Z", "metadata": { "order": "42" } }"##;

pub(crate) fn now() -> Timestamp {
    NOW.parse().unwrap()
}

pub(crate) fn order() -> Order {
    let asked = request::parse(ITEP_REQUEST.as_bytes()).ok().unwrap();
    let fingerprint = RequestMeaning::new("order-42", &asked.new, asked.sent).fingerprint;
    let accounts = [("itep".parse().unwrap(), vec!["default".parse().unwrap()])].into();
    let checked = rules::check(asked.new, &accounts, now()).ok().unwrap();
    let client = "acme".parse().unwrap();
    Order {
        id: ReservationId::derive(&client, "order-42"),
        client,
        fingerprint,
        account: checked.account,
        product: checked.product,
        candidate: Some(checked.candidate),
        registration: checked.registration,
        groups: checked.groups,
        return_url: checked.return_url,
        expires_at: checked.expires_at.unwrap(),
        metadata: checked.metadata,
        extra: Extra::default(),
    }
}

pub(crate) fn queued() -> Reservation {
    let mut order = order();
    let candidate = order.candidate.as_mut().unwrap();
    (candidate.email, candidate.birth_date) = (None, None);
    order.metadata.clear();
    Reservation::queued(order, now(), now())
}

pub(crate) fn calling() -> Reservation {
    Reservation::calling(order(), Lease { holder: "invocation".to_owned(), until: now() }, now())
}

pub(crate) fn credentials() -> Launch {
    let password = Some(Sensitive::from("canary-password"));
    Launch::Credentials { url: None, test_id: "3279B035APR".to_owned(), password }
}

pub(crate) fn after_call(outcome: CallOutcome) -> Reservation {
    apply(&calling(), &Event::CallEnded { call_no: 1, outcome })
}

pub(crate) fn ready() -> Reservation {
    let reference = VendorReference::itep("3279B035APR");
    after_call(CallOutcome::Confirmed { reference, launch: Some(credentials()) })
}

pub(crate) fn completed() -> Reservation {
    let graded = ReportedStatus::Completed(Box::new(result()));
    apply(&ready(), &reported(report(VendorReference::itep("3279B035APR"), graded, now())))
}

pub(crate) fn apply(reservation: &Reservation, event: &Event) -> Reservation {
    after(reservation.clone(), event, now())
}

/// The figures of the vendor's sample, as far as the view tells scores apart.
fn result() -> TestResult {
    let score = |value, cefr| Score::new(Scale::Itep, Some(value), CefrBand::parse(cefr));
    let grammar = SkillScore {
        skill: Skill::Grammar,
        score: score(3.5, "B2"),
        raw_score: Some(68.0),
        percent: Some(72.0),
        correct: None,
        total: None,
    };
    TestResult {
        overall: Some(score(4.5, "C1")),
        skills: vec![grammar],
        report_url: Some("https://www.iteptest.com/report".into()),
        duration_seconds: Some(4050.0),
        finished_on: Some("2024-06-10".parse().unwrap()),
        ..TestResult::default()
    }
}

/// A response's body as JSON.
pub(crate) fn body(response: &lambda_http::Response<lambda_http::Body>) -> Value {
    serde_json::from_slice(response.body()).unwrap()
}
