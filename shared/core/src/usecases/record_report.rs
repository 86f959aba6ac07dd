//! Applying a report of iTEP's to the reservation that it is about.

use std::time::Duration;

use super::Times;
use super::commit::{Settled, Writer};
use crate::domain::ids::{Account, AccountName, ReservationId, Vendor, VendorReference};
use crate::domain::reservation::{Alert, Change, Event, Report, Reported, Reservation, Source, Why};
use crate::domain::result::ScoreField;
use crate::ports::{
    Alerts, AuthOutcome, Clock, Outage, Quarantine, Quarantined, Queue, RawDocument, Receipt, ResultMessage, Store,
};

/// A report of iTEP's as it was read.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadReport {
    /// The reservation that it names (its `OID`), where it names one of ours.
    pub reservation_id: Option<ReservationId>,
    /// iTEP's `TestID`.
    pub test_id: String,
    /// What it says.
    pub says: Reported,
    /// Scores that are there and cannot be read with certainty.
    pub unreadable: Vec<ScoreField>,
    /// The document.
    pub raw: RawDocument,
}

/// What became of a delivery.
#[derive(Debug, Clone, PartialEq)]
pub enum Recorded {
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
    pub times: &'a Times,
}

/// Where a report belongs.
enum Match {
    Reservation(Box<Reservation>),
    NotYet,
    Never(&'static str),
}

impl<S: Store, K: Quarantine, Q: Queue, A: Alerts, C: Clock> Recording<'_, S, K, Q, A, C> {
    /// Applies a report whose sender is verified, or for which an operator answers.
    pub async fn record(&self, receipt: Receipt, read: ReadReport) -> Result<Recorded, Outage> {
        match self.find(&receipt.account, &read).await? {
            Match::Reservation(reservation) => self.apply(*reservation, receipt, read).await,
            Match::NotYet => self.defer(receipt).await,
            Match::Never(why) => self.quarantine(receipt, why).await,
        }
    }

    /// Keeps a report that cannot be used, and tells the operator.
    pub async fn quarantine(&self, receipt: Receipt, why: &str) -> Result<Recorded, Outage> {
        let about = receipt.id.to_string();
        let (why, at) = (why.to_owned(), self.clock.now());
        let item = Quarantined { receipt, why, at, replayed_at: None, dismissed: None };
        self.quarantine.keep(&item).await?;
        self.alerts.raise(Alert::Quarantined, &about);
        Ok(Recorded::Quarantined)
    }

    /// By the reservation that the report names, cross-checked; else by its test.
    async fn find(&self, account: &AccountName, read: &ReadReport) -> Result<Match, Outage> {
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

    async fn apply(&self, reservation: Reservation, receipt: Receipt, read: ReadReport) -> Result<Recorded, Outage> {
        let report = Box::new(Report {
            receipt: Some(receipt.id.clone()),
            digest: read.raw.digest.clone(),
            reference: VendorReference::itep(&read.test_id),
            observed_at: receipt.received_at,
            says: read.says,
            unreadable: read.unreadable,
        });
        let (event, source) = match &receipt.authenticated {
            AuthOutcome::Trusted { by, why } => {
                (Event::Trusted(report, why.clone()), Source::Operator { name: by.clone() })
            }
            _ => (Event::Reported(report), Source::VendorWebhook),
        };
        let Recording { store, queue, alerts, clock, times, .. } = *self;
        let writer = Writer { store, alerts, clock, times };
        match writer.settle_and_hand_on(queue, reservation, &event, &source, Some(&read.raw)).await? {
            Settled::Written(change) if change.entry.why == Some(Why::OtherTest) => {
                self.quarantine(receipt, "its OID and its TestID belong to different tests").await
            }
            Settled::Written(change) => Ok(Recorded::Written(change)),
            Settled::Duplicate(_) => Ok(Recorded::Duplicate),
            Settled::ReferenceTaken(_) => self.quarantine(receipt, "its TestID belongs to another reservation").await,
        }
    }

    /// A report may outrun our own write of the reference: it is tried again for
    /// a while before it is taken for a stranger's.
    async fn defer(&self, receipt: Receipt) -> Result<Recorded, Outage> {
        let age = self.clock.now().duration_since(receipt.received_at);
        if Duration::try_from(age).unwrap_or_default() >= self.times.match_patience {
            return self.quarantine(receipt, "no reservation has its OID or its TestID").await;
        }
        self.queue.record(&ResultMessage::Receipt(receipt), self.times.match_retry).await?;
        Ok(Recorded::Deferred)
    }
}

fn is_other_test(reservation: &Reservation, test_id: &str) -> bool {
    reservation.reference.as_ref().is_some_and(|reference| reference.test() != test_id)
}

#[cfg(test)]
#[path = "record_report_tests.rs"]
mod tests;
