use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use super::*;

const DAY_MS: i64 = 24 * 3600 * 1000;

/// A small deterministic generator: jitter must be reproducible.
struct Jitter(u64);

impl Jitter {
    fn draw(&mut self, below: i64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as i64 % below
    }
}

/// 50 workers with memories of their own, all wanting to call all the time.
/// Returns the times at which their requests arrive at the vendor.
fn a_day_under_pressure(priority: impl Fn(usize) -> Priority) -> Vec<i64> {
    const START: i64 = 1_700_000_000_000;
    let mut stored = Levels::default();
    let mut seen = [None; 50];
    let mut jitter = Jitter(7);
    let mut arrivals = Vec::new();
    let mut turns: BinaryHeap<_> = (0..50).map(|worker| Reverse((START + jitter.draw(50), worker))).collect();
    while let Some(Reverse((now, worker))) = turns.pop() {
        if now > START + DAY_MS {
            break;
        }
        let again = match plan(seen[worker], priority(worker), now) {
            Plan::Hold { until } => until.max(now + 1) + jitter.draw(20),
            Plan::Book(booking) if booking.fits(stored) => {
                stored = booking.book(stored);
                seen[worker] = Some(stored);
                let leaves = stored.booked_slot().max(now);
                arrivals.push(leaves + jitter.draw(51));
                leaves + 1 + jitter.draw(50)
            }
            Plan::Book(_) => {
                seen[worker] = Some(stored);
                now + 1 + jitter.draw(5)
            }
        };
        turns.push(Reverse((again, worker)));
    }
    arrivals.sort_unstable();
    arrivals
}

/// The most arrivals within any window of the given width.
fn most_in_any(arrivals: &[i64], window: i64) -> usize {
    let mut inside = VecDeque::new();
    arrivals.iter().fold(0, |most, arrival| {
        inside.push_back(*arrival);
        while inside.front().is_some_and(|first| first + window <= *arrival) {
            inside.pop_front();
        }
        most.max(inside.len())
    })
}

#[test]
fn fifty_workers_for_a_day_stay_within_both_windows_and_use_ninety_percent() {
    let arrivals = a_day_under_pressure(|_| Priority::Interactive);
    let allowed = DAY_MS / (20 * 60 * 1000) * 2000;
    let (second, twenty_minutes) = (most_in_any(&arrivals, 1000), most_in_any(&arrivals, 20 * 60 * 1000));
    let used = arrivals.len() as f64 / allowed as f64;
    println!("most in a second {second}, in 20 minutes {twenty_minutes}, used {:.1} %", used * 100.0);
    assert!(second <= 5);
    assert!(twenty_minutes <= 2000);
    assert!(used >= 0.9);
}

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
