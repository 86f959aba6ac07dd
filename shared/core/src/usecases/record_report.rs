//! Applies a vendor's report to its reservation, or quarantines it.

use std::time::Duration;

use super::commit::{CommitOutcome, apply_and_commit};
use crate::domain::ids::Account;
use crate::domain::reservation::{Alert, Change, Event, NoteReason, Report, Reservation, Source};
use crate::ports::{
    AlertSubject, Alerts, AuthOutcome, BackendError, Env, InboundWebhook, ParsedReport, Quarantine, Quarantined, Queue,
    ResultMessage, Store,
};

/// What became of a delivery.
#[derive(Debug, Clone, PartialEq)]
pub enum RecordOutcome {
    /// It reached its reservation: applied, or noted.
    Written(Box<Change>),
    /// It was known already.
    Duplicate,
    /// It fits no reservation yet; it was enqueued again.
    Deferred,
    /// It is kept for the operator.
    Quarantined,
}

/// Where a report belongs.
enum Match {
    Reservation(Box<Reservation>),
    NotYet,
    Never(&'static str),
}

/// Applies a report whose sender is verified, or for which an operator answers.
///
/// # Errors
/// Storage or queue failed; the report must be delivered again.
pub async fn record_report<E: Env<Store: Quarantine>>(
    env: &E,
    webhook: InboundWebhook,
    report: ParsedReport,
) -> Result<RecordOutcome, BackendError> {
    let account = Account { vendor: report.reference.vendor(), name: webhook.account.clone() };
    match find(env, &account, &report).await? {
        Match::Reservation(reservation) => apply(env, *reservation, webhook, report).await,
        Match::NotYet => defer(env, webhook).await,
        Match::Never(why) => quarantine(env, webhook, why).await,
    }
}

/// Keeps a report that cannot be used, and tells the operator.
///
/// # Errors
/// Storage failed.
pub async fn quarantine<E: Env<Store: Quarantine>>(
    env: &E,
    webhook: InboundWebhook,
    why: &str,
) -> Result<RecordOutcome, BackendError> {
    let item = Quarantined::new(webhook, why, env.now());
    env.store().keep(&item).await?;
    env.alerts().raise(Alert::Quarantined, AlertSubject::InboundWebhook(&item.receipt));
    Ok(RecordOutcome::Quarantined)
}

/// By the reservation that the report names, cross-checked; else by its test.
async fn find<E: Env>(env: &E, account: &Account, report: &ParsedReport) -> Result<Match, BackendError> {
    let named = match &report.reservation_id {
        Some(id) => Some(id.clone()),
        None => env.store().owner(account, report.reference.test()).await?,
    };
    let Some(id) = named else { return Ok(Match::NotYet) };
    let Some(reservation) = env.store().reservation(&id).await? else { return Ok(Match::NotYet) };
    let is_other_test = reservation.reference.as_ref().is_some_and(|known| !known.is_same_test(&report.reference));
    Ok(if reservation.order.account != *account {
        Match::Never("the report names a reservation of another account")
    } else if is_other_test {
        Match::Never("its OID and its TestID belong to different tests")
    } else {
        Match::Reservation(Box::new(reservation))
    })
}

async fn apply<E: Env<Store: Quarantine>>(
    env: &E,
    reservation: Reservation,
    webhook: InboundWebhook,
    parsed: ParsedReport,
) -> Result<RecordOutcome, BackendError> {
    let ParsedReport { reference, status, unreadable, raw, .. } = parsed;
    let (receipt, digest) = (Some(webhook.id.clone()), raw.digest.clone());
    let observed_at = webhook.received_at;
    let report = Box::new(Report { receipt, digest, reference, observed_at, status, unreadable });
    let (event, source) = match &webhook.authenticated {
        AuthOutcome::Trusted { by, why } => {
            (Event::Trusted(report, why.clone()), Source::Operator { name: by.clone() })
        }
        _ => (Event::Reported(report), Source::VendorWebhook),
    };
    match apply_and_commit(env, reservation, &event, &source, Some(&raw)).await? {
        CommitOutcome::Written(change) if change.entry.why == Some(NoteReason::OtherTest) => {
            quarantine(env, webhook, "its OID and its TestID belong to different tests").await
        }
        CommitOutcome::Written(change) => Ok(RecordOutcome::Written(change)),
        CommitOutcome::Duplicate(_) => Ok(RecordOutcome::Duplicate),
        CommitOutcome::ReferenceTaken(_) => quarantine(env, webhook, "its TestID belongs to another reservation").await,
    }
}

/// A report may outrun our own write of the reference: it is tried again for
/// a while before it is taken for a stranger's.
async fn defer<E: Env<Store: Quarantine>>(env: &E, webhook: InboundWebhook) -> Result<RecordOutcome, BackendError> {
    let age = env.now().duration_since(webhook.received_at);
    if Duration::try_from(age).unwrap_or_default() >= env.timeouts().match_timeout {
        return quarantine(env, webhook, "no reservation has its OID or its TestID").await;
    }
    env.queue().record(&ResultMessage::InboundWebhook(webhook), env.timeouts().match_retry).await?;
    Ok(RecordOutcome::Deferred)
}
