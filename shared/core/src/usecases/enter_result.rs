//! Enters a result by hand that the vendor did not send.

use serde_json::json;

use super::commit::commit;
use crate::domain::ids::Digest;
use crate::domain::reservation::{Decision, Event, NoteReason, Report, ReportedStatus, Reservation, Source};
use crate::domain::test_result::{Scale, TestResult};
use crate::ports::{BackendError, Env, RawDocument, WriteOutcome};

/// Why a result was not entered. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum EnterError {
    /// Storage failed; the result may have been written.
    #[error(transparent)]
    Backend(#[from] BackendError),
    /// Nothing is known to be sold.
    #[error("it has no test at the vendor")]
    NoTest,
    /// What the vendor graded is not overwritten by hand, unless its newest grade cannot be read.
    #[error("it has a result")]
    HasResult,
    /// The score is on no scale of the vendor's.
    #[error("its vendor has no such scale")]
    OtherScale,
    /// The value is not on the scale.
    #[error("the value is not on the scale, which goes from {0} to {1}")]
    OffScale(f64, f64),
    /// It changed since it was read.
    #[error("it changed in the meantime; look at it again, then repeat the command")]
    Changed,
    /// The state machine does not take it.
    #[error("it was refused: {0:?}")]
    Refused(Option<NoteReason>),
}

/// Applies a result as if the vendor had reported it, in the operator's name.
/// What the vendor reports later revises it.
///
/// # Errors
/// [`EnterError`].
pub async fn enter_result<E: Env>(
    env: &E,
    reservation: &Reservation,
    result: TestResult,
    operator: String,
) -> Result<Reservation, EnterError> {
    let reference = reservation.reference.clone().ok_or(EnterError::NoTest)?;
    let attempt = reservation.attempt();
    if attempt.result.is_some() && attempt.unreadable_grade.is_none() {
        return Err(EnterError::HasResult);
    }
    check_scales(&result, reservation.vendor().capabilities().scales)?;
    let raw = document(&result, &operator);
    // Whatever the vendor says is newer, even if it was held up.
    let observed_at = attempt.observed_at.unwrap_or(reservation.created_at);
    let (digest, status) = (raw.digest.clone(), ReportedStatus::Completed(Box::new(result)));
    let report = Report { receipt: None, digest, reference, observed_at, status, unreadable: Vec::new() };
    let (event, source) = (Event::Reported(Box::new(report)), Source::Operator { name: operator });
    let Decision::Write(change) = reservation.apply(&event, source, env.now(), &env.timeouts().policy) else {
        return Err(EnterError::Changed);
    };
    if !change.is_applied() {
        return Err(EnterError::Refused(change.entry.why));
    }
    match commit(env, &change, Some(&raw)).await? {
        WriteOutcome::Done => Ok(change.after),
        WriteOutcome::Conflict(_) | WriteOutcome::ReferenceTaken => Err(EnterError::Changed),
    }
}

fn check_scales(result: &TestResult, scales: &[Scale]) -> Result<(), EnterError> {
    for score in result.overall.iter().chain(result.skills.iter().map(|skill| &skill.score)) {
        if !scales.contains(&score.scale) {
            return Err(EnterError::OtherScale);
        }
        match (score.scale.bounds(), score.value) {
            (Some((low, high)), Some(value)) if !(low..=high).contains(&value) => {
                return Err(EnterError::OffScale(low, high));
            }
            _ => {}
        }
    }
    Ok(())
}

/// What stands for the vendor's document: what was entered, and by whom.
fn document(result: &TestResult, operator: &str) -> RawDocument {
    let bytes = json!({ "entered_by": operator, "result": result }).to_string().into_bytes();
    RawDocument { digest: Digest::sha256(&bytes), bytes }
}
