use shared_core::usecases::commit::*;

use super::*;

fn calling() -> World {
    World::with([story(order("a"), at(0), &[])]).at(90)
}

fn bring(world: &World, event: &Event) -> Result<CommitOutcome, BackendError> {
    wait(apply_and_commit(world, world.reservation_of("a"), event, &Source::Hub, None))
}

fn lapse(world: &World) -> Result<CommitOutcome, BackendError> {
    bring(world, &Event::LeaseLapsed { call_no: 1 })
}

#[test]
fn what_others_overtake_is_decided_anew_and_given_up_after_ten() {
    for (overtaken, done) in [(0, true), (9, true), (10, false)] {
        let world = calling();
        world.kept().overtaken = overtaken;
        assert_eq!(lapse(&world).is_ok(), done, "{overtaken}");
        let status = if done { Status::InDoubt } else { Status::Pending };
        assert_eq!(world.status_of("a"), status);
    }
}

#[test]
fn the_operator_is_told_even_of_what_could_then_not_be_written() {
    let world = calling().failing(&["write"]);
    assert!(lapse(&world).is_err());
    assert_eq!(world.kept().alerts, [(Alert::InDoubt, order("a").id.to_string())]);
}

#[test]
fn what_is_known_already_is_not_written_again() {
    let world = calling();
    let sold = sold(1, VendorReference::itep("A1"));
    bring(&world, &sold).unwrap();
    let again = bring(&world, &sold).unwrap();
    assert_eq!((&again, world.writes()), (&CommitOutcome::Duplicate(Box::new(world.reservation_of("a"))), 1));
    assert_eq!(again.into_reservation(), world.reservation_of("a"));
}

#[test]
fn what_is_to_be_bought_again_is_handed_to_the_worker_and_nothing_else_is() {
    let world = calling();
    lapse(&world).unwrap();
    assert_eq!(world.kept().fulfilments, []);
    bring(&world, &Event::NothingSold).unwrap();
    assert_eq!(world.kept().fulfilments, [order("a").id]);
}

#[test]
fn a_vendors_word_is_claimed_by_a_put_and_the_operators_decision_in_the_write_itself() {
    for (source, claims) in [(Source::VendorAnswer, 1), (Source::Operator { name: "ann".to_owned() }, 0)] {
        let world = calling();
        let sold = sold(1, VendorReference::itep("A1"));
        wait(apply_and_commit(&world, world.reservation_of("a"), &sold, &source, None)).unwrap();
        let kept = world.kept();
        assert_eq!((kept.count("claim"), kept.count("write")), (claims, 1), "{source:?}");
    }
}
