//! Applying a report of iTEP's to the reservation that it is about.

use std::time::Duration;

use super::Timeouts;
use super::commit::{CommitOutcome, Writer};
use crate::domain::ids::{Account, AccountName, ReservationId, Vendor, VendorReference};
use crate::domain::reservation::{Alert, Change, Event, NoteReason, Report, ReportedStatus, Reservation, Source};
use crate::domain::test_result::ScoreField;
use crate::ports::{
    Alerts, AuthOutcome, BackendError, Clock, InboundWebhook, Quarantine, Quarantined, Queue, RawDocument,
    ResultMessage, Store,
};

/// A report of iTEP's as it was read.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadReport {
    /// The reservation that it names (its `OID`), where it names one of ours.
    pub reservation_id: Option<ReservationId>,
    /// iTEP's `TestID`.
    pub test_id: String,
    /// What it says.
    pub status: ReportedStatus,
    /// Scores that are there and cannot be read with certainty.
    pub unreadable: Vec<ScoreField>,
    /// The document.
    pub raw: RawDocument,
}

/// What became of a delivery.
#[derive(Debug, Clone, PartialEq)]
pub enum RecordOutcome {
    /// It reached its reservation: applied, or noted.
    Written(Box<Change>),
    /// It was known already.
    Duplicate,
    /// It fits no reservation yet; it was sent round again.
    Deferred,
    /// It is kept for the operator.
    Quarantined,
}

/// The ports that a report needs.
pub struct Recording<'a, S, K, Q, A, C> {
    /// The reservations.
    pub store: &'a S,
    /// What could not be used.
    pub quarantine: &'a K,
    /// The other functions.
    pub queue: &'a Q,
    /// The operator.
    pub alerts: &'a A,
    /// The time.
    pub clock: &'a C,
    /// The times.
    pub timeouts: &'a Timeouts,
}

/// Where a report belongs.
enum Match {
    Reservation(Box<Reservation>),
    NotYet,
    Never(&'static str),
}

impl<S: Store, K: Quarantine, Q: Queue, A: Alerts, C: Clock> Recording<'_, S, K, Q, A, C> {
    /// Applies a report whose sender is verified, or for which an operator answers.
    pub async fn record(&self, receipt: InboundWebhook, read: ReadReport) -> Result<RecordOutcome, BackendError> {
        match self.find(&receipt.account, &read).await? {
            Match::Reservation(reservation) => self.apply(*reservation, receipt, read).await,
            Match::NotYet => self.defer(receipt).await,
            Match::Never(why) => self.quarantine(receipt, why).await,
        }
    }

    /// Keeps a report that cannot be used, and tells the operator.
    pub async fn quarantine(&self, receipt: InboundWebhook, why: &str) -> Result<RecordOutcome, BackendError> {
        let about = receipt.id.to_string();
        let (why, at) = (why.to_owned(), self.clock.now());
        let item = Quarantined { receipt, why, at, replayed_at: None, dismissed: None };
        self.quarantine.keep(&item).await?;
        self.alerts.raise(Alert::Quarantined, &about);
        Ok(RecordOutcome::Quarantined)
    }

    /// By the reservation that the report names, cross-checked; else by its test.
    async fn find(&self, account: &AccountName, read: &ReadReport) -> Result<Match, BackendError> {
        let named = match &read.reservation_id {
            Some(id) => Some(id.clone()),
            None => {
                let account = Account { vendor: Vendor::Itep, name: account.clone() };
                self.store.owner(&account, &read.test_id).await?
            }
        };
        let Some(id) = named else { return Ok(Match::NotYet) };
        let Some(reservation) = self.store.reservation(&id).await? else { return Ok(Match::NotYet) };
        Ok(if reservation.vendor() != Vendor::Itep || reservation.order.account.name != *account {
            Match::Never("the report names a reservation of another account")
        } else if is_other_test(&reservation, &read.test_id) {
            Match::Never("its OID and its TestID belong to different tests")
        } else {
            Match::Reservation(Box::new(reservation))
        })
    }

    async fn apply(
        &self,
        reservation: Reservation,
        receipt: InboundWebhook,
        read: ReadReport,
    ) -> Result<RecordOutcome, BackendError> {
        let report = Box::new(Report {
            receipt: Some(receipt.id.clone()),
            digest: read.raw.digest.clone(),
            reference: VendorReference::itep(&read.test_id),
            observed_at: receipt.received_at,
            status: read.status,
            unreadable: read.unreadable,
        });
        let (event, source) = match &receipt.authenticated {
            AuthOutcome::Trusted { by, why } => {
                (Event::Trusted(report, why.clone()), Source::Operator { name: by.clone() })
            }
            _ => (Event::Reported(report), Source::VendorWebhook),
        };
        let Recording { store, queue, alerts, clock, timeouts, .. } = *self;
        let writer = Writer { store, alerts, clock, timeouts };
        match writer.settle_and_hand_on(queue, reservation, &event, &source, Some(&read.raw)).await? {
            CommitOutcome::Written(change) if change.entry.why == Some(NoteReason::OtherTest) => {
                self.quarantine(receipt, "its OID and its TestID belong to different tests").await
            }
            CommitOutcome::Written(change) => Ok(RecordOutcome::Written(change)),
            CommitOutcome::Duplicate(_) => Ok(RecordOutcome::Duplicate),
            CommitOutcome::ReferenceTaken(_) => {
                self.quarantine(receipt, "its TestID belongs to another reservation").await
            }
        }
    }

    /// A report may outrun our own write of the reference: it is tried again for
    /// a while before it is taken for a stranger's.
    async fn defer(&self, receipt: InboundWebhook) -> Result<RecordOutcome, BackendError> {
        let age = self.clock.now().duration_since(receipt.received_at);
        if Duration::try_from(age).unwrap_or_default() >= self.timeouts.match_timeout {
            return self.quarantine(receipt, "no reservation has its OID or its TestID").await;
        }
        self.queue.record(&ResultMessage::InboundWebhook(receipt), self.timeouts.match_retry).await?;
        Ok(RecordOutcome::Deferred)
    }
}

fn is_other_test(reservation: &Reservation, test_id: &str) -> bool {
    reservation.reference.as_ref().is_some_and(|reference| reference.test() != test_id)
}

#[cfg(test)]
mod tests;
