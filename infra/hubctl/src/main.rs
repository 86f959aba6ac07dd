//! `hubctl`, the operator's command: clients, keys, vendor accounts, and what needs a person's decision.

mod cli;
mod commands;
mod context;
mod output;

use std::process::ExitCode;

use anyhow::anyhow;
use clap::Parser;
use shared::aws::clients::variable;
use shared::aws::{AwsClients, DynamoStore, MissingVariable};
use shared_core::ports::{BackendError, ErrorChain};

use cli::{Cli, Command};
use output::Output;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(&cli).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            context::warn(format_args!("{problem:#}"));
            ExitCode::FAILURE
        }
    }
}

async fn run(cli: &Cli) -> anyhow::Result<()> {
    let (store, out) = (store()?, Output::new(cli.json));
    match &cli.command {
        Command::Client(command) => commands::client::run(&store, out, command).await,
        Command::Key(command) => commands::key::run(&store, out, command).await,
        Command::Account(command) => commands::account::run(&store, out, command).await,
        Command::Doubt(command) => commands::doubt::run(&store, out, command).await,
        Command::Reservation(command) => commands::reservation::run(&store, out, command).await,
        Command::Result(command) => commands::result::run(&store, out, command).await,
        Command::Dlq(command) => commands::dlq::run(out, command).await,
        Command::Quarantine(command) => commands::quarantine::run(&store, out, command).await,
        Command::Report(command) => commands::report::run(&store, out, command).await,
        Command::Inventory(command) => commands::inventory::run(&store, out, command).await,
    }
}

fn store() -> anyhow::Result<DynamoStore> {
    let table = variable("TABLE_NAME").map_err(|unset| missing(&unset))?;
    let clients = AwsClients::from_env().map_err(|unset| missing(&unset))?;
    Ok(DynamoStore::new(clients, table))
}

fn missing(unset: &MissingVariable) -> anyhow::Error {
    anyhow!("{unset}. On the local stack, run `set -a; . .dev/env; set +a` first; for AWS, see `hubctl --help`")
}

/// Turns a backend error into one that prints its causes.
fn asking<T>(outcome: Result<T, BackendError>) -> anyhow::Result<T> {
    outcome.map_err(|error| anyhow!("{}", ErrorChain(&error)))
}
