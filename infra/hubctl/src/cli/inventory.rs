//! iTEP's stock.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use jiff::Timestamp;
use shared_core::domain::ids::AccountName;

use super::said;

#[derive(Debug, Subcommand)]
pub(crate) enum InventoryCommand {
    /// Reconcile an Available Test CSV with the hub's books, and settle what was in doubt.
    ///
    /// The file comes from iTEP's screen "Tests Available", "Get Available Test CSV". Its passwords are not read.
    /// Importing a file again is harmless. Lists what may be reclaimed, what was perhaps sat without a report, and
    /// the stock; low stock rings the alarm LowStock.
    Import(Imported),
    /// Take back the tests that a file shows unused after their reservations expired, so that they can be sold again.
    ///
    /// First reclaim here, then clear the tests' Assigned To at iTEP: a test that iTEP sells while it is still an
    /// expired reservation's leaves its new reservation in doubt. A reclaimed test's password is to be changed at
    /// iTEP, since its first candidate has it.
    Reclaim(Reclaim),
}

#[derive(Debug, Args)]
pub(crate) struct InventoryFile {
    /// The file.
    pub(crate) file: PathBuf,
    /// The iTEP account whose tests it lists.
    #[arg(long)]
    pub(crate) account: AccountName,
    /// How many days after its expiry a test must still stand Ready to be reclaimable.
    #[arg(long, value_name = "DAYS", default_value_t = 7)]
    pub(crate) grace_days: u16,
    /// Take a file that lists no test for what it says: iTEP has none left.
    #[arg(long)]
    pub(crate) allow_empty: bool,
    /// Only say what would be done.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Who does this; it is kept in the reservations' histories. A dry run needs no name.
    #[arg(long, value_name = "NAME", env = "USER", required_unless_present = "dry_run", value_parser = said)]
    by: Option<String>,
}

impl InventoryFile {
    /// Who does this; empty in a dry run, which writes nothing.
    pub(crate) fn by(&self) -> &str {
        self.by.as_deref().unwrap_or_default()
    }
}

#[derive(Debug, Args)]
pub(crate) struct Imported {
    #[command(flatten)]
    pub(crate) file: InventoryFile,
    /// When iTEP wrote it, such as 2026-11-20T09:00:00Z: needed to tell what may be reclaimed or was perhaps sat.
    #[arg(long, value_name = "TIME")]
    pub(crate) exported_at: Option<Timestamp>,
}

#[derive(Debug, Args)]
pub(crate) struct Reclaim {
    #[command(flatten)]
    pub(crate) file: InventoryFile,
    /// When iTEP wrote it, such as 2026-11-20T09:00:00Z.
    #[arg(long, value_name = "TIME")]
    pub(crate) exported_at: Timestamp,
    /// Only this test; may be said several times. Without it, all that are reclaimable.
    #[arg(long, value_name = "TEST ID")]
    pub(crate) test: Vec<String>,
    /// Why; it is kept in the reservations' histories.
    #[arg(long, value_name = "TEXT", value_parser = said)]
    pub(crate) why: String,
    /// Do not ask.
    #[arg(long, short)]
    pub(crate) yes: bool,
}
