//! Having a kept report read again, once the hub has learnt to read it.

use super::commit::CommitOutcome;
use super::settle_doubt::Settling;
use crate::domain::reservation::{Change, Decision, Event, Report, Reservation, Source};
use crate::ports::{Alerts, BackendError, Clock, Queue, Store};

/// A kept report as it reads now, and the sitting that was open when it came.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadAgain {
    /// What it says; its time is that of its receipt.
    pub report: Report,
    /// The sitting.
    pub attempt: u32,
}

/// What became of a report that was read again.
#[derive(Debug, Clone, PartialEq)]
pub enum Reprocessed {
    /// It was applied, or would be, or it would be refused.
    Written(Box<Change>),
    /// It says nothing that is not known.
    NothingNew,
    /// Its test belongs to another reservation by now; nothing was written.
    ReferenceTaken,
}

impl<S: Store, Q: Queue, A: Alerts, C: Clock> Settling<'_, S, Q, A, C> {
    /// Reads a kept report again, in the operator's name; what would only be refused is
    /// not written. What somebody else writes meanwhile is no harm: the report counts as
    /// of when it came.
    ///
    /// # Errors
    /// Storage failed.
    pub async fn reprocess(
        &self,
        reservation: Reservation,
        read: ReadAgain,
        operator: String,
        reason: String,
    ) -> Result<Reprocessed, BackendError> {
        let tried = self.try_reprocess(&reservation, read.clone());
        if !matches!(&tried, Reprocessed::Written(change) if change.is_applied()) {
            return Ok(tried);
        }
        let source = Source::Operator { name: operator };
        // The document is kept already.
        Ok(match self.writer().settle(reservation, &event(read, reason), &source, None).await? {
            CommitOutcome::Written(change) => Reprocessed::Written(change),
            CommitOutcome::Duplicate(_) => Reprocessed::NothingNew,
            CommitOutcome::ReferenceTaken(_) => Reprocessed::ReferenceTaken,
        })
    }

    /// The same without writing anything.
    pub fn try_reprocess(&self, reservation: &Reservation, read: ReadAgain) -> Reprocessed {
        let source = Source::Operator { name: String::new() };
        match reservation.apply(&event(read, String::new()), source, self.clock.now(), &self.timeouts.policy) {
            Decision::Write(change) => Reprocessed::Written(change),
            Decision::Duplicate => Reprocessed::NothingNew,
        }
    }
}

fn event(read: ReadAgain, reason: String) -> Event {
    Event::Reprocessed { report: Box::new(read.report), attempt: read.attempt, reason }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::{Digest, VendorReference};
    use crate::domain::reservation::{EventName, ReportedStatus, Status};
    use crate::usecases::testing::*;

    fn settling(world: &World) -> Settling<'_, World, World, World, World> {
        Settling { store: world, queue: world, alerts: world, clock: world, timeouts: &TIMEOUTS }
    }

    fn read(status: ReportedStatus) -> ReadAgain {
        let reference = VendorReference::itep("A1");
        let report = Report {
            receipt: None,
            digest: Digest::of(b"kept"),
            reference,
            observed_at: at(20),
            status,
            unreadable: Vec::new(),
        };
        ReadAgain { report, attempt: 1 }
    }

    #[test]
    fn what_can_be_read_now_is_applied_in_the_operators_name_also_when_others_write_first() {
        let world = World::with([ready(order("a"), "A1")]).at(50);
        world.kept().overtaken = 1;
        let graded = read(ReportedStatus::Completed(Box::default()));
        let reprocess = |world: &World| {
            let (ada, why) = ("ada".to_owned(), "mended".to_owned());
            wait(settling(world).reprocess(world.reservation_of("a"), graded.clone(), ada, why)).unwrap()
        };
        let Reprocessed::Written(change) = reprocess(&world) else { panic!("it is written") };
        assert_eq!((change.after.status(), change.entry.event), (Status::Completed, EventName::ReportReprocessed));
        assert_eq!(world.last_entry().source, Source::Operator { name: "ada".to_owned() });
        assert_eq!(reprocess(&world), Reprocessed::NothingNew);
    }

    #[test]
    fn trying_it_writes_nothing() {
        let world = World::with([ready(order("a"), "A1")]).at(50);
        let graded = read(ReportedStatus::Completed(Box::default()));
        let tried = settling(&world).try_reprocess(&world.reservation_of("a"), graded);
        assert!(matches!(tried, Reprocessed::Written(change) if change.after.status() == Status::Completed));
        let begun = read(ReportedStatus::InProgress);
        let settling = settling(&world);
        let refused = settling.reprocess(world.reservation_of("a"), begun, "ada".to_owned(), "mended".to_owned());
        assert!(matches!(wait(refused).unwrap(), Reprocessed::Written(change) if !change.is_applied()));
        let unread = read(ReportedStatus::UnknownStatus { text: "odd".to_owned() });
        assert_eq!(settling.try_reprocess(&world.reservation_of("a"), unread), Reprocessed::NothingNew);
        assert_eq!((world.writes(), world.reservation_of("a").status()), (0, Status::Ready));
    }
}
