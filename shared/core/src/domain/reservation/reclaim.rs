//! The rules of giving an unused test up, so that it can be sold again.

use jiff::Timestamp;

use super::transition::{APPLIED, Draft, RuleOutcome};
use super::{Effect, NoteReason, Report, ReportedStatus, Reservation, State};
use crate::domain::ids::VendorReference;

impl Draft<'_> {
    /// Whoever is sold the test next owns it; it has one owner at any time. Before
    /// its expiry its candidate may still begin it, also where the client withdrew.
    pub(super) fn reclaimed(&mut self, reference: &VendorReference, seen_at: Timestamp) -> RuleOutcome {
        if self.reservation.has_released(reference) {
            return RuleOutcome::Duplicate;
        }
        match &self.reservation.state {
            State::Expired | State::Cancelled => {}
            State::Queued { .. } | State::Calling { .. } | State::InDoubt { .. } => {
                return RuleOutcome::Refused(NoteReason::PurchaseInProgress);
            }
            State::Ready if !self.reservation.was_sat() => return RuleOutcome::Refused(NoteReason::NotDue),
            State::Rejected => return RuleOutcome::Refused(NoteReason::Ended),
            _ => return RuleOutcome::Refused(NoteReason::Begun),
        }
        if !self.reservation.reference.as_ref().is_some_and(|own| own.is_same_test(reference)) {
            return RuleOutcome::Refused(NoteReason::OtherTest);
        }
        if self.reservation.was_sat() {
            return RuleOutcome::Refused(NoteReason::Begun);
        }
        if seen_at < self.reservation.order.expires_at {
            return RuleOutcome::Refused(NoteReason::NotDue);
        }
        self.effects.extend(self.reservation.reference.take().map(Effect::Release));
        self.reservation.released.push(reference.clone());
        self.reservation.password = None;
        APPLIED
    }

    /// A test that was given up is taken back by fresh word of a sitting alone,
    /// which shows that this candidate had begun it; unless it is another's by then.
    pub(super) fn is_of_a_released_test_unused(&self, report: &Report) -> bool {
        let is_unused = matches!(
            report.status,
            ReportedStatus::Ready | ReportedStatus::Invalidated | ReportedStatus::UnknownStatus { .. }
        );
        self.reservation.has_released(&report.reference) && (is_unused || self.known_already(report).is_some())
    }

    /// Whether the report confuses a test with the one that was given up.
    pub(super) fn is_of_a_test_beside_the_released(&self, report: &Report) -> bool {
        let has_none = self.reservation.reference.is_none() && !self.reservation.released.is_empty();
        has_none && !self.reservation.has_released(&report.reference)
    }
}

impl Reservation {
    /// Whether it ended with a test of its own that nobody is known to have begun.
    pub fn has_unused_test(&self) -> bool {
        matches!(self.state, State::Expired | State::Cancelled) && self.reference.is_some() && !self.was_sat()
    }

    /// Whether a test was sold to it beyond the one that it used.
    pub(super) fn has_surplus(&self, reference: &VendorReference) -> bool {
        self.surplus.iter().any(|surplus| surplus.reference.is_same_test(reference))
    }

    /// Whether a test was its own until it was reclaimed.
    pub fn has_released(&self, reference: &VendorReference) -> bool {
        self.released.iter().any(|released| released.is_same_test(reference))
    }
}
