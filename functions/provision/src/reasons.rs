//! What clients are told of a reservation's reason, in prose.

use shared_core::domain::reservation::{Reason, Reservation};

/// The prose beside a reservation's `status_reason`. The vendor's own words are
/// told where it refused, and nowhere else.
pub(crate) fn detail(reservation: &Reservation) -> Option<&str> {
    let reason = reservation.reason?;
    let vendors_words = match reason {
        Reason::VendorRefused | Reason::OutOfTests => reservation.detail.as_deref(),
        _ => None,
    };
    Some(vendors_words.unwrap_or(prose(reason)))
}

fn prose(reason: Reason) -> &'static str {
    match reason {
        Reason::VendorUnreachable => "The vendor could not be reached. The purchase is tried again by itself.",
        Reason::VendorBusy => "The vendor takes no more requests just now. The purchase is tried again by itself.",
        Reason::CredentialsRefused => {
            "The vendor account needs the operator, who has been told. The purchase is then tried again."
        }
        Reason::AccountUnavailable => {
            "The vendor account needs the operator, who has been told. The purchase is then tried again."
        }
        Reason::AccountPaused => {
            "Purchases from this vendor account wait until it answers reliably again. Yours is then made by itself."
        }
        Reason::NotProcessed => "The purchase was not processed yet. It is tried again by itself.",
        Reason::AnswerLost => {
            "The vendor's answer was lost: a test may have been bought. Do not order again; this is being settled."
        }
        Reason::CallAbandoned => {
            "The purchase was cut short: a test may have been bought. Do not order again; this is being settled."
        }
        Reason::SoldReferenceUnknown => {
            "The vendor sold the test and has not said which. Do not order again; this is being settled."
        }
        Reason::ReferenceTaken => {
            "The vendor named a test that is another reservation's. Do not order again; this is being settled."
        }
        Reason::VendorRefused => "The vendor refused.",
        Reason::OutOfTests => "The vendor account has no tests left.",
        Reason::GivenUp => "The operator ended the purchase without a test. A new order needs a new Idempotency-Key.",
        Reason::VendorReview => "The vendor reviews the attempt.",
        Reason::VendorProblem => "The vendor saw a technical problem.",
        Reason::ResultOverdue => "The result has been missing for long. The operator has been told.",
        Reason::ResultUnreadable => {
            "The test was sat and graded, and its scores are being checked. The operator has been told."
        }
        Reason::Reset => "The vendor had the test sat again. The result is that of the new attempt.",
    }
}

#[cfg(test)]
mod tests {
    use shared_core::domain::reservation::Status;

    use super::*;

    const DOCS: &str = include_str!("../README.md");

    /// Leads through all reasons; a new one does not compile until it has its place.
    fn after(reason: Reason) -> Option<Reason> {
        Some(match reason {
            Reason::VendorUnreachable => Reason::VendorBusy,
            Reason::VendorBusy => Reason::CredentialsRefused,
            Reason::CredentialsRefused => Reason::AccountUnavailable,
            Reason::AccountUnavailable => Reason::AccountPaused,
            Reason::AccountPaused => Reason::NotProcessed,
            Reason::NotProcessed => Reason::AnswerLost,
            Reason::AnswerLost => Reason::CallAbandoned,
            Reason::CallAbandoned => Reason::SoldReferenceUnknown,
            Reason::SoldReferenceUnknown => Reason::ReferenceTaken,
            Reason::ReferenceTaken => Reason::VendorRefused,
            Reason::VendorRefused => Reason::OutOfTests,
            Reason::OutOfTests => Reason::GivenUp,
            Reason::GivenUp => Reason::VendorReview,
            Reason::VendorReview => Reason::VendorProblem,
            Reason::VendorProblem => Reason::ResultOverdue,
            Reason::ResultOverdue => Reason::ResultUnreadable,
            Reason::ResultUnreadable => Reason::Reset,
            Reason::Reset => return None,
        })
    }

    #[test]
    fn every_reason_is_documented() {
        for reason in std::iter::successors(Some(Reason::VendorUnreachable), |reason| after(*reason)) {
            let name = serde_json::to_value(reason).unwrap();
            let row = format!("| `{}` |", name.as_str().unwrap());
            assert!(DOCS.contains(&row), "README.md has no row {row}");
        }
    }

    #[test]
    fn every_status_is_documented() {
        for status in Status::ALL {
            let row = format!("| `{}` |", status.as_str());
            assert!(DOCS.contains(&row), "README.md has no row {row}");
        }
    }
}
