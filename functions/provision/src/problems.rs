//! The kinds of problems that the API answers with.

use shared::runtime::problem::{Kind, Problem, kinds};

/// Names the kinds and lists them, so that none is left out of the list.
macro_rules! kinds {
    ($($(#[$doc:meta])* $constant:ident = $status:literal $name:literal $title:literal;)*) => {
        $($(#[$doc])* pub const $constant: Kind = Kind { name: $name, status: $status, title: $title };)*

        const OWN: &[Kind] = &[$($constant),*];
    };
}

kinds! {
    /// `POST /v1/reservations` came without an `Idempotency-Key`.
    KEY_MISSING = 400 "idempotency-key-missing" "The Idempotency-Key header is missing";
    /// The `Idempotency-Key` is empty, too long, or not printable ASCII.
    KEY_INVALID = 400 "idempotency-key-invalid" "The Idempotency-Key is not valid";
    /// A query parameter is unknown or has an unusable value.
    PARAMETER_INVALID = 400 "invalid-parameter" "A query parameter is not valid";
    /// The key was used for another request.
    KEY_REUSED = 422 "idempotency-key-reused" "The Idempotency-Key was used for another order";
    /// The request can be read and breaks rules: `errors` names each.
    INVALID = 422 "invalid-request" "The request is not valid";
    /// The client has no such account at the vendor.
    UNKNOWN_ACCOUNT = 422 "unknown-account" "You have no such vendor account";
    UNKNOWN_PRODUCT = 422 "unknown-product" "The vendor account does not sell this product";
    /// The vendor refused to sell; `vendor_reason` has its words.
    VENDOR_REFUSED = 422 "vendor-refused" "The vendor refused the order";
    OUT_OF_TESTS = 409 "out-of-tests" "The vendor account has no tests left";
    /// The purchase was in doubt, and the operator ended it without a test.
    GIVEN_UP = 409 "purchase-given-up" "The purchase was given up";
    /// A purchase call is out or in doubt, so the reservation cannot be withdrawn.
    PURCHASE_IN_PROGRESS = 409 "purchase-in-progress" "The purchase is not final yet";
    /// The candidate has begun.
    ALREADY_BEGUN = 409 "already-begun" "The candidate has begun the test";
    ALREADY_ENDED = 409 "already-ended" "The reservation has ended";
    /// No test is assigned, or it is over.
    NOTHING_TO_LAUNCH = 409 "nothing-to-launch" "There is no test to launch";
    /// The client sends more than its share.
    RATE_LIMITED = 429 "rate-limited" "Too many requests";
    /// The vendor account cannot be used until the operator has mended it.
    ACCOUNT_UNAVAILABLE = 503 "account-unavailable" "The vendor account is not available";
    /// The vendor's rate limit is used up.
    VENDOR_BUSY = 503 "vendor-busy" "The vendor's rate limit is used up";
    /// The vendor cannot be reached, or answers nothing of use.
    VENDOR_UNREACHABLE = 503 "vendor-unreachable" "The vendor cannot be reached";
}

/// Those that other functions answer with too.
const COMMON: &[Kind] = &[
    kinds::MALFORMED,
    kinds::UNAUTHORIZED,
    kinds::NOT_FOUND,
    kinds::METHOD_NOT_ALLOWED,
    kinds::TOO_LARGE,
    kinds::UNAVAILABLE,
];

/// Every kind of problem that the API answers with.
pub fn all() -> impl Iterator<Item = &'static Kind> {
    COMMON.iter().chain(OWN)
}

/// What stops the serving of a request.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The caller is told.
    Problem(Problem),
    /// Something of ours is down.
    Backend(shared_core::ports::BackendError),
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Failure::Problem(problem)
    }
}

impl From<shared_core::ports::BackendError> for Failure {
    fn from(outage: shared_core::ports::BackendError) -> Self {
        Failure::Backend(outage)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const DOCS: &str = include_str!("../README.md");

    #[test]
    fn every_kind_of_problem_is_documented_with_its_status() {
        for kind in all() {
            let row = format!("| `{}` | {} |", kind.name, kind.status);
            assert!(DOCS.contains(&row), "README.md has no row {row}");
        }
    }

    #[test]
    fn no_two_kinds_of_problem_share_a_name() {
        let names: BTreeSet<_> = all().map(|kind| kind.name).collect();
        assert_eq!(names.len(), all().count());
    }
}
