//! One file per subcommand.

mod campaign;
mod demo;
mod down;
mod fuzz;
mod logs;
mod status;
mod test;
mod up;

use std::process::ExitCode;

use anyhow::Result;

use crate::{
    cli::{Arguments, Command},
    interrupt,
};

/// Does what the command line says.
///
/// # Errors
/// What the user has to know.
pub(crate) fn run(arguments: Arguments) -> Result<ExitCode> {
    interrupt::watch()?;
    match arguments.command {
        Command::Up { detach, backend, no_build } => up::run(detach, backend, no_build),
        Command::Down { wipe } => down::run(wipe),
        Command::Demo => demo::run(),
        Command::Test { backend, or_skip, arguments } => return test::run(backend, or_skip, &arguments),
        Command::Campaign(wanted) => return campaign::run(&wanted),
        Command::Fuzz { minutes, jobs, targets } => return fuzz::run(minutes, jobs, &targets),
        Command::Logs { function, follow, lines } => logs::run(function.as_deref(), follow, lines),
        Command::Status => status::run(),
    }?;
    Ok(ExitCode::SUCCESS)
}
