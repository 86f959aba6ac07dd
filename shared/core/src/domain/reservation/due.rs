//! When a reservation next needs attention.

use jiff::Timestamp;

use super::{Policy, Reason, Reservation, State};

/// When the sweep must look at the reservation; `None` while nothing is owed.
pub(super) fn next(reservation: &Reservation, policy: &Policy) -> Option<Timestamp> {
    match &reservation.state {
        State::AwaitingScore { since } | State::UnderReview { since } => {
            let told = reservation.reason == Some(Reason::ResultOverdue);
            (!told).then(|| later(*since, policy.result_overdue))
        }
        _ => first(reservation),
    }
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

/// A time plus a span, held at the end of time.
pub(super) fn later(time: Timestamp, span: std::time::Duration) -> Timestamp {
    time.checked_add(span).unwrap_or(Timestamp::MAX)
}
