//! TrueNorth's rate limit, shared by fifty workers for a day of virtual time.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use shared_core::domain::limiter::{Levels, Plan, Priority, plan};

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
fn a_day_under_pressure() -> Vec<i64> {
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
        let again = match plan(seen[worker], Priority::Interactive, now) {
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
    let arrivals = a_day_under_pressure();
    let allowed = DAY_MS / (20 * 60 * 1000) * 2000;
    let (second, twenty_minutes) = (most_in_any(&arrivals, 1000), most_in_any(&arrivals, 20 * 60 * 1000));
    let used = arrivals.len() as f64 / allowed as f64;
    println!("most in a second {second}, in 20 minutes {twenty_minutes}, used {:.1} %", used * 100.0);
    assert!(second <= 5);
    assert!(twenty_minutes <= 2000);
    assert!(used >= 0.9);
}
