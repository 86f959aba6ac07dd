//! The rules of giving a reservation another test than the one it was taken to have.

use super::transition::{APPLIED, Draft, Ruling};
use super::{Attempt, Effect, State, Status, Why};
use crate::domain::ids::VendorReference;

impl Draft<'_> {
    /// What was heard of the wrong test is nothing heard of the right one: a sitting
    /// of it stays as an attempt of its own, and the right test begins another.
    pub(super) fn reference_corrected(&mut self, reference: &VendorReference) -> Ruling {
        let Some(wrong) = self.r.reference.clone() else {
            return Ruling::Refused(match self.r.state {
                State::Queued { .. } | State::Calling { .. } | State::InDoubt { .. } => Why::PurchaseInProgress,
                _ => Why::Ended,
            });
        };
        if wrong.is_same_test(reference) {
            return Ruling::Duplicate;
        }
        // Its results stand in attempts of their own, and none of them would show again.
        if self.r.has_released(reference) && self.r.holds_result() {
            return Ruling::Refused(Why::Begun);
        }
        self.r.released.retain(|released| !released.is_same_test(reference));
        // Its sale, heard again, is none beyond the one that is used.
        self.r.released.push(wrong.clone());
        self.r.reference = Some(reference.clone());
        self.r.password = None;
        self.effects.push(Effect::Release(wrong));
        // A test that was sold beyond the one that is used is the reservation's already.
        if self.r.has_surplus(reference) {
            self.r.surplus.retain(|surplus| !surplus.reference.is_same_test(reference));
        } else {
            self.effects.push(Effect::Claim(reference.clone()));
        }
        let unused = matches!(self.r.state, State::Ready | State::Expired | State::Cancelled);
        if unused && !self.r.attempt().is_graded() {
            let last = self.r.attempts.len() - 1;
            self.r.attempts[last] = Attempt::of_another_test(self.r.attempts[last].number, self.r.status());
        } else {
            let number = self.r.attempt().number + 1;
            self.r.attempts.push(Attempt::of_another_test(number, Status::Ready));
            self.enter(State::Ready);
        }
        APPLIED
    }
}
