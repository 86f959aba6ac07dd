//! Settles a doubt by the operator's decision. The reservation's history records it with
//! the operator's name.

use super::commit::commit;
use crate::domain::ids::VendorReference;
use crate::domain::reservation::{CallOutcome, Decision, Event, Reservation, Source, Status};
use crate::ports::{BackendError, Env, WriteOutcome};

/// What the operator found out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// The vendor sold this test.
    Sold(VendorReference),
    /// The vendor sold nothing: buy again.
    NothingSold,
    /// It cannot be found out, or is not worth it.
    GivenUp,
}

/// Why a decision was not taken. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum SettleError {
    /// Storage failed; the decision may have been written.
    #[error(transparent)]
    Backend(#[from] BackendError),
    /// There is nothing to decide.
    #[error("it is not in doubt but {}", .0.as_str())]
    NotInDoubt(Status),
    /// It changed since it was read, so that the decision may rest on what is old.
    #[error("it changed in the meantime; look at it again, then repeat the command")]
    Changed,
    /// The test is another reservation's.
    #[error("the test belongs to another reservation; correct that one first")]
    ReferenceTaken,
}

/// Takes the decision on the reservation as the operator saw it. It is not
/// carried over to what somebody else wrote meanwhile: another call may be in
/// doubt by then.
///
/// # Errors
/// [`SettleError`].
pub async fn settle_doubt<E: Env>(
    env: &E,
    reservation: &Reservation,
    finding: Finding,
    operator: String,
) -> Result<Reservation, SettleError> {
    if reservation.status() != Status::InDoubt {
        return Err(SettleError::NotInDoubt(reservation.status()));
    }
    let event = match finding {
        Finding::Sold(reference) => {
            let outcome = CallOutcome::Confirmed { reference, launch: None };
            Event::CallEnded { call_no: reservation.calls, outcome }
        }
        Finding::NothingSold => Event::NothingSold,
        Finding::GivenUp => Event::GivenUp,
    };
    let source = Source::Operator { name: operator };
    let decision = reservation.apply(&event, source, env.now(), &env.timeouts().policy);
    let Decision::Write(change) = decision else { return Err(SettleError::Changed) };
    match commit(env, &change, None).await? {
        WriteOutcome::Done => Ok(change.after),
        WriteOutcome::Conflict(_) => Err(SettleError::Changed),
        WriteOutcome::ReferenceTaken => Err(SettleError::ReferenceTaken),
    }
}
