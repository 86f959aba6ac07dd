//! `cargo dev fuzz`: runs each target under libFuzzer.

use std::{
    collections::BTreeMap,
    env,
    fs::{self, File},
    io::{IsTerminal, Write, stderr, stdout},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, anyhow, ensure};
use serde_json::{Value, json};

use crate::{command, workspace};

/// What `cargo bolero` passes too, without its sanitizers: these need an unstable compiler, and the hub forbids
/// unsafe code. The package's other binaries are linked without libFuzzer, and are not run.
const FLAGS: &str = "--cfg fuzzing --cfg fuzzing_libfuzzer -Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares \
    -Clink-arg=-Wl,--warn-unresolved-symbols";

/// The longest input in bytes, the longest time of one in seconds, the most memory in MiB. A function with all that it
/// calls has so many edges that the entropic schedule's books would cost more than the function.
const LIMITS: &str = "-max_len=16384 -timeout=30 -rss_limit_mb=2048 -entropic=0";

/// Runs targets, some at a time, and shows what came of them. A target that broke leaves its input, and the exit code
/// is 1.
pub(crate) fn run(minutes: f64, jobs: usize, wanted: &[String]) -> Result<u8> {
    let binary = command::step("building the targets for libFuzzer (takes minutes the first time)", build)?;
    let known = targets(&binary)?;
    let unknown: Vec<_> = wanted.iter().filter(|name| !known.contains(name)).cloned().collect();
    ensure!(unknown.is_empty(), "unknown target: {}; the targets are {}", unknown.join(", "), known.join(", "));
    let targets: Vec<_> = known.into_iter().filter(|name| wanted.is_empty() || wanted.contains(name)).collect();
    let time = Duration::from_secs_f64(minutes.max(0.05) * 60.0);
    let work = |target: &String| run_target(&binary, target, time);
    let mut runs = Vec::new();
    for group in targets.chunks(jobs.max(1)) {
        thread::scope(|scope| -> Result<()> {
            let threads: Vec<_> = group.iter().map(|target| scope.spawn(move || work(target))).collect();
            for thread in threads {
                runs.push(thread.join().map_err(|_| anyhow!("a target's thread panicked"))??);
            }
            Ok(())
        })?;
    }
    show(&runs)?;
    if wanted.is_empty() && env::var("UPDATE_FIGURES").is_ok_and(|value| value == "1") {
        record(&runs, minutes, jobs)?;
    }
    Ok(u8::from(!runs.iter().all(|run| run.is_sound)))
}

/// Builds the suite with libFuzzer in it, beside the ordinary one.
fn build() -> Result<PathBuf> {
    let compiler = command::output(Command::new("c++").arg("--version"), b"");
    compiler.context("libFuzzer needs a C++ compiler: install one, such as g++")?;
    let version = String::from_utf8(command::output(Command::new("rustc").arg("-vV"), b"")?)?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).context("rustc did not report its host")?;
    // With a target named, build scripts and macros go without the flags.
    let mut command = workspace::cargo(&["test", "--profile", "fuzz", "--target", host, "--target-dir", "target/fuzz"]);
    command.args(["--package", "suites", "--test", "fuzz", "--no-run", "--message-format", "json-render-diagnostics"]);
    let output = command.env("RUSTFLAGS", FLAGS).stderr(Stdio::inherit()).output()?;
    ensure!(output.status.success(), "the build failed");
    let text = String::from_utf8(output.stdout)?;
    let mut messages = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let built = messages.rfind(|message| message["target"]["name"] == "fuzz" && message["executable"].is_string());
    Ok(built.context("cargo reported no binary")?["executable"].as_str().unwrap_or_default().into())
}

/// The names of the targets, which are tests.
fn targets(binary: &Path) -> Result<Vec<String>> {
    let text = String::from_utf8(command::output(Command::new(binary).args(["--list", "--format", "terse"]), b"")?)?;
    let names: Vec<_> = text.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_owned).collect();
    ensure!(!names.is_empty(), "the suite lists no targets");
    Ok(names)
}

/// What came of a target.
struct Run {
    target: String,
    seconds: u64,
    progress: Progress,
    is_sound: bool,
}

