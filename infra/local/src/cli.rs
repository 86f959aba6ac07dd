//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Run the English Test Hub on this machine, with an embedded AWS and simulated vendors.
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
    /// The first `up` also buys and scores a test with each vendor. The next `up` finds the same data.
    Up {
        /// Run in the background until `cargo dev down`
        #[arg(long)]
        detach: bool,
        /// Which AWS to run on; localstack has only tables, queues and secrets
        #[arg(long, value_enum, default_value_t)]
        backend: Backend,
        /// Use the binaries of the last build
        #[arg(long)]
        no_build: bool,
    },
    /// Stop everything that `up` started
    Down {
        /// Delete the local data too, so that the next `up` starts from nothing
        #[arg(long)]
        wipe: bool,
    },
    /// Buy, sit and score a test with each vendor on the running stack, and print each answer
    Demo,
    /// Run all tests on a separate stack
    Test {
        /// Which AWS to test on; localstack runs only the contract suite of storage and queues
        #[arg(long, value_enum, default_value_t)]
        backend: Backend,
        /// If the backend's prerequisites are missing, say so and exit with success
        #[arg(long)]
        or_skip: bool,
        /// Arguments for `cargo test`, such as `-p suites --test hub -- some_name`
        #[arg(last = true)]
        arguments: Vec<String>,
    },
    /// Run the fault campaign: order tests while vendors, AWS and processes fail, and check the vendors' ledgers
    ///
    /// It runs on a separate stack. It fails if a test or a result was lost, if a test was sold twice or bought again
    /// blindly, or if an order was left unfinished.
    #[command(visible_alias = "bench")]
    Campaign(CampaignOptions),
    /// Fuzz the code that parses external input, with libFuzzer
    ///
    /// `.dev/fuzz` keeps the inputs that it finds, and the one that broke a target.
    Fuzz {
        /// How many minutes each target runs
        #[arg(long, default_value_t = 10.0)]
        minutes: f64,
        /// How many targets run at a time
        #[arg(long, default_value_t = 1)]
        jobs: usize,
        /// Targets to run, such as `itep_json`; all if omitted
        targets: Vec<String>,
    },
    /// Show the functions' logs
    Logs {
        /// Only this function, such as `provision`; all if omitted
        function: Option<String>,
        /// Keep showing new lines until Ctrl-C
        #[arg(long, short)]
        follow: bool,
        /// How many lines to start with
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
    /// Percentage of calls to the vendors and to AWS that fail while faults are on
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u8).range(0..=60))]
    pub(crate) faults: u8,
    /// Seed of the random choices
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Where the report goes
    #[arg(long, default_value = "tests/bench-out/campaign")]
    pub(crate) out: PathBuf,
    /// Use the binaries of the last build
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
