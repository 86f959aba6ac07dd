//! Commands that are started and waited for.

use std::{
    process::{Child, ExitCode, ExitStatus},
    time::Duration,
};

use anyhow::{Result, bail};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use crate::interrupt;

/// Waits for a command; when the user asks for an end, it is told to end too. `tick` is called now and then meanwhile.
///
/// # Errors
/// The user asked for an end, or nobody knows what became of the command.
pub(crate) fn wait(child: &mut Child, mut tick: impl FnMut()) -> Result<ExitStatus> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if interrupt::asked() {
            let _ = kill(Pid::from_raw(i32::try_from(child.id())?), Signal::SIGTERM);
            child.wait()?;
            bail!("interrupted");
        }
        tick();
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// A command's exit code as one of our own; a signal's counts as failure.
pub(crate) fn exit_code(status: ExitStatus) -> ExitCode {
    ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}
