//! `campaign`: the deployed hub under load and faults, judged by the vendors' books.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result};
use campaign::{Outcome, Plan};
use clap::Parser;
use test_support::figures;
use tokio::signal::unix::{SignalKind, signal};

/// Orders tests while vendors, AWS and processes fail, lets everything settle, and judges by the vendors' books.
///
/// Needs the variables of a stack with a proxy before its AWS: `cargo dev campaign` starts one and runs this.
/// Fails if a test or a result was lost, if a test was sold twice or bought again blindly, or if an order was left
/// unfinished.
#[derive(Parser)]
#[command(name = "campaign", version)]
struct Args {
    /// How many tests to order
    #[arg(long, default_value_t = 10_000)]
    reservations: usize,
    /// Percentage of calls to the vendors and to AWS that fail while faults are on
    #[arg(long, default_value_t = 30)]
    faults: u8,
    /// Seed of the random choices
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The folder for report.md, statuses.svg and campaign.json
    #[arg(long, default_value = "tests/bench-out/campaign")]
    out: PathBuf,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(&Args::parse()).await {
        Ok(Some(outcome)) if outcome.faults.is_empty() => ExitCode::SUCCESS,
        Ok(Some(outcome)) => {
            outcome.faults.iter().for_each(|fault| eprintln!("campaign: {fault}"));
            ExitCode::FAILURE
        }
        Ok(None) => ExitCode::from(130),
        Err(error) => {
            eprintln!("campaign: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Nothing if somebody asked for an end.
async fn run(args: &Args) -> Result<Option<Outcome>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let plan = Plan { faults: args.faults, seed: args.seed, ..Plan::of(args.reservations) };
    let began = Instant::now();
    let campaign = campaign::run(plan, |line| eprintln!("  {:>5.0} s  {line}", began.elapsed().as_secs_f64()));
    let outcome = tokio::select! {
        outcome = campaign => outcome?,
        _ = interrupt.recv() => return Ok(None),
        _ = terminate.recv() => return Ok(None),
    };
    fs::create_dir_all(&args.out).with_context(|| format!("{} cannot be made", args.out.display()))?;
    let Outcome { report, figures, plot, .. } = &outcome;
    for (name, kept_as, content) in [
        ("report.md", "campaign.md", report),
        ("statuses.svg", "campaign.svg", plot),
        ("campaign.json", "campaign.json", figures),
    ] {
        fs::write(args.out.join(name), content)?;
        figures::write(kept_as, content);
    }
    println!("{report}");
    println!("{}: report.md, statuses.svg, campaign.json", args.out.display());
    Ok(Some(outcome))
}
