//! When a reservation is due for the sweep.

use jiff::Timestamp;

use super::{Policy, Reason, Reservation, State};
use crate::domain::deadline::later;

/// When the sweep must look at the reservation; `None` while nothing is owed.
pub(super) fn next(reservation: &Reservation, policy: &Policy) -> Option<Timestamp> {
    match &reservation.state {
        State::AwaitingScore { since } | State::UnderReview { since } => {
            (!reservation.is_overdue()).then(|| later(*since, policy.result_overdue))
        }
        State::InDoubt { .. } if may_ask(reservation) => reservation.doubt_quiet_from(policy),
        State::InDoubt { .. } => reservation.resend_from(policy),
        _ => first(reservation),
    }
}

impl Reservation {
    /// Whether a call may be begun now. A test past its expiry is not bought, nor one
    /// that waits for what only a later release knows.
    pub fn may_call(&self, now: Timestamp) -> bool {
        let is_due = matches!(self.state, State::Queued { retry_at, .. } if retry_at <= now);
        is_due && !self.is_past_expiry(now) && !matches!(self.reason, Some(Reason::Other(_)))
    }

    /// Whether an unused test is past its expiry.
    pub fn is_past_expiry(&self, now: Timestamp) -> bool {
        self.order.expires_at <= now
    }

    /// From when on a look-up that finds nothing proves that nothing was sold;
    /// `None` where nothing is in doubt.
    pub fn doubt_quiet_from(&self, policy: &Policy) -> Option<Timestamp> {
        let State::InDoubt { since } = self.state else { return None };
        // The worker may have been alive after its lease: what it saw last counts.
        let seen = self.evidence.iter().filter(|evidence| evidence.call_no == self.calls).map(|evidence| evidence.at);
        Some(later(seen.fold(since, Timestamp::max), policy.doubt_quiet))
    }
}

/// Whether the vendor can be asked what it sold. A test that was handed out twice
/// is the operator's to settle: the vendor's own word is what is in doubt.
fn may_ask(reservation: &Reservation) -> bool {
    let is_settled = reservation.reason == Some(Reason::ReferenceTaken) || reservation.is_doubt_unknown();
    reservation.vendor().capabilities().look_up && !is_settled
}

/// The same for the states that a policy does not bear on.
pub(super) fn first(reservation: &Reservation) -> Option<Timestamp> {
    match &reservation.state {
        State::Queued { retry_at, .. } => Some((*retry_at).min(reservation.order.expires_at)),
        State::Calling { lease, .. } => Some(lease.until),
        State::Ready => (!reservation.was_sat()).then_some(reservation.order.expires_at),
        _ => None,
    }
}
