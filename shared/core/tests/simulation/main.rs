//! Deterministic simulation of the hub: the production's use cases over ports in
//! memory, under faults that a seed decides. See `README.md`.

mod bugs;
mod client;
mod events;
mod hooks;
mod imports;
mod judge;
mod lives;
mod resends;
mod rng;
mod run;
mod seeded;
mod sim;
mod vendors;
mod world;

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use judge::{Counts, Verdict};
use serde_json::json;
use sim::{FAULTS, Options, Sim};
use test_support::figures;

/// Seeds of a run without `SIM_SEEDS`.
const SEEDS: u64 = 20_000;

fn live(options: Options) -> Verdict {
    let timeouts = world::times(&options);
    let sim = Sim::new(options, timeouts);
    run::run(&sim);
    judge::judge(&sim)
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|value| value.parse().ok())
}

#[derive(Debug, Default)]
struct Figures {
    counts: Counts,
    failed: Vec<(u64, Vec<String>)>,
}

/// The run that the suite makes.
const COMMAND: &str = "cargo test -p shared-core --test simulation";

impl Figures {
    fn count(&mut self, seed: u64, verdict: Verdict) {
        verdict.counts.into_iter().for_each(|(name, count)| *self.counts.entry(name).or_default() += count);
        if !verdict.violations.is_empty() {
            self.failed.push((seed, verdict.violations));
        }
    }

    fn record(&self) {
        let (name, command) = match number("SIM_SEEDS") {
            None => ("simulation", COMMAND.to_owned()),
            Some(seeds) => {
                let command = "cargo test --release -p shared-core --test simulation under_faults";
                ("simulation_deeper", format!("SIM_SEEDS={seeds} {command}"))
            }
        };
        let mut figures = json!(self.counts);
        figures["seeds_failed"] = json!(self.failed.len());
        figures::record(name, &command, figures);
    }
}

/// Lives through the seeds on every core.
fn campaign(seeds: std::ops::Range<u64>) -> Figures {
    let (next, figures) = (AtomicU64::new(seeds.start), Mutex::new(Figures::default()));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end {
                        break;
                    }
                    let verdict = live(Options { seed, ..Options::default() });
                    figures.lock().expect("no thread panics here").count(seed, verdict);
                }
            });
        }
    });
    figures.into_inner().expect("no thread panics here")
}

#[test]
fn under_faults_nothing_is_lost_doubled_or_stuck() {
    let from = number("SIM_FROM").unwrap_or(0);
    let began = std::time::Instant::now();
    let mut figures = campaign(from..from + number("SIM_SEEDS").unwrap_or(SEEDS));
    figures.record();
    let mut failed = std::mem::take(&mut figures.failed);
    failed.sort();
    println!("{figures:?}; {} seeds failed; {:.1?}", failed.len(), began.elapsed());
    for (seed, violations) in failed.iter().take(number("SIM_SHOW").unwrap_or(20) as usize) {
        println!("SIM_SEED={seed} cargo test -p shared-core --test simulation -- --nocapture one_seed");
        violations.iter().for_each(|violation| println!("    {violation}"));
    }
    assert!(failed.is_empty(), "{} of {} seeds failed", failed.len(), figures.counts["seeds"]);
}

/// The world of `SIM_SEED` with its trace.
#[test]
fn one_seed() {
    let Some(seed) = number("SIM_SEED") else { return };
    let verdict = live(Options { seed, trace: true, ..Options::default() });
    verdict.trace.iter().for_each(|line| println!("{line}"));
    assert!(verdict.violations.is_empty(), "{:#?}", verdict.violations);
}

#[test]
fn a_seed_is_the_same_world_every_time() {
    for seed in 0..50 {
        let once = live(Options { seed, trace: true, ..Options::default() });
        let again = live(Options { seed, trace: true, ..Options::default() });
        assert_eq!(once.trace, again.trace, "seed {seed}");
    }
}

/// Every fault at every port call of a quiet world, alone.
#[test]
fn one_fault_at_every_await_point_does_no_harm() {
    let mut worlds = 0;
    for seed in 0..30 {
        let quiet = live(Options { seed, only: Some(Vec::new()), ..Options::default() });
        assert_eq!(quiet.violations, Vec::<String>::new(), "seed {seed}, without a fault");
        for call in 1..=quiet.counts["port_calls"] {
            for fault in FAULTS {
                let verdict = live(Options { seed, only: Some(vec![(call, fault)]), ..Options::default() });
                assert!(verdict.violations.is_empty(), "seed {seed}, {fault:?} at {call}: {:?}", verdict.violations);
                worlds += 1;
            }
        }
    }
    println!("{worlds} worlds with one fault each");
    figures::record("simulation", COMMAND, json!({"worlds_with_one_fault": worlds}));
}
