use shared_core::usecases::commit::apply_and_commit;
use shared_core::usecases::history::entries;

use super::*;

/// A reservation that was bought and then asked to expire, too early, so many times.
fn asked_to_expire(times: i64) -> World {
    let mut world = World::with([story(order("a"), at(0), &[])]);
    let sale = sold(1, VendorReference::itep("A1"));
    let events = std::iter::once(sale).chain((0..times).map(|_| Event::ExpiryReached));
    for (second, event) in (1..).zip(events) {
        world = world.at(second);
        wait(apply_and_commit(&world, world.reservation_of("a"), &event, &Source::Hub, None)).unwrap();
    }
    world
}

fn page(world: &World, after: u64, limit: usize) -> (Vec<u64>, bool) {
    let (entries, more) = wait(entries(world, &world.reservation_of("a"), after, limit)).unwrap();
    let expected = world.kept().entries().cloned().collect::<Vec<_>>();
    assert!(entries.iter().filter(|entry| entry.seq > 1).all(|entry| expected.contains(entry)));
    (entries.iter().map(|entry| entry.seq).collect(), more)
}

#[test]
fn a_history_begins_with_the_reservation_itself_and_pages_on() {
    for filed in [0, 4, 8] {
        let last = 3 + filed;
        let world = asked_to_expire(1 + i64::try_from(filed).unwrap());
        assert_eq!(world.kept().filed.len() as u64, filed);
        assert_eq!(page(&world, 0, 20), ((1..=last).collect(), false));
        assert_eq!(page(&world, 0, 1), (vec![1], true));
        assert_eq!(page(&world, last, 5), (vec![], false));
        for limit in 1..=20 {
            let (mut read, mut more) = (Vec::new(), true);
            while more {
                let (next, has_more) = page(&world, read.last().copied().unwrap_or(0), limit);
                assert!(!next.is_empty() && next.len() <= limit, "{read:?} {limit}");
                read.extend(next);
                more = has_more;
            }
            assert_eq!(read, (1..=last).collect::<Vec<_>>(), "by {limit}");
        }
    }
}

#[test]
fn an_ordinary_history_is_read_with_its_reservation_alone() {
    let world = asked_to_expire(3);
    page(&world, 0, 20);
    page(&world, 2, 2);
    assert_eq!(world.kept().count("filed_entries"), 0);
}

#[test]
fn an_entry_that_was_filed_before_a_crash_is_shown_once() {
    let world = asked_to_expire(3);
    let reservation = world.reservation_of("a");
    for entry in &reservation.recent {
        world.kept().filed.insert((reservation.id().clone(), entry.seq), entry.clone());
    }
    assert_eq!(page(&world, 0, 20), ((1..=5).collect(), false));
}

#[test]
fn a_change_that_cannot_file_its_old_entries_is_not_written() {
    let world = asked_to_expire(3).failing(&["file"]);
    let before = world.reservation_of("a");
    assert_eq!(before.recent.len(), 4);
    let again = apply_and_commit(&world, before.clone(), &Event::ExpiryReached, &Source::Hub, None);
    assert!(wait(again).is_err());
    assert_eq!(world.reservation_of("a"), before);
}

#[test]
fn a_history_that_an_earlier_release_filed_whole_is_read_whole() {
    for filed in 1..=3 {
        let mut reservation = asked_to_expire(filed - 1).reservation_of("a");
        let recent = std::mem::take(&mut reservation.recent);
        let world = World::with([reservation.clone()]);
        for entry in recent {
            world.kept().filed.insert((reservation.id().clone(), entry.seq), entry);
        }
        let (read, has_more) = wait(entries(&world, &reservation, 0, 20)).unwrap();
        assert!(read.iter().map(|entry| entry.seq).eq(1..=reservation.seq) && !has_more, "{read:?}");
    }
}
