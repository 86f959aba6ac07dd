use super::*;

#[test]
fn polling_leaves_a_reserve_to_those_who_wait() {
    let now = 1_700_000_000_000;
    let half_used = Levels { slot: now - 1, bucket: now + BURST / 2 * EARN_MS };
    assert!(matches!(plan(Some(half_used), Priority::Background, now), Plan::Hold { .. }));
    assert!(matches!(plan(Some(half_used), Priority::Interactive, now), Plan::Book(_)));
}

#[test]
fn a_429_holds_everybody_back_until_the_bucket_has_earned() {
    let now = 1_700_000_000_000;
    let emptied = Levels { slot: 0, bucket: Levels::emptied_bucket(now) };
    let Plan::Hold { until } = plan(Some(emptied), Priority::Interactive, now) else {
        panic!("an emptied bucket lets nobody through");
    };
    assert!(matches!(plan(Some(emptied), Priority::Interactive, until), Plan::Book(_)));
}

#[test]
fn a_rested_limiter_books_now() {
    let Plan::Book(booking) = plan(None, Priority::Interactive, 5_000_000) else {
        panic!("nothing was used");
    };
    assert_eq!(booking.book(Levels::default()).booked_slot(), 5_000_000);
}

#[test]
fn a_request_goes_out_at_the_limit_and_is_held_a_millisecond_beyond_it() {
    for priority in [Priority::Interactive, Priority::Background] {
        let (slot, bucket) = (1_000_000 + priority.wait_ms(), 1_000_000 + priority.tolerance_ms());
        assert!(matches!(plan(Some(Levels { slot, bucket }), priority, 1_000_000), Plan::Book(_)));
        for beyond in [Levels { slot: slot + 1, bucket }, Levels { slot, bucket: bucket + 1 }] {
            assert_eq!(plan(Some(beyond), priority, 1_000_000), Plan::Hold { until: 1_000_001 });
        }
    }
}

#[test]
fn who_waits_books_five_seconds_and_a_whole_burst_ahead_and_polling_one_second_and_half_of_it() {
    for (priority, wait, burst) in [(Priority::Interactive, 5_000, 99), (Priority::Background, 1_000, 49)] {
        let Plan::Book(booking) = plan(None, priority, 1_000_000) else { panic!("nothing was used") };
        assert_eq!((booking.slot_max, booking.bucket_max), (1_000_000 + wait, 1_000_000 + burst * 635));
    }
}

#[test]
fn a_booking_fits_levels_on_the_side_of_now_that_it_was_planned_for_and_up_to_the_most() {
    let now = 1_000_000;
    let fits = |seen: i64, stored: i64| {
        let Plan::Book(booking) = plan(Some(Levels { slot: seen, bucket: 0 }), Priority::Interactive, now) else {
            panic!("{seen} is within the limit")
        };
        booking.fits(Levels { slot: stored, bucket: 0 })
    };
    assert_eq!([now - 1, now, now + 1].map(|stored| fits(now - 1, stored)), [true, false, false]);
    for seen in [now, now + 1, now + 5_000] {
        let stored = [now - 1, now, now + 1, now + 5_000, now + 5_001];
        assert_eq!(stored.map(|stored| fits(seen, stored)), [false, true, true, true, false], "{seen}");
    }
}

#[test]
fn a_request_takes_a_quarter_of_a_second_and_its_share_of_the_burst_from_now_or_from_the_level_ahead() {
    let now = 1_000_000;
    for (seen, taken) in [(now - 7, now), (now, now), (now + 7, now + 7)] {
        let levels = Levels { slot: seen, bucket: seen };
        let Plan::Book(booking) = plan(Some(levels), Priority::Interactive, now) else {
            panic!("{seen} is within the limit")
        };
        assert_eq!(booking.book(levels), Levels { slot: taken + 250, bucket: taken + 635 });
    }
}

#[test]
fn a_429_takes_the_whole_burst_from_now_on() {
    assert_eq!(Levels::emptied_bucket(1_000_000), 1_000_000 + 100 * 635);
}
