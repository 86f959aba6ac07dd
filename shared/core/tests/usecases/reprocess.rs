use shared_core::usecases::reprocess::*;

use super::*;

fn read(status: ReportedStatus) -> KeptReport {
    KeptReport { report: report(VendorReference::itep("A1"), status, at(20)), attempt: 1 }
}

#[test]
fn what_can_be_read_now_is_applied_in_the_operators_name_also_when_others_write_first() {
    let world = World::with([ready(order("a"), "A1")]).at(50);
    world.kept().overtaken = 1;
    let graded = read(ReportedStatus::Completed(Box::default()));
    let reprocess = |world: &World| {
        let (ada, why) = ("ada".to_owned(), "mended".to_owned());
        wait(usecases::reprocess::reprocess(world, world.reservation_of("a"), graded.clone(), ada, why)).unwrap()
    };
    let ReprocessOutcome::Written(change) = reprocess(&world) else { panic!("it is written") };
    assert_eq!((change.after.status(), change.entry.event), (Status::Completed, EventName::ReportReprocessed));
    assert_eq!(world.last_entry().source, Source::Operator { name: "ada".to_owned() });
    assert_eq!(reprocess(&world), ReprocessOutcome::NothingNew);
}

#[test]
fn trying_it_writes_nothing() {
    let world = World::with([ready(order("a"), "A1")]).at(50);
    let graded = read(ReportedStatus::Completed(Box::default()));
    let tried = plan_reprocess(&world, &world.reservation_of("a"), graded);
    assert!(matches!(tried, ReprocessOutcome::Written(change) if change.after.status() == Status::Completed));
    let begun = read(ReportedStatus::InProgress);
    let refused = reprocess(&world, world.reservation_of("a"), begun, "ada".to_owned(), "mended".to_owned());
    assert!(matches!(wait(refused).unwrap(), ReprocessOutcome::Written(change) if !change.is_applied()));
    let unread = read(ReportedStatus::UnknownStatus { text: "odd".to_owned() });
    assert_eq!(plan_reprocess(&world, &world.reservation_of("a"), unread), ReprocessOutcome::NothingNew);
    assert_eq!((world.writes(), world.reservation_of("a").status()), (0, Status::Ready));
}
