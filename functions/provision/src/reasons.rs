//! The texts of `status_detail`, one for each `status_reason`.

use shared_core::domain::reservation::{Reason, Reservation};

/// The prose beside a reservation's `status_reason`. The vendor's own words appear
/// only where it refused.
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
        Reason::VendorUnreachable => "The vendor could not be reached. The hub tries again.",
        Reason::VendorBusy => "The vendor's rate limit is used up. The hub tries again.",
        Reason::CredentialsRefused => {
            "The vendor refused the hub's credentials. The operator was alerted. The hub tries again."
        }
        Reason::AccountUnavailable => {
            "The vendor account is not set up completely. The operator was alerted. The hub tries again."
        }
        Reason::AccountPaused => {
            "Purchases from this vendor account are paused. The hub buys your test when the account resumes."
        }
        Reason::NotProcessed => "The vendor did not process the purchase. The hub tries again.",
        Reason::AnswerLost => {
            "The vendor's answer was lost or unclear: it may have sold a test. Do not order again; the hub or the operator settles this."
        }
        Reason::CallAbandoned => {
            "The purchase was interrupted: the vendor may have sold a test. Do not order again; the hub or the operator settles this."
        }
        Reason::SoldReferenceUnknown => {
            "The vendor sold a test but did not say which. Do not order again; the hub or the operator settles this."
        }
        Reason::ReferenceTaken => {
            "The vendor named a test that belongs to another reservation. Do not order again; the operator settles this."
        }
        Reason::VendorRefused => "The vendor refused the order.",
        Reason::OutOfTests => "The vendor account has no tests left.",
        Reason::GivenUp => "The operator ended the purchase without a test. To order again, use a new Idempotency-Key.",
        Reason::VendorReview => "The vendor is reviewing the attempt.",
        Reason::VendorProblem => "The vendor reported a technical problem.",
        Reason::ResultOverdue => "The result is overdue. The operator was alerted.",
        Reason::ResultUnreadable => {
            "The test was graded, but its scores cannot be read. The operator was alerted. Do not offer a new test."
        }
        Reason::Reset => "The vendor has the candidate sit the test again. The result will be that of the new attempt.",
        Reason::Other(_) => {
            "A newer release of the hub gave this reason. Go by `status`. Do not order again while it is `pending` or `in_doubt`."
        }
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
            Reason::Reset | Reason::Other(_) => return None,
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
    fn a_reason_of_a_later_release_is_told_as_the_word_it_is_without_its_words() {
        let mut reservation = crate::fixtures::queued();
        reservation.reason = serde_json::from_value("vendor_asleep".into()).unwrap();
        reservation.detail = Some("canary".to_owned());
        let view = serde_json::to_value(crate::view::ReservationView::new(&reservation)).unwrap();
        assert_eq!(view["status_reason"], "vendor_asleep");
        assert!(view["status_detail"].as_str().unwrap().starts_with("A newer release"));
    }

    #[test]
    fn every_status_is_documented() {
        for status in Status::ALL {
            let row = format!("| `{}` |", status.as_str());
            assert!(DOCS.contains(&row), "README.md has no row {row}");
        }
    }
}
