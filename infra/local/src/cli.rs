//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// The English Test Hub on this machine, with an embedded AWS and simulated vendors.
#[derive(Debug, Parser)]
#[command(name = "cargo dev", bin_name = "cargo dev")]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Build and start everything, and show how to use it
    ///
    /// The first time also buys and scores a test with each vendor. Data is kept from one `up` to the next.
    Up {
        /// Leave it running in the background; `cargo dev down` ends it
        #[arg(long)]
        detach: bool,
        /// Which AWS to run on; localstack has tables, queues and secrets only
        #[arg(long, value_enum, default_value_t)]
        backend: Backend,
        /// Use the binaries as they were built last
        #[arg(long)]
        no_build: bool,
    },
    /// End everything that `up` started
    Down {
        /// Delete the local data too, so that the next `up` begins from nothing
        #[arg(long)]
        wipe: bool,
    },
    /// Buy, sit and score a test with each vendor on the running stack, and show each answer
    Demo,
    /// Run the whole test suite against a stack of its own
    Test {
        /// Which AWS to test on; localstack runs the contract suite of storage and queues only
        #[arg(long, value_enum, default_value_t)]
        backend: Backend,
        /// Where the backend's prerequisites are missing, say so and succeed
        #[arg(long)]
        or_skip: bool,
        /// Arguments for `cargo test`, such as `-p suites --test hub -- some_name`
        #[arg(last = true)]
        arguments: Vec<String>,
    },
    /// Load a stack of its own with orders while vendors, AWS and processes fail, and judge by the vendors' books
    ///
    /// Fails if anything was lost, sold twice, left hanging or bought again blindly.
    #[command(visible_alias = "bench")]
    Campaign(CampaignOptions),
    /// Have libFuzzer look for inputs that break what reads foreign bytes
    ///
    /// Inputs that it finds are kept in `.dev/fuzz`, beside the one that broke a target.
    Fuzz {
        /// How long each target runs
        #[arg(long, default_value_t = 10.0)]
        minutes: f64,
        /// How many run at a time
        #[arg(long, default_value_t = 1)]
        jobs: usize,
        /// Which targets, such as `itep_json`; all of them if left out
        targets: Vec<String>,
    },
    /// Show what the functions logged
    Logs {
        /// One function, such as `provision`; all of them if left out
        function: Option<String>,
        /// Go on showing new lines until Ctrl-C
        #[arg(long, short)]
        follow: bool,
        /// How many lines to begin with
        #[arg(long, short = 'n', default_value_t = 100)]
        lines: usize,
    },
    /// Show what is running
    Status,
}

#[derive(Debug, Args)]
pub(crate) struct CampaignOptions {
    /// How many tests to order
    #[arg(long, default_value_t = 10_000)]
    pub(crate) reservations: usize,
    /// How many percent of the calls to the vendors and to AWS fail while faults last
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u8).range(0..=60))]
    pub(crate) faults: u8,
    /// What chance begins with
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Where the report goes
    #[arg(long, default_value = "tests/bench-out/campaign")]
    pub(crate) out: PathBuf,
    /// Use the binaries as they were built last
    #[arg(long)]
    pub(crate) no_build: bool,
}

/// An AWS that runs on this machine.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Backend {
    /// Runs the whole template: HTTP API, functions, queues, schedules, table, secrets
    #[default]
    Ministack,
    /// Table, queues and secrets; needs Python 3.12, Java 17 and npm
    Localstack,
}

impl Backend {
    /// Also of its process.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Backend::Ministack => "ministack",
            Backend::Localstack => "localstack",
        }
    }
}
