//! The rules of giving a reservation another test than the one it was taken to have.

use super::transition::{APPLIED, Draft, RuleOutcome};
use super::{Attempt, Effect, NoteReason, State, Status};
use crate::domain::ids::VendorReference;

impl Draft<'_> {
    /// What was heard of the wrong test is nothing heard of the right one: a sitting
    /// of it stays as an attempt of its own, and the right test begins another.
    pub(super) fn reference_corrected(&mut self, reference: &VendorReference) -> RuleOutcome {
        let Some(wrong) = self.reservation.reference.clone() else {
            return RuleOutcome::Refused(match self.reservation.state {
                State::Queued { .. } | State::Calling { .. } | State::InDoubt { .. } => NoteReason::PurchaseInProgress,
                _ => NoteReason::Ended,
            });
        };
        if wrong.is_same_test(reference) {
            return RuleOutcome::Duplicate;
        }
        // Its results stand in attempts of their own, and none of them would show again.
        if self.reservation.has_released(reference) && self.reservation.holds_result() {
            return RuleOutcome::Refused(NoteReason::Begun);
        }
        self.reservation.released.retain(|released| !released.is_same_test(reference));
        // Its sale, heard again, is none beyond the one that is used.
        self.reservation.released.push(wrong.clone());
        self.reservation.reference = Some(reference.clone());
        self.reservation.password = None;
        self.effects.push(Effect::Release(wrong));
        // A test that was sold beyond the one that is used is the reservation's already.
        if self.reservation.has_surplus(reference) {
            self.reservation.surplus.retain(|surplus| !surplus.reference.is_same_test(reference));
        } else {
            self.effects.push(Effect::Claim(reference.clone()));
        }
        let unused = matches!(self.reservation.state, State::Ready | State::Expired | State::Cancelled);
        if unused && !self.reservation.attempt().is_graded() {
            let last = self.reservation.attempts.len() - 1;
            self.reservation.attempts[last] =
                Attempt::of_another_test(self.reservation.attempts[last].number, self.reservation.status());
        } else {
            let number = self.reservation.attempt().number + 1;
            self.reservation.attempts.push(Attempt::of_another_test(number, Status::Ready));
            self.enter(State::Ready);
        }
        APPLIED
    }
}
