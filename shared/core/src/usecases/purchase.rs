//! One purchase call, from its lease to its written outcome.

use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};
use jiff::Timestamp;

use super::Timeouts;
use super::commit::{CommitOutcome, Writer};
use crate::domain::breaker::CallSignal;
use crate::domain::reservation::{CallOutcome, Event, Evidence, NotProcessed, Reservation, Source, State, Unknown};
use crate::ports::{Alerts, BackendError, Breakers, Clock, Purchase, Queue, ResultMessage, Store};

/// The ports that a purchase needs.
pub struct Buying<'a, S, V, Q, A, C, B> {
    /// The reservations.
    pub store: &'a S,
    /// The vendors.
    pub vendor: &'a V,
    /// The other functions.
    pub queue: &'a Q,
    /// The accounts' circuit breakers.
    pub breakers: &'a B,
    /// The operator.
    pub alerts: &'a A,
    /// The time.
    pub clock: &'a C,
    /// The times.
    pub timeouts: &'a Timeouts,
}

/// A purchase's outcome as it was written, with what only the answer had.
#[derive(Debug, Clone, PartialEq)]
pub struct PurchaseResult {
    /// The reservation as it is now.
    pub reservation: Reservation,
    /// What opens the test, if the vendor's answer to this very call said.
    pub launch: Option<crate::domain::launch::Launch>,
}

impl<S: Store, V: Purchase, Q: Queue, A: Alerts, C: Clock, B: Breakers> Buying<'_, S, V, Q, A, C, B> {
    /// Makes the call that the reservation's lease is for and writes how it
    /// ended. `left` is the time that this invocation still has.
    pub async fn call(&self, reservation: Reservation, left: Duration) -> Result<PurchaseResult, BackendError> {
        let (call_no, begun) = (reservation.calls, self.clock.now());
        let outcome = match left.checked_sub(self.timeouts.write_margin) {
            // Nothing has left yet, so handing over is safe; later it would not be.
            None => no_time(),
            Some(budget) if budget < self.timeouts.call => no_time(),
            Some(_) => self.vendor.purchase(&reservation.order, call_no, self.timeouts.call).await,
        };
        let launch = match &outcome {
            CallOutcome::Confirmed { launch, .. } => launch.clone(),
            _ => None,
        };
        let (account, sign) = (reservation.order.account.clone(), CallSignal::from(&outcome));
        let holder = holder(&reservation);
        let left = self.left(left, begun);
        let written = self.write_outcome(reservation, call_no, outcome, left).await;
        // On the ordinary path this is over before the clock is asked.
        let time_out = pin!(self.clock.sleep(self.timeouts.handoff_margin));
        select(pin!(self.record_call_result(&account, &holder, sign)), time_out).await;
        Ok(PurchaseResult { reservation: written?, launch })
    }

    /// Writes an outcome. If that fails, or takes longer than this invocation may
    /// live, the outcome itself is handed to the `results` queue: what the vendor
    /// said must not be lost. Both may then happen, which is harmless.
    pub(super) async fn write_outcome(
        &self,
        reservation: Reservation,
        call_no: u32,
        outcome: CallOutcome,
        left: Duration,
    ) -> Result<Reservation, BackendError> {
        let unwritten = reservation.clone();
        match self.record_in_time(reservation, call_no, &outcome, left).await {
            Ok(reservation) => Ok(reservation),
            Err(outage) => {
                self.alerts.note(&outage, unwritten.id().as_str());
                let reservation_id = unwritten.id().clone();
                let message = ResultMessage::Outcome { reservation_id, call_no, outcome };
                self.queue.record(&message, Duration::ZERO).await?;
                Ok(unwritten)
            }
        }
    }

    async fn record_in_time(
        &self,
        reservation: Reservation,
        call_no: u32,
        outcome: &CallOutcome,
        left: Duration,
    ) -> Result<Reservation, BackendError> {
        let writing = pin!(self.record(reservation, call_no, outcome));
        let time_out = pin!(self.clock.sleep(left.saturating_sub(self.timeouts.handoff_margin)));
        match select(writing, time_out).await {
            Either::Left((written, _)) => written,
            Either::Right(_) => {
                Err(BackendError { operation: "write an outcome in time", source: "it took too long".into() })
            }
        }
    }

    /// What is left of a time that was measured at some moment.
    pub(super) fn left(&self, then: Duration, at: Timestamp) -> Duration {
        let gone = Duration::try_from(self.clock.now().duration_since(at)).unwrap_or_default();
        then.saturating_sub(gone)
    }

    /// Writes an outcome, also one that comes back from the queue.
    pub async fn record(
        &self,
        reservation: Reservation,
        call_no: u32,
        outcome: &CallOutcome,
    ) -> Result<Reservation, BackendError> {
        let event = Event::CallEnded { call_no, outcome: outcome.clone() };
        match self.settle(reservation, &event).await? {
            CommitOutcome::ReferenceTaken(reservation) => {
                let event = Event::CallEnded { call_no, outcome: self.taken(call_no, outcome) };
                Ok(self.settle(*reservation, &event).await?.into_reservation())
            }
            settled => Ok(settled.into_reservation()),
        }
    }

    async fn settle(&self, reservation: Reservation, event: &Event) -> Result<CommitOutcome, BackendError> {
        self.writer().settle_and_hand_on(self.queue, reservation, event, &Source::VendorAnswer, None).await
    }

    pub(super) fn writer(&self) -> Writer<'_, S, A, C> {
        let Buying { store, alerts, clock, timeouts, .. } = *self;
        Writer { store, alerts, clock, timeouts }
    }

    /// The vendor named a test that is somebody else's: kept, alerted, and in
    /// doubt, since we can't tell what it sold.
    fn taken(&self, call_no: u32, outcome: &CallOutcome) -> CallOutcome {
        let mut evidence = Evidence::without_answer(call_no, self.clock.now(), Unknown::ReferenceTaken);
        if let CallOutcome::Confirmed { reference, .. } = outcome {
            evidence.reference = Some(reference.clone());
        }
        CallOutcome::Unknown(evidence)
    }
}

/// Who makes the call that is out.
fn holder(reservation: &Reservation) -> String {
    match &reservation.state {
        State::Calling { lease, .. } => lease.holder.clone(),
        _ => String::new(),
    }
}

fn no_time() -> CallOutcome {
    CallOutcome::NotProcessed { why: NotProcessed::NoTime, retry_after: None, detail: None }
}

#[cfg(test)]
mod tests;
