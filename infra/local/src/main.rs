//! `cargo dev`: the hub on this machine, with an embedded AWS and simulated vendors.
//!
//! Pinned tools are installed under `.dev/`; what is started listens on the loopback interface only.

mod aws;
mod cli;
mod command;
mod demo;
mod emulator;
mod environment;
mod fuzz;
mod http;
mod inspect;
mod interrupt;
mod ports;
mod processes;
mod stack;
mod suite;
mod tools;
mod up;
mod vendors;
mod workspace;

use std::{
    io::{self, ErrorKind},
    process::ExitCode,
};

use anyhow::Result;
use clap::Parser;
use cli::{Arguments, Command};

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(code) => code.into(),
        // A reader such as `head` that has seen enough is no fault.
        Err(error) if error.downcast_ref::<io::Error>().is_some_and(|cause| cause.kind() == ErrorKind::BrokenPipe) => {
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Returns the exit code.
fn run(command: Command) -> Result<u8> {
    interrupt::watch()?;
    match command {
        Command::Up { detach, backend, no_build } => up::up(detach, backend, no_build)?,
        Command::Down { wipe } => up::down(wipe)?,
        Command::Demo => demo::run(&environment::Environment::load()?)?,
        Command::Test { backend, or_skip, arguments } => return suite::test(backend, or_skip, &arguments),
        Command::Campaign(options) => return suite::campaign(&options),
        Command::Fuzz { minutes, jobs, targets } => return fuzz::run(minutes, jobs, &targets),
        Command::Logs { function, follow, lines } => return inspect::logs(function.as_deref(), follow, lines),
        Command::Status => inspect::status()?,
    }
    Ok(0)
}
