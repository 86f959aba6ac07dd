//! Bugs that are put between the hub and its ports, to see that the judge notices.

use shared_core::domain::ids::ReservationId;
use shared_core::domain::reservation::{Reservation, State as Status};
use test_support::{Condition, Memory, WriteOrder};

/// Mistakes that a maintainer could make; the tests in `seeded.rs` say each in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bug {
    UnknownIsNotProcessed,
    UnknownIsRefused,
    SeqIgnored,
    ReserveOverwrites,
    RepeatIsNew,
    ClaimsIgnored,
    DueForgotten,
    AnsweredBeforeKept,
    DeletedBeforeDone,
    StrangersDropped,
    DatedWhenProcessed,
    GradeTimesForgotten,
    NoQuiet,
    LookUpsCached,
    CallsWithdrawn,
    ResentAnew,
    ToldAfterwards,
    ClaimedLate,
    KeptLate,
    FiledLate,
    NotFiled,
    FiledEarly,
    ReleasedEarly,
    SoldAfterQuiet,
}

impl Bug {
    /// The condition that the store leaves out.
    pub(crate) fn unchecked(self) -> Option<Condition> {
        match self {
            Bug::SeqIgnored => Some(Condition::SeqIsNext),
            Bug::ReserveOverwrites => Some(Condition::IsNew),
            Bug::ClaimsIgnored => Some(Condition::ClaimIsFree),
            _ => None,
        }
    }

    pub(crate) fn order(self) -> WriteOrder {
        match self {
            Bug::ClaimedLate => WriteOrder::ClaimsLate,
            Bug::KeptLate => WriteOrder::DocumentsLate,
            Bug::FiledLate => WriteOrder::FilesLate,
            Bug::FiledEarly => WriteOrder::FilesEarly,
            Bug::ReleasedEarly => WriteOrder::ReleasesApart,
            _ => WriteOrder::Right,
        }
    }

    /// Makes of what was just written what a mistaken hub would have written.
    pub(crate) fn spoil(self, memory: &mut Memory) {
        for reservation in memory.reservations.values_mut() {
            match self {
                Bug::DueForgotten if matches!(reservation.state, Status::Queued { .. }) && reservation.seq > 1 => {
                    reservation.due_at = None;
                }
                Bug::GradeTimesForgotten => reservation.attempts.iter_mut().for_each(|it| it.graded_at = None),
                _ => {}
            }
        }
        if self == Bug::NotFiled {
            memory.filed.clear();
        }
        if self == Bug::StrangersDropped {
            // Only a report that fits no reservation yet is sent round with a delay.
            memory.results.retain(|(_, delay)| delay.is_zero());
        }
    }
}

/// [`Bug::CallsWithdrawn`]: a call that is out is not seen.
pub(crate) fn unleased(mut reservation: Reservation) -> Reservation {
    if let Status::Calling { lease, tries } = &reservation.state {
        reservation.state = Status::Queued { retry_at: lease.until, tries: *tries };
    }
    reservation
}

/// [`Bug::RepeatIsNew`]: the id of a request that was made so often before.
pub(crate) fn another_id(number: usize, tries: u32) -> ReservationId {
    format!("res_{tries:013}{number:013}").parse().expect("an id")
}
