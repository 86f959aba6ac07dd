use shared_core::usecases::cancel::*;

use super::*;

fn withdraw(world: &World) -> CancelOutcome {
    wait(cancel(world, world.reservation_of("a"))).unwrap()
}

#[test]
fn what_waits_is_withdrawn_however_often_it_is_asked_for() {
    let world = World::with([Reservation::queued(order("a"), at(60), at(0))]);
    for _ in 0..2 {
        let CancelOutcome::Done(reservation) = withdraw(&world) else { panic!("it is withdrawn") };
        assert_eq!(reservation.status(), Status::Cancelled);
    }
    assert_eq!(world.status_of("a"), Status::Cancelled);
}

#[test]
fn what_may_be_sold_or_is_over_is_not_withdrawn_and_says_why() {
    let calling = story(order("a"), at(0), &[]);
    let expired = after(ready(order("a"), "A1"), &Event::ExpiryReached, at(90 * DAY));
    for reservation in [calling, expired] {
        let world = World::with([reservation.clone()]);
        let CancelOutcome::Refused(left, why) = withdraw(&world) else { panic!("it is refused") };
        assert_eq!((left.status(), Some(why)), (reservation.status(), world.last_entry().why));
    }
}
