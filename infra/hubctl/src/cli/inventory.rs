//! iTEP's stock.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use jiff::Timestamp;
use shared_core::domain::ids::AccountName;

use super::said;

#[derive(Debug, Subcommand)]
pub(crate) enum InventoryCommand {
    /// Compare an Available Test CSV with the hub, and settle doubts.
    ///
    /// Export the file at iTEP: screen "Tests Available", "Get Available Test CSV". Passwords are not read. Importing
    /// a file twice is harmless. Lists the stock, tests that can be reclaimed, and tests that may have been sat
    /// without a report. Raises `LowStock` when fewer tests are free than the profile's `low_stock`.
    Import(Imported),
    /// Release unused tests of ended reservations, so that iTEP can sell them again.
    ///
    /// Reclaim here first. Then, at iTEP, change each test's password, because its first candidate knows it, and
    /// clear its Assigned To. If iTEP sells a test before you reclaim it, its new reservation stays in doubt.
    Reclaim(Reclaim),
}

#[derive(Debug, Args)]
pub(crate) struct InventoryFile {
    /// The CSV file.
    pub(crate) file: PathBuf,
    /// The iTEP account that the file is from.
    #[arg(long)]
    pub(crate) account: AccountName,
    /// A test is reclaimable if it is still Ready this many days after its expiry.
    #[arg(long, value_name = "DAYS", default_value_t = 7)]
    pub(crate) grace_days: u16,
    /// Accept a file without tests: iTEP has none left.
    #[arg(long)]
    pub(crate) allow_empty: bool,
    /// Show what would change, and write nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Your name, for the reservations' histories. A dry run needs none.
    #[arg(long, value_name = "NAME", env = "USER", required_unless_present = "dry_run", value_parser = said)]
    by: Option<String>,
}

impl InventoryFile {
    /// The operator's name; empty in a dry run, which writes nothing.
    pub(crate) fn by(&self) -> &str {
        self.by.as_deref().unwrap_or_default()
    }
}

#[derive(Debug, Args)]
pub(crate) struct Imported {
    #[command(flatten)]
    pub(crate) file: InventoryFile,
    /// When iTEP exported the file, such as 2026-11-20T09:00:00Z. Needed to find tests that can be reclaimed or may have
    /// been sat.
    #[arg(long, value_name = "TIME")]
    pub(crate) exported_at: Option<Timestamp>,
}

#[derive(Debug, Args)]
pub(crate) struct Reclaim {
    #[command(flatten)]
    pub(crate) file: InventoryFile,
    /// When iTEP exported the file, such as 2026-11-20T09:00:00Z.
    #[arg(long, value_name = "TIME")]
    pub(crate) exported_at: Timestamp,
    /// Only this test; can be repeated. Without it, all reclaimable tests.
    #[arg(long, value_name = "TEST ID")]
    pub(crate) test: Vec<String>,
    /// The reason, for the reservations' histories.
    #[arg(long, value_name = "TEXT", value_parser = said)]
    pub(crate) why: String,
    /// Skip the confirmation prompt.
    #[arg(long, short)]
    pub(crate) yes: bool,
}
