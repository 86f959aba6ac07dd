//! `cargo dev fuzz`.

mod build;
mod run;

use std::{
    process::ExitCode,
    sync::{Mutex, PoisonError},
    thread,
    time::Duration,
};

use anyhow::{Result, ensure};

use crate::{
    interrupt,
    progress::{self, say},
};

/// Has libFuzzer lead each target through the code for so long, and shows what came of it. A target that was broken
/// leaves its input, and the run ends with an error.
pub(super) fn run(minutes: f64, jobs: usize, wanted: &[String]) -> Result<ExitCode> {
    let binary = progress::step("building the targets for libFuzzer (some minutes, once)", build::binary)?;
    let known = build::targets(&binary)?;
    let unknown: Vec<_> = wanted.iter().filter(|name| !known.contains(name)).cloned().collect();
    ensure!(unknown.is_empty(), "no such target: {}; there are {}", unknown.join(", "), known.join(", "));
    let targets: Vec<_> = known.into_iter().filter(|name| wanted.is_empty() || wanted.contains(name)).collect();
    let time = Duration::from_secs_f64(minutes.max(0.05) * 60.0);
    let runs = side_by_side(jobs, targets, |target| run::one(&binary, target, time))?;
    table(&runs)?;
    let is_sound = runs.iter().all(|run| run.is_sound);
    Ok(if is_sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Does work on each target, on some at a time, and returns what came of it in the targets' order.
fn side_by_side<T: Send>(jobs: usize, targets: Vec<String>, work: impl Fn(&str) -> Result<T> + Sync) -> Result<Vec<T>> {
    let (waiting, done) = (Mutex::new(targets.into_iter().enumerate()), Mutex::new(Vec::new()));
    let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).next();
    thread::scope(|scope| {
        for _ in 0..jobs.max(1) {
            scope.spawn(|| {
                while let Some((n, target)) = next().filter(|_| !interrupt::asked()) {
                    let outcome = work(&target);
                    done.lock().unwrap_or_else(PoisonError::into_inner).push((n, outcome));
                }
            });
        }
    });
    interrupt::check()?;
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(n, _)| *n);
    done.into_iter().map(|(_, outcome)| outcome).collect()
}

fn table(runs: &[run::Run]) -> Result<()> {
    say(format_args!(
        "\n{:<20} {:>12} {:>8} {:>9} {:>15} {:>8}",
        "target", "executions", "seconds", "inputs", "edges", "panics"
    ))?;
    for run in runs {
        let run::Run { target, executions, seconds, inputs, first, edges, is_sound, .. } = run;
        let (edges, panics) = (format!("{first} → {edges}"), u8::from(!is_sound));
        say(format_args!("{target:<20} {executions:>12} {seconds:>8} {inputs:>9} {edges:>15} {panics:>8}"))?;
    }
    let executions: u64 = runs.iter().map(|run| run.executions).sum();
    let broken: Vec<_> = runs.iter().filter(|run| !run.is_sound).collect();
    say(format_args!("{executions} executions of {} targets, {} panics", runs.len(), broken.len()))?;
    for run in broken {
        say(format_args!("{}: see {}", run.target, run.folder.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_side_by_side_is_told_in_order() {
        let targets: Vec<_> = ["a", "b", "c"].map(str::to_owned).to_vec();
        let done = side_by_side(2, targets.clone(), |target| Ok(target.to_owned()));
        assert_eq!(done.unwrap(), targets);
    }
}
