use shared_core::usecases::launch::*;

use super::*;

fn launched(world: &World, reservation: &Reservation) -> Result<Launch, LaunchError> {
    wait(launch(world, reservation))
}

#[test]
fn at_itep_the_candidate_types_what_is_stored() {
    let mut reservation = ready(order("a"), "A1");
    reservation.password = Some(Sensitive::new("secret".to_owned()));
    let material = launched(&World::with([]), &reservation).unwrap();
    let url = Some("https://example.com/exam".to_owned());
    assert_eq!(material, Launch::Credentials { url, test_id: "A1".to_owned(), password: reservation.password });
}

#[test]
fn at_truenorth_a_link_is_made_to_a_test_that_is_known() {
    let reservation = ready(order_at_truenorth("a"), "t-1");
    let world = World::with([]);
    assert!(matches!(launched(&world, &reservation), Err(LaunchError::Unknown)));
    world.kept().links.insert("t-1".to_owned());
    assert!(matches!(launched(&world, &reservation), Ok(Launch::Link { .. })));
}

#[test]
fn a_reservation_gets_three_links_in_ten_seconds_and_the_next_when_the_first_is_ten_seconds_old() {
    let mut world = World::with([]);
    let (mine, other) = (ready(order_at_truenorth("a"), "t-1"), ready(order_at_truenorth("b"), "t-1"));
    world.kept().links.insert("t-1".to_owned());
    let mut answers = Vec::new();
    for second in [0, 0, 4, 4, 9, 10, 11, 14] {
        world = world.at(second);
        answers.push(match launched(&world, &mine) {
            Ok(_) => 0,
            Err(LaunchError::TooMany { retry_after }) => retry_after.as_secs(),
            Err(error) => panic!("{error}"),
        });
    }
    assert_eq!(answers, [0, 0, 0, 6, 1, 0, 0, 0]);
    assert!(launched(&world, &other).is_ok(), "another reservation has its own three");
}

#[test]
fn a_link_that_cannot_be_counted_is_not_made() {
    let world = World::with([]).failing(&["count_link"]);
    world.kept().links.insert("t-1".to_owned());
    let launched = launched(&world, &ready(order_at_truenorth("a"), "t-1"));
    assert!(matches!(launched, Err(LaunchError::Backend(_))));
}

#[test]
fn what_is_not_assigned_or_is_over_is_not_opened() {
    let over = after(ready(order("a"), "A1"), &Event::ExpiryReached, at(90 * DAY));
    for reservation in [over, story(order("a"), at(1), &[])] {
        assert!(matches!(launched(&World::with([]), &reservation), Err(LaunchError::NothingToBegin)));
    }
}
