use shared_core::usecases::sweep::*;

use super::*;

fn sweep(world: &World, left: Duration) -> SweepSummary {
    wait(usecases::sweep::sweep(world, Deadline::after(world.now(), left))).unwrap()
}

fn attend(world: &World) -> SweepSummary {
    sweep(world, Duration::from_secs(60))
}

fn check_of(reservation: &Reservation, reason: CheckReason) -> ScoreCheck {
    let (account, reservation_id) = (reservation.order.account.name.clone(), reservation.id().clone());
    ScoreCheck::new(account, reservation_id, reason)
}

fn queued(key: &str) -> Reservation {
    Reservation::queued(order(key), at(60), at(0))
}

fn sat(status: ReportedStatus) -> Reservation {
    let seen = reported(report(truenorth("t-1"), status, at(10)));
    after(ready(order_at_truenorth("a"), "t-1"), &seen, at(10))
}

const CHANGED: SweepSummary = SweepSummary { due: 1, changed: 1, enqueued: 0, failed: 0 };
const ENQUEUED: SweepSummary = SweepSummary { due: 1, changed: 0, enqueued: 1, failed: 0 };

#[test]
fn what_is_over_or_taken_for_dead_is_changed_on_the_spot() {
    for (before, second, status) in [
        (queued("a"), 90 * DAY, Status::Expired),
        (ready(order("a"), "A1"), 90 * DAY, Status::Expired),
        (story(order("a"), at(0), &[]), 90, Status::InDoubt),
        (sat(ReportedStatus::AwaitingScore), 10 + 7 * DAY, Status::AwaitingScore),
        (sat(ReportedStatus::UnderReview { problem: false }), 10 + 7 * DAY, Status::UnderReview),
    ] {
        let (early, due) = (World::with([before.clone()]).at(second - 1), World::with([before]).at(second));
        assert_eq!((attend(&early).changed, attend(&due)), (0, CHANGED), "{status:?}");
        assert_eq!((due.status_of("a"), due.writes()), (status, 1));
        assert_eq!(due.kept().fulfilments, []);
    }
}

#[test]
fn a_sat_test_without_a_result_is_told_once() {
    let world = World::with([sat(ReportedStatus::AwaitingScore)]).at(10 + 7 * DAY);
    assert_eq!((attend(&world), attend(&world)), (CHANGED, SweepSummary::default()));
    assert_eq!(world.raised(), [Alert::ResultOverdue]);
}

#[test]
fn a_purchase_that_waits_and_a_doubt_at_itep_go_to_the_worker_and_are_left_to_it_for_a_while() {
    let mut doubtful = in_doubt(order("a"));
    doubtful.due_at = Some(at(60));
    for reservation in [queued("a"), doubtful] {
        let world = World::with([reservation.clone()]).at(60);
        assert_eq!((attend(&world), attend(&world)), (ENQUEUED, SweepSummary::default()));
        assert_eq!(world.kept().fulfilments, [reservation.id().clone()]);
        assert_eq!(world.kept().postponed, [(reservation.id().clone(), at(180))]);
    }
}

#[test]
fn a_test_at_truenorth_is_looked_up_before_it_expires_and_where_it_is_in_doubt() {
    for (reservation, second, reason) in [
        (ready(order_at_truenorth("a"), "t-1"), 90 * DAY, CheckReason::Expiry),
        (in_doubt(order_at_truenorth("a")), 90 + 900, CheckReason::Doubt),
    ] {
        let world = World::with([reservation.clone()]).at(second);
        assert_eq!((attend(&world), attend(&world)), (ENQUEUED, SweepSummary::default()));
        assert_eq!(world.kept().checks, [(check_of(&reservation, reason), Duration::ZERO)]);
        assert_eq!(world.kept().postponed.len(), 1);
        assert_eq!(world.writes(), 0);
    }
}

#[test]
fn what_ended_needs_nothing_even_if_it_is_listed_as_due() {
    let mut cancelled = after(queued("a"), &Event::Cancel, at(1));
    cancelled.due_at = Some(at(2));
    let world = World::with([cancelled]).at(60);
    assert_eq!(attend(&world), SweepSummary { due: 1, ..SweepSummary::default() });
}

#[test]
fn batches_are_worked_through_until_one_is_not_full() {
    for (waiting, asked) in [(0, 1), (BATCH - 1, 1), (BATCH, 2), (2 * BATCH + 1, 3)] {
        let world = World::with((0..waiting).map(|n| queued(&n.to_string()))).at(60);
        let attended = attend(&world);
        assert_eq!((attended.due, attended.enqueued), (waiting, waiting));
        let kept = world.kept();
        assert_eq!((kept.count("due"), kept.fulfilments.len()), (asked, waiting));
    }
}

#[test]
fn no_batch_is_begun_without_time_to_write_down_what_became_of_it() {
    for (left, asked) in [(TIMEOUTS.write_margin, 0), (TIMEOUTS.write_margin + Duration::from_millis(1), 1)] {
        let world = World::with([queued("a")]).at(60);
        sweep(&world, left);
        assert_eq!(world.kept().count("due"), asked);
    }
}

#[test]
fn what_fails_is_told_and_comes_last_and_holds_up_nobody() {
    let world = World::with([story(order("a"), at(0), &[]), queued("b")]).at(90).failing(&["write"]);
    let attended = attend(&world);
    assert_eq!(attended, SweepSummary { due: 2, changed: 0, enqueued: 1, failed: 1 });
    let failed = order("a").id;
    assert_eq!(world.kept().recoverable_errors, [failed.to_string()]);
    assert_eq!(world.reservation_of("a").due_at, Some(at(90 + 120)));
    assert_eq!(world.kept().fulfilments, [order("b").id]);
}

#[test]
fn while_anything_is_in_doubt_every_sweep_says_so() {
    let world = World::with([in_doubt(order("a"))]).at(100);
    attend(&world);
    attend(&world);
    assert_eq!(world.kept().alerts, [(); 2].map(|()| (Alert::InDoubt, order("a").id.to_string())));
    let quiet = World::with([queued("a")]).at(100);
    attend(&quiet);
    assert_eq!(quiet.raised(), []);
}
