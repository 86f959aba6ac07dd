//! What a candidate needs to begin.

use std::time::Duration;

use crate::domain::ids::VendorReference;
use crate::domain::launch::Launch;
use crate::domain::reservation::{Reservation, State};
use crate::ports::{BackendError, Clock, LinkCountOutcome, LinkCounts, Links, LookupError};

/// NoteReason there is nothing to launch.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    /// No test is assigned, or it is over.
    #[error("there is no test to begin")]
    NothingToBegin,
    /// The vendor does not know the candidate's test.
    #[error("the vendor does not know the test")]
    Unknown,
    /// The reservation was given too many links of late.
    #[error("too many links")]
    TooMany {
        /// How long to wait for the next.
        retry_after: Duration,
    },
    /// Its links could not be counted.
    #[error(transparent)]
    BackendError(#[from] BackendError),
    /// The vendor could not be asked.
    #[error(transparent)]
    LookUp(#[from] LookupError),
}

/// Makes launch material: for iTEP from what is stored, for TrueNorth a fresh
/// single-use link, if it had not too many of late. `exam_url` is the account's exam site at iTEP.
pub async fn launch(
    links: &impl Links,
    counts: &impl LinkCounts,
    clock: &impl Clock,
    reservation: &Reservation,
    exam_url: Option<String>,
) -> Result<Launch, LaunchError> {
    let reference = match (&reservation.state, &reservation.reference) {
        (State::Ready | State::InProgress, Some(reference)) => reference,
        _ => return Err(LaunchError::NothingToBegin),
    };
    match reference {
        VendorReference::Itep { test_id } => {
            Ok(Launch::Credentials { url: exam_url, test_id: test_id.clone(), password: reservation.password.clone() })
        }
        VendorReference::Truenorth { .. } => {
            if let LinkCountOutcome::TooMany { retry_after } = counts.count_link(reservation.id(), clock.now()).await? {
                return Err(LaunchError::TooMany { retry_after });
            }
            links.link(&reservation.order, reference).await?.ok_or(LaunchError::Unknown)
        }
    }
}

#[cfg(test)]
mod tests;
