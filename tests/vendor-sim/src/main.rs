//! `vendor-sim`: the simulated vendors as a server.

use std::io;
use std::process::ExitCode;

use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};
use vendor_sim::{Sim, SimConfig};

/// Simulates iTEP and TrueNorth over plain HTTP, with a ledger of what each sold.
///
/// Prints one line per port when ready, and ends on SIGINT or SIGTERM. Everything is kept in
/// memory. There are no accounts at first: create them with `PUT /_sim/accounts/<name>` on the
/// vendor's port. Also there: `/_sim/stock`, `/_sim/faults`, `/_sim/ledger`, `/_sim/mailbox` and
/// `/_sim/tests/<reference>/<start|finish|grade|reset|review|problem|invalidate|resend>`.
/// The control port closes and opens the others: `POST /_sim/listener`, `POST /_sim/ports`.
#[derive(Parser)]
#[command(name = "vendor-sim", version)]
struct Args {
    #[command(flatten)]
    config: SimConfig,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Args::parse().config).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("vendor-sim: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(config: SimConfig) -> io::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let sim = Sim::start(config).await?;
    println!("itep      {}", sim.itep_url());
    println!("truenorth {}", sim.truenorth_url());
    println!("control   {}", sim.control_url());
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    sim.stop().await;
    Ok(())
}
