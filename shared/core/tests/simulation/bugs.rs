//! Bugs that are put between the hub and its ports, to see that the judge notices.

use shared_core::domain::ids::ReservationId;
use shared_core::domain::reservation::{Reservation, State as Status};
use test_support::{Condition, Memory, WriteOrder};

/// A mistake that a maintainer could make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bug {
    /// The connector takes a lost answer for a call that was not processed.
    UnknownIsNotProcessed,
    /// The connector takes a lost answer for a refusal.
    UnknownIsRefused,
    /// The store writes whatever the `seq`.
    SeqIgnored,
    /// The store writes a new reservation over the one that is there.
    ReserveOverwrites,
    /// A request that is repeated gets another id.
    RepeatIsNew,
    /// The store lets a reference have two owners.
    ClaimsIgnored,
    /// The store forgets when a queued reservation is due.
    DueForgotten,
    /// The webhook function answers before the report is kept.
    AnsweredBeforeKept,
    /// A queue's message is deleted before the work is done.
    DeletedBeforeDone,
    /// A report that fits no reservation yet is dropped.
    StrangersDropped,
    /// A report is dated by when it is processed, not by when it was received.
    DatedWhenProcessed,
    /// When the grade that shows was received is forgotten.
    GradeTimesForgotten,
    /// A look-up that finds nothing counts at once.
    NoQuiet,
    /// What a look-up found (nothing) is given as the answer to the next one too.
    LookUpsCached,
    /// A reservation is withdrawn although its call is out.
    CallsWithdrawn,
    /// A doubtful request is not repeated byte by byte.
    ResentAnew,
    /// The operator is told of a change after it is written.
    ToldAfterwards,
    /// A reference is claimed after the write that names it.
    ClaimedLate,
    /// A document is kept after the write that names it.
    KeptLate,
    /// Old entries are filed after the write that drops them.
    FiledLate,
    /// Old entries are not filed.
    NotFiled,
    /// The newest entry is filed before it is written.
    FiledEarly,
    /// A claim ends before the write that ends it.
    ReleasedEarly,
    /// The vendor breaks the assumption: it sells long after the call.
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
