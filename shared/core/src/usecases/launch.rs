//! Fetches what a candidate needs to begin the test.

use std::time::Duration;

use crate::domain::launch::Launch;
use crate::domain::reservation::{Reservation, State};
use crate::ports::{BackendError, LinkCountOutcome, LinkCounts, LookupError, VendorEnv};

/// Why there is nothing to launch.
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
    TooMany { retry_after: Duration },
    #[error(transparent)]
    Backend(#[from] BackendError),
    #[error(transparent)]
    LookUp(#[from] LookupError),
}

/// Makes launch material; links are counted where the vendor makes a new one each time.
///
/// # Errors
/// [`LaunchError`].
pub async fn launch<E: VendorEnv<Store: LinkCounts>>(
    env: &E,
    reservation: &Reservation,
) -> Result<Launch, LaunchError> {
    let (State::Ready | State::InProgress, Some(reference)) = (&reservation.state, &reservation.reference) else {
        return Err(LaunchError::NothingToBegin);
    };
    if reservation.vendor().capabilities().mints_links
        && let LinkCountOutcome::TooMany { retry_after } = env.store().count_link(reservation.id(), env.now()).await?
    {
        return Err(LaunchError::TooMany { retry_after });
    }
    env.vendor(&reservation.order.account).launch(reservation, reference).await?.ok_or(LaunchError::Unknown)
}
