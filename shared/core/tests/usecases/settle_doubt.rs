use shared_core::usecases::settle_doubt::*;

use super::*;

fn doubtful() -> World {
    World::with([in_doubt(order("a"))]).at(100)
}

fn settle(world: &World, finding: Finding) -> Result<Reservation, SettleError> {
    wait(settle_doubt(world, &world.reservation_of("a"), finding, "ada".to_owned()))
}

#[test]
fn each_finding_settles_the_doubt_in_the_operators_name() {
    for (finding, status, fulfilments) in [
        (Finding::Sold(VendorReference::itep("A1")), Status::Ready, 0),
        (Finding::NothingSold, Status::Pending, 1),
        (Finding::GivenUp, Status::Rejected, 0),
    ] {
        let world = doubtful();
        let settled = settle(&world, finding.clone()).unwrap();
        assert_eq!((settled.status(), &settled), (status, &world.reservation_of("a")), "{finding:?}");
        assert_eq!(world.last_entry().source, Source::Operator { name: "ada".to_owned() });
        assert_eq!(world.kept().fulfilments.len(), fulfilments, "{finding:?}");
    }
}

#[test]
fn the_test_that_was_found_is_the_last_calls() {
    let events = [Event::LeaseLapsed { call_no: 1 }, Event::NothingSold];
    let again = story(order("a"), at(90), &events);
    let again = after(again, &Event::CallStarted(lease("worker")), at(95));
    let doubtful = after(again, &Event::LeaseLapsed { call_no: 2 }, at(95));
    let world = World::with([doubtful]).at(200);
    settle(&world, Finding::Sold(VendorReference::itep("A1"))).unwrap();
    assert_eq!(world.last_entry().call_no, Some(2));
}

#[test]
fn what_is_not_in_doubt_has_changed_or_is_sold_to_another_is_left_as_it_is() {
    let settled = doubtful();
    settle(&settled, Finding::GivenUp).unwrap();
    assert!(matches!(settle(&settled, Finding::NothingSold), Err(SettleError::NotInDoubt(Status::Rejected))));
    let changed = doubtful();
    changed.kept().overtaken = 1;
    assert!(matches!(settle(&changed, Finding::NothingSold), Err(SettleError::Changed)));
    let other = ready(order("b"), "A1");
    let world = World::with([doubtful().reservation_of("a"), other]).at(100);
    let taken = settle(&world, Finding::Sold(VendorReference::itep("A1")));
    assert!(matches!(taken, Err(SettleError::ReferenceTaken)));
    assert_eq!((world.status_of("a"), changed.kept().fulfilments.len()), (Status::InDoubt, 0));
    assert_eq!(world.raised(), Vec::<Alert>::new());
}
