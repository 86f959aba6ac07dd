//! One target under libFuzzer.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader, IsTerminal, Write, stderr},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};

use crate::{children, workspace};

/// The longest input in bytes, the longest time of one in seconds, the most memory in MiB. A function with all that it
/// calls has so many edges that the entropic schedule's books would cost more than the function.
const LIMITS: &str = "-max_len=16384 -timeout=30 -rss_limit_mb=2048 -entropic=0";

/// What came of it.
#[derive(Debug, Clone, Default)]
pub(super) struct Run {
    pub(super) target: String,
    /// The folder with its log, its corpus, and the input that broke it.
    pub(super) folder: PathBuf,
    pub(super) executions: u64,
    pub(super) seconds: u64,
    /// How many inputs its corpus holds.
    pub(super) inputs: u64,
    /// The edges of the code that the committed and earlier inputs reach.
    pub(super) first: u64,
    /// And those that are reached now.
    pub(super) edges: u64,
    pub(super) is_sound: bool,
}

/// Runs a target.
///
/// # Errors
/// It cannot be started, or the user asked for an end. That the target fails is none.
pub(super) fn one(binary: &Path, target: &str, time: Duration) -> Result<Run> {
    let folder = workspace::dev_directory().join("fuzz").join(target);
    fs::create_dir_all(folder.join("corpus"))?;
    let (began, state) = (Instant::now(), Arc::new(Mutex::new(Run::default())));
    let mut child = spawn(binary, target, time)?;
    let output = child.stderr.take().context("libFuzzer's output is lost")?;
    let (told, mut log) = (Arc::clone(&state), File::create(folder.join("log"))?);
    let reader = thread::spawn(move || {
        for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line).into_owned();
            // A log that cannot be written ends nothing.
            let _ = writeln!(log, "{line}");
            told.lock().unwrap_or_else(PoisonError::into_inner).hear(&line);
        }
    });
    let status = wait(&mut child, target, &state, began)?;
    let _ = reader.join();
    let state = state.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let run = Run {
        target: target.to_owned(),
        folder,
        seconds: began.elapsed().as_secs(),
        is_sound: status.success(),
        ..state
    };
    eprintln!(
        "  {target}: {} executions in {} s{}",
        run.executions,
        run.seconds,
        if run.is_sound { "" } else { ", BROKEN" }
    );
    Ok(run)
}

/// New inputs go to the target's own folder; the committed ones are read only.
fn spawn(binary: &Path, target: &str, time: Duration) -> Result<Child> {
    let own = format!(".dev/fuzz/{target}");
    let arguments = format!(
        "{own}/corpus tests/tests/fuzz/corpus/{target} -artifact_prefix={own}/ -max_total_time={} {LIMITS} \
         -print_final_stats=1",
        time.as_secs().max(1)
    );
    let mut command = Command::new(binary);
    command.args([target, "--exact", "--nocapture", "--test-threads", "1"]).env("BOLERO_LIBFUZZER_ARGS", arguments);
    command.env("BOLERO_TEST_NAME", target).env("BOLERO_LIBTEST_HARNESS", "1").current_dir(workspace::root());
    let command = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    command.spawn().context("the suite could not be started")
}

impl Run {
    /// Takes a line such as `#123 NEW cov: 45 ft: 67 corp: 8/9Kb …` or `stat::number_of_executed_units: 123`.
    fn hear(&mut self, line: &str) {
        let words: Vec<_> = line.split_whitespace().collect();
        let after = |name: &str| {
            let at = words.iter().position(|word| *word == name)?;
            words.get(at + 1)?.split('/').next()?.parse().ok()
        };
        if let Some(executions) = after("stat::number_of_executed_units:") {
            self.executions = executions;
        }
        let Some(count) = words.first().and_then(|word| word.strip_prefix('#')?.parse().ok()) else { return };
        self.executions = count;
        self.edges = after("cov:").unwrap_or(self.edges);
        self.inputs = after("corp:").unwrap_or(self.inputs);
        if words.get(1) == Some(&"INITED") {
            self.first = self.edges;
        }
    }
}

/// Waits, and tells how far it is: every ten seconds in a terminal, elsewhere once a minute.
fn wait(child: &mut Child, target: &str, state: &Mutex<Run>, began: Instant) -> Result<ExitStatus> {
    let pause = Duration::from_secs(if stderr().is_terminal() { 10 } else { 60 });
    let mut told = Instant::now();
    children::wait(child, || {
        if told.elapsed() > pause {
            told = Instant::now();
            let Run { executions, edges, .. } = *state.lock().unwrap_or_else(PoisonError::into_inner);
            eprintln!("  {target}: {} s, {executions} executions, {edges} edges", began.elapsed().as_secs());
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libfuzzers_lines_are_understood() {
        let mut run = Run::default();
        run.hear("#20\tINITED cov: 812 ft: 813 corp: 18/12Kb exec/s: 0 rss: 60Mb");
        run.hear(
            "#900\tREDUCE cov: 900 ft: 1200 corp: 40/30Kb lim: 4096 exec/s: 300 rss: 61Mb L: 7/90 MS: 1 EraseBytes-",
        );
        run.hear("stat::number_of_executed_units: 901");
        run.hear("thread panicked at #1");
        assert_eq!((run.executions, run.first, run.edges, run.inputs), (901, 812, 900, 40));
    }
}
