//! `hubctl inventory`.

mod reclaim;
mod stock;

use std::fs::File;
use std::io::BufReader;
use std::time::Duration;

use anyhow::{Context, bail};
use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use serde_json::json;
use shared::aws::DynamoStore;
use shared::vendors::itep::inventory::{self, FileProblem};
use shared_core::domain::ids::{Account, Vendor};
use shared_core::domain::reservation::Status;
use shared_core::ports::BackendError;
use shared_core::usecases::import_inventory::{
    Finding, Import, Kind, Listing, LowStock, PerhapsSat, Report, Stock, Unreadable, import_inventory,
};

use crate::asking;
use crate::cli::{Imported, InventoryCommand, InventoryFile};
use crate::context::OperatorContext;
use crate::output::{Output, or_dash, time};

const RECLAIMABLE: &str =
    "Reclaimable: the reservation ended unused, and iTEP still lists the test after expiry and grace period";
const RECLAIMABLE_COLUMNS: [&str; 3] = ["TEST", "RESERVATION", "STATUS"];
const DAY: Duration = Duration::from_secs(24 * 3600);

pub(crate) async fn run(store: &DynamoStore, out: Output, command: &InventoryCommand) -> anyhow::Result<()> {
    match command {
        InventoryCommand::Import(imported) => import(store, out, imported).await,
        InventoryCommand::Reclaim(wanted) => reclaim::run(store, out, wanted).await,
    }
}

async fn import(store: &DynamoStore, out: Output, imported: &Imported) -> anyhow::Result<()> {
    let file = &imported.file;
    let listing = listing(file, imported.exported_at)?;
    let watch = stock::watch(&file.account).await;
    let import = Import {
        account: Account { vendor: Vendor::Itep, name: file.account.clone() },
        operator: file.by().to_owned(),
        exported_at: imported.exported_at,
        grace: DAY * u32::from(file.grace_days),
        watch: watch.as_ref().ok().cloned(),
        dry_run: file.dry_run,
    };
    let (report, done) = reconcile(store, &import, &listing).await?;
    let json = json!({ "account": import.account.name, "dry_run": import.dry_run, "report": report });
    let mut lines = lines(out, imported, &report);
    if let Err(why) = watch {
        lines.push_str(&format!("\nThe stock was not compared with `low_stock`: {why}.\n"));
    }
    out.say(&json, &lines)?;
    if !report.low_stock.is_empty() && !import.dry_run {
        stock::ring(&import.account.name).await;
    }
    asking(done).context("the import stopped; run it again")
}

/// Reads a file before anything is done with it.
fn listing(file: &InventoryFile, exported_at: Option<Timestamp>) -> anyhow::Result<Listing> {
    if exported_at.is_some_and(|exported| exported > Timestamp::now()) {
        bail!("--exported-at is in the future");
    }
    let path = file.file.display();
    let opened = File::open(&file.file).with_context(|| format!("cannot open {path}"))?;
    match inventory::parse_listing(BufReader::new(opened)) {
        Err(FileProblem::NoTests(unreadable)) if unreadable.is_empty() && file.allow_empty => Ok(Listing::default()),
        Err(FileProblem::NoTests(unreadable)) if unreadable.is_empty() => {
            bail!("{path}: nothing was imported: the file lists no tests; if iTEP has none left, add --allow-empty")
        }
        read => read.with_context(|| format!("{path}: nothing was imported")),
    }
}

/// Imports under a progress bar; what failed comes with the report so far.
async fn reconcile(
    store: &DynamoStore,
    import: &Import,
    listing: &Listing,
) -> anyhow::Result<(Report, Result<(), BackendError>)> {
    let bar = ProgressBar::new(listing.rows.len() as u64).with_style(style());
    let done = import_inventory(&OperatorContext::new(store)?, import, listing, || bar.inc(1)).await;
    bar.finish_and_clear();
    Ok(done)
}

fn style() -> ProgressStyle {
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} tests  {eta} left");
    style.unwrap_or_else(|_| ProgressStyle::default_bar())
}

