use super::*;

const NOW: i64 = 1_700_000_000_000;

fn client(name: &str) -> ClientId {
    name.parse().unwrap()
}

fn caller(priority: Priority, client: Option<&ClientId>) -> Caller<'_> {
    Caller { priority, client }
}

fn levels(slot: i64, bucket: i64) -> Levels {
    Levels { slot, bucket, ..Levels::default() }
}

/// Levels at which `acme` has used up its share.
fn shared_out(slot: i64, bucket: i64) -> Levels {
    Levels { shares: [(client("acme"), NOW + 25 * 2540)].into(), ..levels(slot, bucket) }
}

fn booking(seen: &Levels, caller: Caller<'_>) -> Booking {
    match plan(seen, caller, NOW) {
        Plan::Book(booking) => booking,
        Plan::Hold { until } => panic!("held until {until}"),
    }
}

/// Who asks, whether its share is used up, how many seconds ahead a slot it books,
/// and how much of the burst may be used up before it.
const REACHES: [(Priority, bool, i64, i64); 6] = [
    (Priority::Purchase, false, 5, 99),
    (Priority::Purchase, true, 4, 84),
    (Priority::Interactive, false, 3, 69),
    (Priority::Interactive, true, 2, 59),
    (Priority::Background, false, 1, 49),
    (Priority::Background, true, 1, 49),
];

#[test]
fn each_caller_reaches_its_limit_and_is_held_a_millisecond_beyond_it() {
    let acme = client("acme");
    for (priority, is_used_up, seconds, burst) in REACHES {
        let levels = if is_used_up { shared_out } else { levels };
        let (slot, bucket) = (NOW + seconds * 1000, NOW + burst * 635);
        let caller = caller(priority, Some(&acme));
        let booked = booking(&levels(slot, bucket), caller);
        assert_eq!((booked.slot.max, booked.bucket.max), (slot, bucket), "{caller:?}");
        for beyond in [levels(slot + 1, bucket), levels(slot, bucket + 1)] {
            assert_eq!(plan(&beyond, caller, NOW), Plan::Hold { until: NOW + 1 }, "{caller:?}");
        }
    }
}

#[test]
fn who_waits_longest_for_a_share_or_for_the_whole_is_told_the_sooner_of_both() {
    let acme = client("acme");
    let of_acme = caller(Priority::Interactive, Some(&acme));
    // Within the share from 2,540 ms on, and beyond it once ten more are earned.
    assert_eq!(plan(&shared_out(0, NOW + 69 * 635), of_acme, NOW), Plan::Hold { until: NOW + 2540 });
    assert_eq!(plan(&shared_out(0, NOW + 60 * 635), of_acme, NOW), Plan::Hold { until: NOW + 635 });
}

#[test]
fn a_client_uses_its_share_and_beyond_it_what_is_idle_without_paying_for_it() {
    let acme = client("acme");
    let of_acme = caller(Priority::Interactive, Some(&acme));
    let mut seen = Levels::default();
    for used in 1..=30 {
        let booked = booking(&seen, of_acme);
        assert_eq!(booked.share.is_some(), used <= 25, "{used}");
        // A slot is free for each: it is the share that is used up here.
        seen = Levels { slot: 0, ..booked.book(seen) };
    }
    assert_eq!(seen.shares, [(acme, NOW + 25 * 2540)].into());
}

#[test]
fn what_is_nobodys_uses_no_share() {
    for priority in [Priority::Purchase, Priority::Interactive, Priority::Background] {
        assert_eq!(booking(&Levels::default(), caller(priority, None)).share, None);
    }
}

#[test]
fn a_429_holds_everybody_back_until_the_bucket_has_earned() {
    let emptied = levels(0, Levels::emptied_bucket(NOW));
    let purchase = caller(Priority::Purchase, None);
    assert_eq!(plan(&emptied, purchase, NOW), Plan::Hold { until: NOW + 635 });
    assert!(matches!(plan(&emptied, purchase, NOW + 635), Plan::Book(_)));
}

#[test]
fn a_rested_limiter_books_now() {
    let booked = booking(&Levels::default(), caller(Priority::Interactive, None));
    assert_eq!(booked.book(Levels::default()).booked_slot(), NOW);
}

#[test]
fn a_booking_fits_levels_on_the_side_of_now_that_it_was_planned_for_and_up_to_the_most() {
    let acme = client("acme");
    let with = |slot, share| Levels { shares: [(acme.clone(), share)].into(), ..levels(slot, 0) };
    let purchase = caller(Priority::Purchase, Some(&acme));
    for (most, which) in [(5_000, 0), (24 * 2540, 1)] {
        let level = |level| if which == 0 { with(level, 0) } else { with(0, level) };
        let fits = |seen, stored| booking(&level(seen), purchase).fits(&level(stored));
        assert_eq!([NOW - 1, NOW, NOW + 1].map(|stored| fits(NOW - 1, stored)), [true, false, false]);
        for seen in [NOW, NOW + 1, NOW + most] {
            let stored = [NOW - 1, NOW, NOW + 1, NOW + most, NOW + most + 1];
            assert_eq!(stored.map(|stored| fits(seen, stored)), [false, true, true, true, false], "{seen}");
        }
    }
}

#[test]
fn a_request_raises_each_level_from_now_or_from_the_level_ahead() {
    let acme = client("acme");
    for (seen, taken) in [(NOW - 7, NOW), (NOW, NOW), (NOW + 7, NOW + 7)] {
        let stored = Levels { shares: [(acme.clone(), seen)].into(), ..levels(seen, seen) };
        let booked = booking(&stored, caller(Priority::Interactive, Some(&acme))).book(stored);
        let expected = Levels { shares: [(acme.clone(), taken + 2540)].into(), ..levels(taken + 250, taken + 635) };
        assert_eq!(booked, expected);
    }
}

#[test]
fn a_429_takes_the_whole_burst_from_now_on() {
    assert_eq!(Levels::emptied_bucket(1_000_000), 1_000_000 + 100 * 635);
}