/// New inputs go to the target's own folder; the committed ones are read only. That the target breaks is no error.
fn run_target(binary: &Path, target: &str, time: Duration) -> Result<Run> {
    let own = folder(target);
    let log = workspace::root().join(&own).join("log");
    fs::create_dir_all(log.with_file_name("corpus"))?;
    let arguments = format!(
        "{own}/corpus tests/suites/fuzz/corpus/{target} -artifact_prefix={own}/ -max_total_time={} {LIMITS} \
         -print_final_stats=1",
        time.as_secs().max(1)
    );
    let mut command = Command::new(binary);
    command.args([target, "--exact", "--nocapture", "--test-threads", "1"]).env("BOLERO_LIBFUZZER_ARGS", arguments);
    command.env("BOLERO_TEST_NAME", target).env("BOLERO_LIBTEST_HARNESS", "1").current_dir(workspace::root());
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(File::create(&log)?).spawn()?;
    let progress = || Progress::parse(&String::from_utf8_lossy(&fs::read(&log).unwrap_or_default()));
    let (start, mut last_shown) = (Instant::now(), Instant::now());
    let interval = Duration::from_secs(if stderr().is_terminal() { 10 } else { 60 });
    let code = command::wait(&mut child, || {
        if last_shown.elapsed() > interval {
            last_shown = Instant::now();
            let Progress { executions, edges, .. } = progress();
            eprintln!("  {target}: {} s, {executions} executions, {edges} edges", start.elapsed().as_secs());
        }
    })?;
    let (progress, seconds, is_sound) = (progress(), start.elapsed().as_secs(), code == 0);
    let broken = if is_sound { "" } else { ", BROKEN" };
    eprintln!("  {target}: {} executions in {seconds} s{broken}", progress.executions);
    Ok(Run { target: target.to_owned(), seconds, progress, is_sound })
}

/// Holds the log, the corpus, and the input that broke the target; in the repository.
fn folder(target: &str) -> String {
    format!(".dev/fuzz/{target}")
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Progress {
    executions: u64,
    /// How many inputs the corpus holds.
    inputs: u64,
    /// The edges of the code that the committed and earlier inputs reached.
    edges_before: u64,
    edges: u64,
}

impl Progress {
    /// Reads lines such as `#123 NEW cov: 45 ft: 67 corp: 8/9Kb …` and `stat::number_of_executed_units: 123`.
    fn parse(log: &str) -> Self {
        let mut progress = Self::default();
        for line in log.lines() {
            let words: Vec<_> = line.split_whitespace().collect();
            let after = |name: &str| {
                let position = words.iter().position(|word| *word == name)?;
                words.get(position + 1)?.split('/').next()?.parse().ok()
            };
            if let Some(executions) = after("stat::number_of_executed_units:") {
                progress.executions = executions;
            }
            let count = words.first().and_then(|word| word.strip_prefix('#')?.parse().ok());
            let Some(count) = count else { continue };
            progress.executions = count;
            progress.edges = after("cov:").unwrap_or(progress.edges);
            progress.inputs = after("corp:").unwrap_or(progress.inputs);
            if words.get(1) == Some(&"INITED") {
                progress.edges_before = progress.edges;
            }
        }
        progress
    }
}

fn show(runs: &[Run]) -> Result<()> {
    let mut out = stdout();
    writeln!(
        out,
        "\n{:<20} {:>12} {:>8} {:>9} {:>15} {:>8}",
        "target", "executions", "seconds", "inputs", "edges", "panics"
    )?;
    for Run { target, seconds, progress, is_sound, .. } in runs {
        let Progress { executions, inputs, edges_before, edges } = progress;
        let (edges, panics) = (format!("{edges_before} → {edges}"), u8::from(!is_sound));
        writeln!(out, "{target:<20} {executions:>12} {seconds:>8} {inputs:>9} {edges:>15} {panics:>8}")?;
    }
    let executions: u64 = runs.iter().map(|run| run.progress.executions).sum();
    let broken: Vec<_> = runs.iter().filter(|run| !run.is_sound).collect();
    writeln!(out, "{executions} executions of {} targets, {} panics", runs.len(), broken.len())?;
    for run in broken {
        writeln!(out, "{}: see {}", run.target, folder(&run.target))?;
    }
    Ok(())
}

/// As `test_support::figures::record` does. To depend on that crate would slow the start of every `cargo dev`.
fn record(runs: &[Run], minutes: f64, jobs: usize) -> Result<()> {
    let date = String::from_utf8(command::output(Command::new("date").args(["-u", "+%F"]), b"")?)?;
    let executions: BTreeMap<_, _> = runs.iter().map(|run| (&run.target, run.progress.executions)).collect();
    let figures = json!({
        "command": format!("cargo dev fuzz --minutes {minutes} --jobs {jobs}"),
        "date": date.trim(),
        "executions": executions,
        "panics": runs.iter().filter(|run| !run.is_sound).count(),
    });
    Ok(fs::write(workspace::root().join("tests/figures/fuzz.json"), format!("{figures:#}\n"))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libfuzzers_lines_are_understood() {
        let log = "\
#20\tINITED cov: 812 ft: 813 corp: 18/12Kb exec/s: 0 rss: 60Mb
#900\tREDUCE cov: 900 ft: 1200 corp: 40/30Kb lim: 4096 exec/s: 300 rss: 61Mb L: 7/90 MS: 1 EraseBytes-
stat::number_of_executed_units: 901
thread panicked at #1
";
        let expected = Progress { executions: 901, edges_before: 812, edges: 900, inputs: 40 };
        assert_eq!(Progress::parse(log), expected);
    }
}
