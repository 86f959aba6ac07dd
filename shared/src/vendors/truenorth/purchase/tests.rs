use shared_core::domain::ids::Vendor;
use shared_core::domain::launch::Launch;

use super::*;
use crate::vendors::testing::{order, start};

fn of(status: u16, body: &str) -> CallOutcome {
    outcome(&VendorResponse { status, retry_after: Some(Duration::from_secs(7)), body: body.into() }, 1, start())
}

fn unknown(outcome: &CallOutcome) -> Unknown {
    match outcome {
        CallOutcome::Unknown(evidence) => evidence.unknown,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_documents_own_answer_confirms_with_a_link() {
    let CallOutcome::Confirmed { reference, launch } = of(200, include_str!("../samples/assigned.json")) else {
        panic!()
    };
    let (test, user) = ("79fb94aa-344d-43a2-8504-13ed687dd77a", "a3a0ff2d-6817-47b9-b9db-fc6674bced8a");
    assert_eq!(reference, VendorReference::truenorth(test, user));
    let Some(Launch::Link { expires_at, .. }) = launch else { panic!() };
    assert_eq!(expires_at.to_string(), "2020-01-23T21:37:14.3430665Z");
}

#[test]
fn a_reference_without_a_usable_link_confirms_all_the_same() {
    let body = r#"{"userId":"U","userAssessmentId":"A","signInUrl":"javascript:x","signInUrlExpiresAt":"soon"}"#;
    assert!(matches!(of(201, body), CallOutcome::Confirmed { launch: None, .. }));
}

#[test]
fn success_without_a_reference_leaves_doubt() {
    assert_eq!(unknown(&of(200, "{}")), Unknown::NoReference);
    assert_eq!(unknown(&of(200, r#"{"userAssessmentId":"A"}"#)), Unknown::NoReference);
    assert_eq!(unknown(&of(200, r#"{"userId":"","userAssessmentId":"A"}"#)), Unknown::NoReference);
    assert_eq!(unknown(&of(204, "")), Unknown::NoReference);
    assert_eq!(unknown(&of(200, "<html>")), Unknown::Unreadable);
}

#[test]
fn statuses_that_say_neither_yes_nor_no_leave_doubt() {
    for status in [302, 408, 500, 502, 503, 504, 600] {
        assert_eq!(unknown(&of(status, "")), Unknown::UnclearStatus, "{status}");
    }
}

#[test]
fn refusals_keep_the_vendors_words() {
    for status in [400, 404, 409, 422] {
        let CallOutcome::Refused(refusal) = of(status, r#"["one","two"]"#) else { panic!() };
        assert_eq!((refusal.out_of_tests, refusal.vendor_reason.as_str()), (false, "one; two"));
    }
    let CallOutcome::Refused(refusal) = of(409, "") else { panic!() };
    assert_eq!(refusal.vendor_reason, "TrueNorth answered HTTP 409 without a reason.");
}

#[test]
fn bad_keys_and_haste_are_not_held_against_the_candidate() {
    for status in [401, 403] {
        assert!(matches!(of(status, ""), CallOutcome::NotProcessed { why: NotProcessed::CredentialsRefused, .. }));
    }
    let CallOutcome::NotProcessed { why, retry_after, .. } = of(429, "") else { panic!() };
    assert_eq!((why, retry_after), (NotProcessed::Busy, Some(Duration::from_secs(7))));
}

#[test]
fn every_rule_of_truenorths_is_named_where_it_is_broken() {
    let mut order = order(Vendor::Truenorth, "English Grammar");
    assert_eq!(faults(&order), []);
    order.registration.insert("City".to_owned(), "London".into());
    order.groups = vec!["80843E92-5be1-46aa-9472-2862d11413b3".to_owned(), "grammar".to_owned()];
    order.return_url = Some("/done".to_owned());
    let pointers: Vec<_> = faults(&order).into_iter().map(|fault| fault.pointer).collect();
    assert_eq!(pointers, ["#/registration", "#/groups/1", "#/return_url"]);
}
