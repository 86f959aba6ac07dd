use shared_core::usecases::check_score::*;

use super::*;

fn check(world: &World, reason: CheckReason) -> Result<CheckOutcome, CheckError> {
    wait(check_score(world, &hint(reason)))
}

fn hint(reason: CheckReason) -> ScoreCheck {
    let Order { id, account, .. } = order_at_truenorth("a");
    ScoreCheck::new(account.name, id, reason)
}

fn with_test() -> Reservation {
    ready(order_at_truenorth("a"), "t-1")
}

fn doubtful() -> Reservation {
    in_doubt(order_at_truenorth("a"))
}

/// TrueNorth knows these tests of the reservation's user.
fn knowing<const N: usize>(reservation: Reservation, tests: [(&str, ReportedStatus); N]) -> World {
    let world = World::with([reservation]);
    let seen = tests.map(|(test, status)| (order("a").id, observed_test(test, status, at(1))));
    world.kept().observed.extend(seen);
    world
}

fn looked_up(world: &World) -> usize {
    world.kept().looked_up.len()
}

#[test]
fn a_hint_at_what_is_not_the_accounts_is_not_followed() {
    let mut elsewhere = with_test();
    elsewhere.order.account.name = "other".parse().unwrap();
    let at_itep = story(order("a"), at(1), &[]);
    for world in [World::with([]), World::with([elsewhere]), World::with([at_itep])] {
        for reason in [CheckReason::Webhook, CheckReason::WebhookAgain, CheckReason::Expiry, CheckReason::Doubt] {
            assert_eq!(check(&world, reason).unwrap(), CheckOutcome::Unknown);
        }
        assert_eq!(looked_up(&world), 0);
    }
}

#[test]
fn a_hint_is_followed_by_a_look_up_which_is_what_counts() {
    let of_a_later_release = serde_json::from_str(r#""appeal""#).unwrap();
    for reason in [CheckReason::Webhook, CheckReason::WebhookAgain, of_a_later_release] {
        let world = knowing(with_test(), [("t-1", ReportedStatus::InProgress)]);
        assert_eq!(check(&world, reason).unwrap(), CheckOutcome::LookedUp);
        assert_eq!((world.status_of("a"), looked_up(&world)), (Status::InProgress, 1));
        assert_eq!(world.last_entry().source, Source::VendorLookup);
    }
}

#[test]
fn a_hint_soon_after_a_look_up_is_followed_once_more_when_the_interval_is_over() {
    let world = knowing(with_test(), []).at(100);
    check(&world, CheckReason::Webhook).unwrap();
    let world = world.at(129);
    assert_eq!(check(&world, CheckReason::Webhook).unwrap(), CheckOutcome::NotNow);
    assert_eq!(world.kept().checks, [(hint(CheckReason::WebhookAgain), Duration::from_secs(30))]);
    assert_eq!(check(&world, CheckReason::WebhookAgain).unwrap(), CheckOutcome::NotNow);
    assert_eq!(world.kept().checks.len(), 1);
    assert_eq!(looked_up(&world), 1);
    let world = world.at(130);
    assert_eq!(check(&world, CheckReason::WebhookAgain).unwrap(), CheckOutcome::LookedUp);
}

#[test]
fn what_was_not_begun_expires_after_a_last_look() {
    let world = knowing(with_test(), [("t-1", ReportedStatus::Ready)]).at(90 * DAY);
    assert_eq!(check(&world, CheckReason::Expiry).unwrap(), CheckOutcome::LookedUp);
    assert_eq!((world.status_of("a"), looked_up(&world)), (Status::Expired, 1));
    let begun = knowing(with_test(), [("t-1", ReportedStatus::InProgress)]).at(90 * DAY);
    assert_eq!(check(&begun, CheckReason::Expiry).unwrap(), CheckOutcome::LookedUp);
    assert_eq!(begun.status_of("a"), Status::InProgress);
}

#[test]
fn what_cannot_expire_is_not_looked_up_for_it() {
    let begun = knowing(with_test(), [("t-1", ReportedStatus::InProgress)]);
    check(&begun, CheckReason::Webhook).unwrap();
    for (reservation, second) in
        [(with_test(), 90 * DAY - 1), (doubtful(), 90 * DAY), (begun.reservation_of("a"), 90 * DAY)]
    {
        let world = World::with([reservation]).at(second);
        assert_eq!(check(&world, CheckReason::Expiry).unwrap(), CheckOutcome::NotNow);
        assert_eq!((looked_up(&world), world.writes()), (0, 0));
    }
}

#[test]
fn a_test_that_is_asked_about_in_vain_does_not_expire() {
    let world = knowing(with_test(), []).at(90 * DAY).failing(&["look_up"]);
    assert!(matches!(check(&world, CheckReason::Expiry), Err(CheckError::LookUp(_))));
    assert_eq!(world.status_of("a"), Status::Ready);
}

#[test]
fn a_doubt_is_settled_by_what_the_vendor_knows_once_it_is_quiet() {
    for (second, checked, looks) in [(989, CheckOutcome::NotNow, 0), (990, CheckOutcome::LookedUp, 1)] {
        let world = knowing(doubtful(), [("t-1", ReportedStatus::Ready)]).at(second);
        assert_eq!(check(&world, CheckReason::Doubt).unwrap(), checked);
        let status = if looks == 1 { Status::Ready } else { Status::InDoubt };
        assert_eq!((world.status_of("a"), looked_up(&world)), (status, looks));
    }
    let nothing = World::with([with_test()]).at(990);
    assert_eq!(check(&nothing, CheckReason::Doubt).unwrap(), CheckOutcome::NotNow);
}

#[test]
fn what_the_vendor_does_not_know_is_bought_again() {
    let world = knowing(doubtful(), []).at(990);
    assert_eq!(check(&world, CheckReason::Doubt).unwrap(), CheckOutcome::LookedUp);
    assert_eq!((world.status_of("a"), world.kept().fulfilments.len()), (Status::Pending, 1));
}

#[test]
fn of_two_tests_that_the_vendor_knows_one_is_surplus() {
    let world = knowing(doubtful(), [("t-1", ReportedStatus::Ready), ("t-2", ReportedStatus::Ready)]).at(990);
    check(&world, CheckReason::Doubt).unwrap();
    let settled = world.reservation_of("a");
    assert_eq!((settled.status(), settled.reference), (Status::Ready, Some(truenorth("t-1"))));
    assert_eq!(settled.surplus, [Surplus::new(1, truenorth("t-2"))]);
    assert!(world.raised().contains(&Alert::Surplus));
}

#[test]
fn a_test_that_is_anothers_leaves_the_doubt_to_the_operator_for_a_while() {
    let other = ready(order_at_truenorth("b"), "t-1");
    let world = World::with([doubtful(), other]).at(990);
    world.kept().observed.push((order("a").id, observed_test("t-1", ReportedStatus::Ready, at(1))));
    assert_eq!(check(&world, CheckReason::Doubt).unwrap(), CheckOutcome::LookedUp);
    assert_eq!(world.status_of("a"), Status::InDoubt);
    assert_eq!(world.raised(), [Alert::ReferenceTaken]);
    assert_eq!(world.kept().postponed, [(order("a").id, at(990 + 900))]);
    let settled = knowing(doubtful(), [("t-1", ReportedStatus::Ready)]).at(990);
    check(&settled, CheckReason::Doubt).unwrap();
    assert_eq!((settled.raised(), settled.kept().postponed.len()), (vec![], 0));
}
