//! TrueNorth's rate limit for days of virtual time: shared by fifty workers, and
//! beside a client that asks for links in a loop.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use serde_json::{Value, json};
use shared_core::domain::ids::ClientId;
use shared_core::domain::limiter::{Caller, Levels, Plan, Priority, plan};
use test_support::figures;

const DAY_MS: i64 = 24 * 3600 * 1000;

/// A small deterministic generator: jitter must be reproducible.
struct Jitter(u64);

impl Jitter {
    fn draw(&mut self, below: i64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as i64 % below
    }
}

const START: i64 = 1_700_000_000_000;

/// The stored levels, and workers with memories of their own.
struct Account {
    stored: Levels,
    seen: Vec<Levels>,
    jitter: Jitter,
    /// When the requests arrive at the vendor.
    arrivals: Vec<i64>,
}

/// What became of one try to book.
enum Tried {
    /// The request leaves then.
    Booked(i64),
    Held(i64),
    Stale,
}

impl Account {
    fn of(workers: usize) -> Self {
        let seen = vec![Levels::default(); workers];
        Self { stored: Levels::default(), seen, jitter: Jitter(7), arrivals: Vec::new() }
    }

    fn book(&mut self, worker: usize, caller: Caller<'_>, now: i64) -> Tried {
        let booking = match plan(&self.seen[worker], caller, now) {
            Plan::Hold { until } => return Tried::Held(until),
            Plan::Book(booking) => booking,
        };
        let fits = booking.fits(&self.stored);
        if fits {
            self.stored = booking.book(self.stored.clone());
        }
        self.seen[worker] = self.stored.clone();
        if !fits {
            return Tried::Stale;
        }
        let leaves = self.stored.booked_slot().max(now);
        self.arrivals.push(leaves + self.jitter.draw(51));
        Tried::Booked(leaves)
    }

    /// As a function books: planned again with the levels that a refusal shows.
    fn call(&mut self, worker: usize, caller: Caller<'_>, now: i64) -> Tried {
        match self.book(worker, caller, now) {
            Tried::Stale => self.book(worker, caller, now),
            tried => tried,
        }
    }

    /// Workers that want to call all the time, until the turn of somebody else.
    fn loop_until(&mut self, turns: &mut Turns, caller: impl Fn(usize) -> Caller<'static>, end: i64) {
        while let Some(&Reverse((now, worker))) = turns.peek()
            && now <= end
        {
            turns.pop();
            let again = match self.book(worker, caller(worker), now) {
                Tried::Held(until) => until.max(now + 1) + self.jitter.draw(20),
                Tried::Booked(leaves) => leaves + 1 + self.jitter.draw(50),
                Tried::Stale => now + 1 + self.jitter.draw(5),
            };
            turns.push(Reverse((again, worker)));
        }
    }

    fn turns(&mut self, workers: usize) -> Turns {
        (0..workers).map(|worker| Reverse((START + self.jitter.draw(50), worker))).collect()
    }

    /// The most arrivals in any second and in any 20 minutes.
    fn densest(&mut self) -> (usize, usize) {
        self.arrivals.sort_unstable();
        (most_in_any(&self.arrivals, 1000), most_in_any(&self.arrivals, 20 * 60 * 1000))
    }
}

/// Who is next, and when.
type Turns = BinaryHeap<Reverse<(i64, usize)>>;

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

fn record(figures: Value) {
    figures::record("limiter", "cargo test -p shared-core --test limiter", figures);
}

fn client(name: &str) -> &'static ClientId {
    Box::leak(Box::new(name.parse().expect("a client's id")))
}

#[test]
fn fifty_workers_for_a_day_stay_within_both_windows_and_use_ninety_percent() {
    let mut account = Account::of(50);
    let mut turns = account.turns(50);
    let callers = [
        Caller { priority: Priority::Purchase, client: Some(client("a")) },
        Caller { priority: Priority::Interactive, client: Some(client("b")) },
        Caller { priority: Priority::Background, client: None },
    ];
    account.loop_until(&mut turns, |worker| callers[worker % 3], START + DAY_MS);
    let (second, twenty_minutes) = account.densest();
    let used = account.arrivals.len() as f64 / (DAY_MS / (20 * 60 * 1000) * 2000) as f64;
    println!("most in a second {second}, in 20 minutes {twenty_minutes}, used {:.1} %", used * 100.0);
    let used_percent = (used * 1000.0).round() / 10.0;
    record(json!({"workers": 50, "second": second, "twenty_minutes": twenty_minutes, "used_percent": used_percent}));
    assert!(second <= 5);
    assert!(twenty_minutes <= 2000);
    assert!(used >= 0.9);
}

/// One client's workers ask for links all day. Meanwhile others ask, six at once
/// every minute or so; `refused` counts those that were sent away.
fn beside_a_loop(looping: usize, other: Caller<'static>) -> (Account, usize, usize) {
    let mut account = Account::of(looping + 6);
    let mut turns = account.turns(looping);
    let greedy = Caller { priority: Priority::Interactive, client: Some(client("greedy")) };
    let (mut now, mut asked, mut refused) = (START, 0, 0);
    while now < START + DAY_MS {
        account.loop_until(&mut turns, |_| greedy, now);
        for worker in looping..looping + 6 {
            asked += 1;
            refused += usize::from(!matches!(account.call(worker, other, now), Tried::Booked(_)));
        }
        now += 50_000 + account.jitter.draw(20_000);
    }
    (account, asked, refused)
}

#[test]
fn one_clients_launches_all_day_hold_up_no_purchase_and_no_launch_of_another() {
    for priority in [Priority::Purchase, Priority::Interactive] {
        let other = Caller { priority, client: Some(client("modest")) };
        let (mut account, asked, refused) = beside_a_loop(10, other);
        let (second, twenty_minutes) = account.densest();
        println!(
            "{priority:?}: {refused} of {asked} refused; most in a second {second}, in 20 minutes {twenty_minutes}"
        );
        record(json!({"beside_a_loop": {format!("{priority:?}"): {"asked": asked, "held": refused}}}));
        assert_eq!(refused, 0, "{priority:?}");
        assert!(second <= 5 && twenty_minutes <= 2000);
    }
}

#[test]
fn one_clients_launches_hold_up_no_purchase_of_its_own() {
    let own = Caller { priority: Priority::Purchase, client: Some(client("greedy")) };
    assert_eq!(beside_a_loop(10, own).2, 0);
}
