//! `cargo dev campaign`.

use std::process::{ExitCode, Stdio};

use anyhow::{Context, Result};

use super::test::Running;
use crate::{
    binaries::Binaries,
    bring_up, children,
    cli::{Backend, Campaign},
    interrupt, prerequisites,
    stack::Purpose,
    workspace,
};

/// Runs the campaign against a stack of its own, ends the stack in any case, and passes the judgement on.
pub(super) fn run(wanted: &Campaign) -> Result<ExitCode> {
    prerequisites::python(10)?;
    let stack = Running::begin(Purpose::Campaign, Backend::Ministack)?;
    let binaries = if wanted.no_build { Binaries::as_built()? } else { Binaries::build(false)? };
    interrupt::check()?;
    let environment = bring_up::start_all(&stack.0, &binaries)?;
    let mut command = std::process::Command::new(binaries.path("campaign")?);
    command
        .args(["--reservations", &wanted.reservations.to_string()])
        .args(["--faults", &wanted.faults.to_string()])
        .args(["--seed", &wanted.seed.to_string()])
        .arg("--out")
        .arg(workspace::root().join(&wanted.out));
    let mut child = command
        .envs(environment.variables())
        .stdin(Stdio::null())
        .spawn()
        .context("the campaign could not be started")?;
    Ok(children::exit_code(children::wait(&mut child, || {})?))
}
