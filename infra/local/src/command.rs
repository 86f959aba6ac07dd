//! Runs commands, waits for them, and shows progress.

use std::{
    env,
    io::{IsTerminal, Write, stderr},
    path::Path,
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use indicatif::ProgressBar;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use crate::interrupt;

/// A command with nothing of the user's environment but what processes need to start.
pub(crate) fn isolated(program: &Path) -> Command {
    let mut command = Command::new(program);
    let needed = ["PATH", "HOME", "LANG", "LD_LIBRARY_PATH"];
    command.env_clear().envs(needed.iter().filter_map(|name| Some((name, env::var_os(name)?))));
    command
}

/// Runs a command with this input and returns what it printed. If it fails, the error has its last lines.
pub(crate) fn output(command: &mut Command, input: &[u8]) -> Result<Vec<u8>> {
    let program = command.get_program().display().to_string();
    let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = child.with_context(|| format!("cannot start {program}"))?;
    // It may end without reading its input; its exit code tells.
    let _ = child.stdin.take().map(|mut stdin| stdin.write_all(input));
    let output = child.wait_with_output()?;
    interrupt::check()?;
    ensure!(output.status.success(), "{program} failed: {}", last_lines(&[output.stdout, output.stderr].concat(), 5));
    Ok(output.stdout)
}

pub(crate) fn last_lines(text: &[u8], count: usize) -> String {
    let text = String::from_utf8_lossy(text);
    let lines: Vec<_> = text.trim().lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

/// Waits for a command, which ends too if the user wants an end, and returns its exit code; a signal's counts as 1.
pub(crate) fn wait(child: &mut Child, mut while_waiting: impl FnMut()) -> Result<u8> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1));
        }
        if interrupt::requested() {
            let _ = kill(Pid::from_raw(i32::try_from(child.id())?), Signal::SIGTERM);
            child.wait()?;
            bail!("interrupted");
        }
        while_waiting();
        sleep(Duration::from_millis(50));
    }
}

/// Shows a step of work while it lasts, and then how long it took.
pub(crate) fn step<T>(what: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let start = Instant::now();
    let is_terminal = stderr().is_terminal();
    let spinner = ProgressBar::new_spinner().with_message(what.to_owned());
    if is_terminal {
        spinner.enable_steady_tick(Duration::from_millis(100));
    } else {
        eprintln!("  {what} …");
    }
    let outcome = work();
    spinner.finish_and_clear();
    if outcome.is_ok() && (is_terminal || start.elapsed() > Duration::from_secs(2)) {
        eprintln!("  {what}: done in {:.1} s", start.elapsed().as_secs_f64());
    }
    outcome
}
