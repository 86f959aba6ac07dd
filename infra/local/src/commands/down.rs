//! `cargo dev down`.

use anyhow::Result;

use crate::{
    cli::Backend,
    progress::{self, say},
    stack::{Purpose, Stack},
};

/// Ends what `up` started, on either backend.
pub(super) fn run(wipe: bool) -> Result<()> {
    progress::step("ending everything", || {
        for backend in [Backend::Ministack, Backend::Localstack] {
            let stack = Stack::open(Purpose::Development, backend)?;
            stack.take_down()?;
            if wipe {
                stack.wipe()?;
            }
        }
        Ok(())
    })?;
    say(format_args!(
        "Everything has ended{}.",
        if wipe { ", and its data is deleted" } else { "; its data is kept" }
    ))?;
    Ok(())
}
