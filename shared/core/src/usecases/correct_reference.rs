//! Gives a reservation the right test when it was assigned the wrong one.

use super::commit::commit;
use crate::domain::ids::VendorReference;
use crate::domain::reservation::{Change, Decision, Event, NoteReason, Reservation, Source};
use crate::ports::{BackendError, Env, Store, WriteOutcome};

/// A correction, as the operator states it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Correction {
    /// The reservation's own test.
    pub reference: VendorReference,
    pub reason: String,
    pub operator: String,
}

/// Why a reference was not corrected. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum CorrectError {
    /// Storage failed; the correction may have been written.
    #[error(transparent)]
    Backend(#[from] BackendError),
    /// It is the reservation's already.
    #[error("it has this test already")]
    Unchanged,
    /// It was taken to have another test before, and has that one's results: they would
    /// not show again.
    #[error("it had this test before; enter its result with `hubctl result enter`")]
    GoesBack,
    /// It has no test that could be wrong.
    #[error("it has no test to correct: {0:?}")]
    Refused(Option<NoteReason>),
    /// It changed since it was read.
    #[error("it changed in the meantime; look at it again, then repeat the command")]
    Changed,
    /// The test is another reservation's.
    #[error("the test belongs to another reservation; correct that one first")]
    ReferenceTaken,
}

/// What a correction would change, and whether it can be: for a dry run.
///
/// # Errors
/// [`CorrectError`].
pub async fn plan_correction<E: Env>(
    env: &E,
    reservation: &Reservation,
    correction: &Correction,
) -> Result<Box<Change>, CorrectError> {
    let Correction { reference, reason, operator } = correction.clone();
    let owner = env.store().owner(&reservation.order.account, reference.test()).await?;
    if owner.is_some_and(|owner| owner != *reservation.id()) {
        return Err(CorrectError::ReferenceTaken);
    }
    let event = Event::ReferenceCorrected { reference, reason };
    let source = Source::Operator { name: operator };
    match reservation.apply(&event, source, env.now(), &env.timeouts().policy) {
        Decision::Duplicate => Err(CorrectError::Unchanged),
        Decision::Write(change) if change.entry.why == Some(NoteReason::Begun) => Err(CorrectError::GoesBack),
        Decision::Write(change) if !change.is_applied() => Err(CorrectError::Refused(change.entry.why)),
        Decision::Write(change) => Ok(change),
    }
}

/// Corrects the reference of a reservation as the operator saw it: the claim
/// moves in the transaction that writes the reservation.
///
/// # Errors
/// [`CorrectError`].
pub async fn correct_reference<E: Env>(
    env: &E,
    reservation: &Reservation,
    correction: &Correction,
) -> Result<Reservation, CorrectError> {
    let change = plan_correction(env, reservation, correction).await?;
    match commit(env, &change, None).await? {
        WriteOutcome::Done => Ok(change.after),
        WriteOutcome::Conflict(_) => Err(CorrectError::Changed),
        WriteOutcome::ReferenceTaken => Err(CorrectError::ReferenceTaken),
    }
}
