//! `cargo dev`: runs the hub on this machine.
//!
//! It installs pinned local tools under `.dev/`, builds the functions, starts an embedded AWS and the simulated
//! vendors, deploys `infra/template.yaml`, and tells how to use what it started.

mod aws;
mod binaries;
mod bring_up;
mod children;
mod cli;
mod clients;
mod commands;
mod deployment;
mod emulators;
mod environment;
mod fault_proxy;
mod http;
mod interrupt;
mod ports;
mod prerequisites;
mod processes;
mod progress;
mod stack;
mod tools;
mod vendors;
mod workspace;

use std::{
    io::{self, ErrorKind},
    process::ExitCode,
};

use clap::Parser;

fn main() -> ExitCode {
    match commands::run(cli::Arguments::parse()) {
        Ok(code) => code,
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
