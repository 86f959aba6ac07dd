//! Tells what takes time.

use std::{
    fmt::Display,
    io::{self, IsTerminal, Write, stderr, stdout},
    time::{Duration, Instant},
};

use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};

/// Writes a line for the user's eye, or for a program that reads on.
///
/// # Errors
/// Nobody reads any more.
pub(crate) fn say(line: impl Display) -> io::Result<()> {
    writeln!(stdout(), "{line}")
}

/// Does one step of work: with a spinner in a terminal, with a line before it elsewhere, and with its time after it.
pub(crate) fn step<T>(what: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let began = Instant::now();
    let spinner = spinner(what);
    let outcome = work();
    if let Some(spinner) = &spinner {
        spinner.finish_and_clear();
    }
    if outcome.is_ok() && (spinner.is_some() || began.elapsed() > Duration::from_secs(2)) {
        eprintln!("  {what}: done in {:.1} s", began.elapsed().as_secs_f64());
    }
    outcome
}

fn spinner(what: &str) -> Option<ProgressBar> {
    if !stderr().is_terminal() {
        eprintln!("  {what} …");
        return None;
    }
    let style =
        ProgressStyle::with_template("{spinner} {msg} {elapsed}").unwrap_or_else(|_| ProgressStyle::default_spinner());
    let spinner = ProgressBar::new_spinner().with_style(style).with_message(what.to_owned());
    spinner.enable_steady_tick(Duration::from_millis(100));
    Some(spinner)
}
