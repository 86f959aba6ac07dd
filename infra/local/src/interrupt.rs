//! Ctrl-C and its like are asked for, not suffered, so that what was started is always ended.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread::sleep,
    time::Duration,
};

use anyhow::{Context, Result, bail};

static ASKED: AtomicBool = AtomicBool::new(false);

/// From now on Ctrl-C, SIGTERM and SIGHUP only set a mark.
pub(crate) fn watch() -> Result<()> {
    ctrlc::set_handler(|| ASKED.store(true, Ordering::SeqCst)).context("Ctrl-C cannot be watched")
}

/// Whether the user asked for an end.
pub(crate) fn asked() -> bool {
    ASKED.load(Ordering::SeqCst)
}

/// Ends the work at hand with an error if the user asked for an end.
pub(crate) fn check() -> Result<()> {
    if asked() { bail!("interrupted") } else { Ok(()) }
}

/// Sleeps, yet wakes soon after the user asked for an end.
pub(crate) fn pause(time: Duration) {
    let slice = Duration::from_millis(50);
    let mut left = time;
    while !asked() && !left.is_zero() {
        let now = left.min(slice);
        sleep(now);
        left -= now;
    }
}
