//! `cargo dev down`.

use anyhow::Result;

use crate::{
    cli::Backend,
    progress::{self, say},
    stack::{Purpose, Stack},
};

/// Ends what `up` started, on either backend.
pub(super) fn run(wipe: bool) -> Result<()> {
    for backend in [Backend::Ministack, Backend::Localstack] {
        let stack = Stack::open(Purpose::Development, backend)?;
        progress::step("ending everything", || stack.take_down())?;
        if wipe {
            stack.wipe()?;
        }
    }
    say(format_args!(
        "Everything has ended{}.",
        if wipe { ", and its data is deleted" } else { "; its data is kept" }
    ))?;
    Ok(())
}
