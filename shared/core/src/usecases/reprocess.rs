//! Reads a stored report again, after a release that can read more.

use super::commit::{CommitOutcome, apply_and_commit};
use crate::domain::reservation::{Change, Decision, Event, Report, Reservation, Source};
use crate::ports::{BackendError, Env};

/// A kept report as it reads now, and the sitting that was open when it came.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptReport {
    /// What it says; its time is that of its receipt.
    pub report: Report,
    pub attempt: u32,
}

/// What became of a report that was read again.
#[derive(Debug, Clone, PartialEq)]
pub enum ReprocessOutcome {
    /// It was applied, or would be, or it would be refused.
    Written(Box<Change>),
    /// It says nothing that is not known.
    NothingNew,
    /// Its test belongs to another reservation by now; nothing was written.
    ReferenceTaken,
}

/// Applies a kept report again, in the operator's name; what would only be refused is
/// not written. What somebody else writes meanwhile is no harm: the report counts as
/// of when it came.
///
/// # Errors
/// Storage failed.
pub async fn reprocess<E: Env>(
    env: &E,
    reservation: Reservation,
    report: KeptReport,
    operator: String,
    reason: String,
) -> Result<ReprocessOutcome, BackendError> {
    let planned = plan_reprocess(env, &reservation, report.clone());
    if !matches!(&planned, ReprocessOutcome::Written(change) if change.is_applied()) {
        return Ok(planned);
    }
    let source = Source::Operator { name: operator };
    // The document is kept already.
    Ok(match apply_and_commit(env, reservation, &event(report, reason), &source, None).await? {
        CommitOutcome::Written(change) => ReprocessOutcome::Written(change),
        CommitOutcome::Duplicate(_) => ReprocessOutcome::NothingNew,
        CommitOutcome::ReferenceTaken(_) => ReprocessOutcome::ReferenceTaken,
    })
}

/// What [`reprocess`] would do.
pub fn plan_reprocess<E: Env>(env: &E, reservation: &Reservation, report: KeptReport) -> ReprocessOutcome {
    let source = Source::Operator { name: String::new() };
    match reservation.apply(&event(report, String::new()), source, env.now(), &env.timeouts().policy) {
        Decision::Write(change) => ReprocessOutcome::Written(change),
        Decision::Duplicate => ReprocessOutcome::NothingNew,
    }
}

fn event(KeptReport { report, attempt }: KeptReport, reason: String) -> Event {
    Event::Reprocessed { report: Box::new(report), attempt, reason }
}
