//! The vendors' answers to a purchase, as they come over the wire.

use std::time::Duration;

use shared_core::domain::deadline::Deadline;
use shared_core::domain::ids::Vendor;
use shared_core::domain::reservation::{CallOutcome, NotProcessed, Unknown};

use crate::bounds;
use crate::vendors::{Hostile, Stage, order};

thread_local! {
    static STAGE: Stage = Stage::open();
}

/// The most of an answer that is kept as evidence, in bytes of its text: an invalid
/// byte becomes three.
const EVIDENCE_MAX: usize = 3 * 4 * 1024;
/// The most that opens a test, in bytes: it is kept, and travels in messages.
const LAUNCH_MAX: usize = 4 * 1024;
/// The longest reason that is handed on, in bytes.
const REASON_MAX: usize = 1000;

/// An answer to `POST …/ecommerce_webhook.php`, by the local account's profile.
pub(crate) fn itep(input: &[u8]) {
    let answer = Hostile::read(input);
    let outcome = buy(Vendor::Itep, "GTX-Academic-Plus", answer.clone());
    fits(&outcome, &answer);
    let json: Option<serde_json::Value> = serde_json::from_slice(&answer.body).ok();
    let named = |pointer| json.as_ref().and_then(|json| json.pointer(pointer)).is_some_and(|id| !id.is_null());
    match outcome {
        CallOutcome::Confirmed { .. } => assert!(named("/test/id") || named("/TestID"), "an answer without a test"),
        CallOutcome::Refused(refusal) => {
            let raw = String::from_utf8_lossy(&answer.body);
            let out_of_tests = raw.contains("no tests available") || named("/code");
            assert!(out_of_tests || (!refusal.out_of_tests && (answer.status == 422 || named("/error"))));
        }
        CallOutcome::NotProcessed { why: NotProcessed::SaidSo, .. } => {
            assert!(answer.status == 503 && named("/retry"));
        }
        _ => {}
    }
}

/// An answer to `POST /assign`.
pub(crate) fn truenorth(input: &[u8]) {
    let answer = Hostile::read(input);
    let outcome = buy(Vendor::Truenorth, "de83346f-aa2d-4c4f-a250-0d3a09d609e3", answer.clone());
    fits(&outcome, &answer);
    let is_refusal = matches!(answer.status, 400..=499) && !matches!(answer.status, 401 | 403 | 408 | 429);
    assert_eq!(matches!(outcome, CallOutcome::Refused(_)), is_refusal);
}

fn buy(vendor: Vendor, product: &str, answer: Hostile) -> CallOutcome {
    let order = order(vendor, product);
    STAGE.with(|stage| {
        stage.play(answer, async {
            let deadline = Deadline::after(stage.now(), Duration::from_secs(10));
            stage.connectors.get(&order.account).purchase(&order, 3, deadline).await
        })
    })
}

/// What no answer may change: only success confirms, nothing unclear counts as nothing
/// sold, and what is kept is bounded and not printed.
fn fits(outcome: &CallOutcome, answer: &Hostile) {
    let is_success = (200..300).contains(&answer.status);
    bounds::reads_back(outcome);
    match outcome {
        CallOutcome::Confirmed { reference, launch } => {
            assert!(is_success);
            bounds::of_test_name(reference.test());
            bounds::is_small(launch, LAUNCH_MAX);
        }
        CallOutcome::Refused(refusal) => assert!(refusal.vendor_reason.len() <= REASON_MAX),
        CallOutcome::NotProcessed { why, detail, .. } => {
            assert!(detail.as_ref().is_none_or(|detail| detail.len() <= REASON_MAX));
            let is_right = match why {
                NotProcessed::CredentialsRefused => matches!(answer.status, 401 | 403),
                NotProcessed::Busy => answer.status == 429,
                why => *why == NotProcessed::SaidSo,
            };
            assert!(is_right, "{why:?} after {}", answer.status);
        }
        CallOutcome::Unknown(evidence) => {
            assert_eq!((evidence.call_no, evidence.http_status), (3, Some(answer.status)));
            assert!(evidence.unknown != Unknown::NoReference || is_success);
            assert!(evidence.body.as_ref().is_none_or(|body| body.expose().len() <= EVIDENCE_MAX));
        }
    }
}
