use shared_core::usecases::check_score::CheckError;
use shared_core::usecases::poll_scores::*;

use super::*;

fn with_test(key: &str) -> Reservation {
    ready(order_at_truenorth(key), &format!("test-of-{key}"))
}

/// A world at day 30 whose last poll left this mark.
fn polled_before(mark: PollMark, keys: &[&str]) -> World {
    let world = World::with(keys.iter().map(|key| with_test(key))).at(30 * DAY);
    world.kept().polls.entry(order("").account.name).or_default().mark = mark;
    world
}

fn saw(world: &World, key: &str, status: ReportedStatus) {
    let seen = observed_test(&format!("test-of-{key}"), status, at(30 * DAY - 60));
    world.kept().observed.push((order(key).id, seen));
}

fn poll(world: &World) -> Result<Option<PollSummary>, CheckError> {
    wait(poll_scores(world, &order_at_truenorth("").account))
}

/// The mark that a poll left as it ended.
fn mark_left(world: &World) -> PollMark {
    let poll = &world.kept().polls[&order("").account.name];
    assert_eq!(poll.lease, None);
    poll.mark.clone()
}

#[test]
fn two_polls_do_not_run_at_once() {
    let world = polled_before(PollMark::default(), &["a"]).failing(&["end"]);
    assert!(poll(&world).is_err());
    let so_far = || {
        let kept = world.kept();
        let lease = kept.polls[&order("").account.name].lease;
        (lease.map(|(until, _)| until), kept.swept.len(), kept.looked_up.len())
    };
    assert_eq!(so_far(), (Some(at(30 * DAY + 120)), 1, 1));
    assert_eq!(poll(&world).unwrap(), None);
    assert_eq!(so_far(), (Some(at(30 * DAY + 120)), 1, 1));
}

#[test]
fn a_poll_asks_from_a_day_before_the_last_one_on() {
    for (seen_to, from) in [(None, vec![29]), (Some(29), vec![28]), (Some(15), vec![14, 21, 28])] {
        let mark = PollMark { seen_to: seen_to.map(|day| at(day * DAY)), cursor: None };
        let world = polled_before(mark, &[]);
        poll(&world).unwrap();
        let from = from.into_iter().map(|day| at(day * DAY));
        assert!(world.kept().swept.iter().map(|span| span.from).eq(from), "{:?}", world.kept().swept);
        assert_eq!(mark_left(&world), PollMark { seen_to: Some(at(30 * DAY)), cursor: None });
    }
}

#[test]
fn what_the_window_shows_is_applied_and_not_asked_for_again() {
    let world = polled_before(PollMark::default(), &["a", "b"]);
    saw(&world, "a", ReportedStatus::Ready);
    saw(&world, "a", ReportedStatus::InProgress);
    let done = poll(&world).unwrap();
    assert_eq!(done, Some(PollSummary { seen: 2, told: 1, asked: 1 }));
    assert_eq!((world.status_of("a"), world.status_of("b")), (Status::InProgress, Status::Ready));
    assert_eq!(world.kept().looked_up, [order("b").id]);
}

#[test]
fn every_slice_counts_what_it_shows() {
    let world = polled_before(PollMark { seen_to: Some(at(15 * DAY)), cursor: None }, &["a", "b"]);
    saw(&world, "a", ReportedStatus::InProgress);
    let seen = observed_test("test-of-b", ReportedStatus::InProgress, at(16 * DAY));
    world.kept().observed.push((order("b").id, seen));
    assert_eq!(poll(&world).unwrap().map(|polled| polled.seen), Some(2));
}

#[test]
fn those_that_no_window_shows_are_asked_about_a_few_at_a_time_round_and_round() {
    let keys = ["a", "b", "c", "d", "e", "f", "g"];
    let world = polled_before(PollMark::default(), &keys);
    let mut asked = Vec::new();
    for of_this_poll in [5, 2, 5] {
        assert_eq!(poll(&world).unwrap().map(|polled| polled.asked), Some(of_this_poll));
        asked.append(&mut world.kept().looked_up);
        assert_eq!(mark_left(&world).cursor.is_some(), of_this_poll == 5);
    }
    let (round, next) = asked.split_at(7);
    assert!(keys.iter().all(|key| round.contains(&order(key).id)));
    assert_eq!(next, &round[..5]);
}

#[test]
fn what_could_not_be_written_is_asked_for_again_by_the_next_poll() {
    let mark = PollMark { seen_to: Some(at(29 * DAY)), cursor: None };
    let world = polled_before(mark.clone(), &["a", "b"]).failing(&["write"]);
    saw(&world, "a", ReportedStatus::InProgress);
    assert!(matches!(poll(&world), Err(CheckError::Backend(_))));
    assert_eq!((mark_left(&world), world.kept().recoverable_errors.clone()), (mark, vec![order("a").id.to_string()]));
}

#[test]
fn a_round_that_the_rate_limit_holds_does_not_undo_what_was_seen() {
    let mark = PollMark { seen_to: Some(at(29 * DAY)), cursor: Some("0".to_owned()) };
    let world = polled_before(mark.clone(), &["a", "b"]).failing(&["look_up"]);
    saw(&world, "a", ReportedStatus::InProgress);
    assert!(matches!(poll(&world), Err(CheckError::LookUp(_))));
    assert_eq!(world.status_of("a"), Status::InProgress);
    assert_eq!(mark_left(&world), PollMark { seen_to: Some(at(30 * DAY)), ..mark });
}
