//! Ctrl-C, SIGTERM and SIGHUP: the current work ends in order, and everything that was started is stopped.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread::sleep,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};

static REQUESTED: AtomicBool = AtomicBool::new(false);

/// From now on the signals only set a flag.
pub(crate) fn watch() -> Result<()> {
    ctrlc::set_handler(|| REQUESTED.store(true, Ordering::SeqCst)).context("cannot handle Ctrl-C")
}

pub(crate) fn requested() -> bool {
    REQUESTED.load(Ordering::SeqCst)
}

/// Fails if the user wants an end.
pub(crate) fn check() -> Result<()> {
    ensure!(!requested(), "interrupted");
    Ok(())
}

/// Tries until there is a value, and returns `None` at the time-out.
pub(crate) fn poll<T>(timeout: Duration, mut attempt: impl FnMut() -> Result<Option<T>>) -> Result<Option<T>> {
    let deadline = Instant::now() + timeout;
    loop {
        check()?;
        if let Some(value) = attempt()? {
            return Ok(Some(value));
        }
        if Instant::now() >= deadline {
            return Ok(None);
        }
        sleep(Duration::from_millis(50));
    }
}