fn lines(out: Output, imported: &Imported, report: &Report) -> String {
    let file = &imported.file;
    let counts: Vec<_> = report.counts.iter().map(|(kind, n)| vec![n.to_string(), words(*kind).to_owned()]).collect();
    let mut lines = format!("{} tests of itep/{}\n\n", report.rows, file.account);
    lines.push_str(&out.table(&["TESTS", "FINDING"], &counts));
    let stock = |(version, stock): (&String, &Stock)| {
        vec![version.clone(), stock.free.to_string(), stock.ours.to_string(), stock.others.to_string()]
    };
    let stock: Vec<_> = report.stock.iter().map(stock).collect();
    section(&mut lines, out, "Stock", &["VERSION", "FREE", "OURS", "OTHERS"], &stock);
    let row = |low: &LowStock| vec![low.version.clone(), low.free.to_string(), low.below.to_string()];
    let low: Vec<_> = report.low_stock.iter().map(row).collect();
    section(&mut lines, out, "Low stock: buy tests", &["VERSION", "FREE", "BELOW"], &low);
    findings(&mut lines, out, file.dry_run, report);
    section(&mut lines, out, RECLAIMABLE, &RECLAIMABLE_COLUMNS, &reclaimable(report));
    let row = |test: &PerhapsSat| {
        vec![test.test_id.clone(), test.reservation_id.to_string(), status(Some(test.status)), time(test.expired_at)]
    };
    let missing: Vec<_> = report.perhaps_sat.iter().map(row).collect();
    let title = "Perhaps sat: the reservation ended unused, and iTEP no longer lists the test; look for a result there";
    section(&mut lines, out, title, &["TEST", "RESERVATION", "STATUS", "EXPIRED"], &missing);
    let row = |line: &Unreadable| vec![line.line.to_string(), line.why.clone()];
    let unreadable: Vec<_> = report.unreadable.iter().map(row).collect();
    section(&mut lines, out, "Skipped lines", &["LINE", "WHY"], &unreadable);
    if imported.exported_at.is_none() {
        lines.push_str("\nAdd --exported-at to list tests that can be reclaimed or were perhaps sat.\n");
    }
    if file.dry_run {
        lines.push_str("\nDry run: nothing was written.\n");
    }
    lines
}

/// The rows of [`RECLAIMABLE`].
fn reclaimable(report: &Report) -> Vec<Vec<String>> {
    let row = |finding: &Finding| {
        vec![finding.test_id.clone(), or_dash(finding.reservation_id.as_ref()), status(finding.status)]
    };
    report.reclaimable().map(row).collect()
}

fn status(status: Option<Status>) -> String {
    or_dash(status.map(Status::as_str))
}

/// What was settled, and what contradicts the books.
fn findings(lines: &mut String, out: Output, dry_run: bool, report: &Report) {
    let (settled, rest): (Vec<_>, Vec<_>) = report.findings.iter().partition(|finding| finding.kind == Kind::Settled);
    let row = |finding: &&Finding| {
        vec![
            finding.line.to_string(),
            finding.test_id.clone(),
            or_dash(finding.reservation_id.as_ref()),
            status(finding.was),
            status(finding.status),
        ]
    };
    let rows: Vec<_> = settled.iter().map(row).collect();
    let title = if dry_run { "Would be settled" } else { "Settled" };
    section(lines, out, title, &["LINE", "TEST", "RESERVATION", "WAS", "IS"], &rows);
    let row = |finding: &&Finding| {
        vec![
            finding.line.to_string(),
            finding.test_id.clone(),
            or_dash(finding.reservation_id.as_ref()),
            status(finding.status),
            or_dash(finding.known_test.as_ref()),
            words(finding.kind).to_owned(),
        ]
    };
    let rows: Vec<_> = rest.iter().filter(|finding| finding.kind != Kind::Known).map(row).collect();
    let headings = ["LINE", "TEST", "RESERVATION", "STATUS", "KNOWN TEST", "FINDING"];
    section(lines, out, "Contradictions to check; nothing was changed", &headings, &rows);
}

/// A table under its title, unless it is empty.
fn section(lines: &mut String, out: Output, title: &str, headings: &[&str], rows: &[Vec<String>]) {
    if !rows.is_empty() {
        lines.push_str(&format!("\n{title}\n{}", out.table(headings, rows)));
    }
}

fn words(kind: Kind) -> &'static str {
    match kind {
        Kind::Known => "ours, as recorded",
        Kind::Settled => "ours; its reservation had no test yet",
        Kind::Surplus => "ours, but one too many for its reservation",
        Kind::ReferenceDiffers => "assigned to a reservation that has another test",
        Kind::ReferenceTaken => "assigned to one reservation, recorded for another",
        Kind::Reclaimed => "reclaimed; clear its Assigned To, so that iTEP can sell it again",
        Kind::OtherAccount => "assigned to a reservation of another account",
        Kind::NotInBooks => "assigned to an unknown reservation",
        Kind::Unmarked => "recorded as ours, but not assigned to its reservation",
        Kind::Another => "assigned by somebody else",
        Kind::Free => "free",
    }
}
