//! `hubctl inventory`.

use std::fs::File;
use std::io::BufReader;
use std::time::Duration;

use anyhow::{Context, bail};
use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use serde_json::json;
use shared::aws::DynamoStore;
use shared::core::domain::reservation::Status;
use shared::core::usecases::import_inventory::{Finding, Import, Importing, Kind, Report, Stock, Unreadable};
use shared::lambda::clock::SystemClock;
use shared::lambda::settings::Settings;
use shared::vendors::itep::inventory;

use crate::asking;
use crate::cli::{InventoryCommand, InventoryFile};
use crate::output::{Output, or_dash};

const DAY: Duration = Duration::from_secs(24 * 3600);

pub(crate) async fn run(store: &DynamoStore, out: Output, command: &InventoryCommand) -> anyhow::Result<()> {
    let InventoryCommand::Import(file) = command;
    if file.exported_at.is_some_and(|exported| exported > Timestamp::now()) {
        bail!("--exported-at is in the future");
    }
    let path = file.file.display();
    let opened = File::open(&file.file).with_context(|| format!("{path} cannot be opened"))?;
    let listing = inventory::read(BufReader::new(opened)).with_context(|| format!("{path}: nothing was imported"))?;
    let import = Import {
        account: file.account.clone(),
        operator: file.by.clone(),
        exported_at: file.exported_at,
        grace: DAY * u32::from(file.grace_days),
        dry_run: file.dry_run,
    };
    let bar = ProgressBar::new(listing.rows.len() as u64).with_style(style());
    let times = Settings::from_env()?.times;
    let importing = Importing { store, clock: &SystemClock, times: &times };
    let (report, done) = importing.import(&import, &listing, || bar.inc(1)).await;
    bar.finish_and_clear();
    let json = json!({ "account": import.account, "dry_run": import.dry_run, "report": report });
    out.say(&json, &lines(out, file, &report))?;
    asking(done).context("the import stopped; run it again")
}

fn style() -> ProgressStyle {
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} tests  {eta} left");
    style.unwrap_or_else(|_| ProgressStyle::default_bar())
}

fn lines(out: Output, file: &InventoryFile, report: &Report) -> String {
    let counts: Vec<_> = report.counts.iter().map(|(kind, n)| vec![n.to_string(), words(*kind).to_owned()]).collect();
    let mut lines = format!("{} tests of itep/{}\n\n", report.rows, file.account);
    lines.push_str(&out.table(&["TESTS", "WHAT"], &counts));
    let stock = |(version, stock): (&String, &Stock)| {
        vec![version.clone(), stock.free.to_string(), stock.ours.to_string(), stock.others.to_string()]
    };
    let stock: Vec<_> = report.stock.iter().map(stock).collect();
    section(&mut lines, out, "Stock", &["VERSION", "FREE", "OURS", "OTHERS"], &stock);
    findings(&mut lines, out, file.dry_run, report);
    let row = |finding: &Finding| vec![finding.test_id.clone(), or_dash(finding.reservation_id.as_ref())];
    let reclaimable: Vec<_> = report.reclaimable().map(row).collect();
    let title = "Reclaimable: expired here, and still Ready at iTEP after the grace";
    section(&mut lines, out, title, &["TEST", "RESERVATION"], &reclaimable);
    let row = |line: &Unreadable| vec![line.line.to_string(), line.why.clone()];
    let unreadable: Vec<_> = report.unreadable.iter().map(row).collect();
    section(&mut lines, out, "Lines of no use", &["LINE", "WHY"], &unreadable);
    if file.exported_at.is_none() {
        lines.push_str("\nNothing was looked at for reclaiming: say when iTEP wrote the file with --exported-at.\n");
    }
    if file.dry_run {
        lines.push_str("\nA dry run: nothing was written.\n");
    }
    lines
}

/// What was settled, and what contradicts the books.
fn findings(lines: &mut String, out: Output, dry_run: bool, report: &Report) {
    let (settled, rest): (Vec<_>, Vec<_>) = report.findings.iter().partition(|finding| finding.kind == Kind::Settled);
    let status = |status: Option<Status>| or_dash(status.map(|s| s.as_str()));
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
    let headings = ["LINE", "TEST", "RESERVATION", "STATUS", "ITS TEST", "WHAT"];
    section(lines, out, "To look into; nothing was changed", &headings, &rows);
}

/// A table under its title, unless it is empty.
fn section(lines: &mut String, out: Output, title: &str, headings: &[&str], rows: &[Vec<String>]) {
    if !rows.is_empty() {
        lines.push_str(&format!("\n{title}\n{}", out.table(headings, rows)));
    }
}

fn words(kind: Kind) -> &'static str {
    match kind {
        Kind::Known => "ours, as our books have it",
        Kind::Settled => "ours, of a reservation that did not know its test",
        Kind::Surplus => "ours, and one too many",
        Kind::ReferenceDiffers => "assigned to a reservation that has another test",
        Kind::ReferenceTaken => "assigned to one reservation, another's by our books",
        Kind::OtherAccount => "assigned to a reservation of another account",
        Kind::NotInBooks => "assigned to a reservation that is not in our books",
        Kind::Unmarked => "ours by our books, but not assigned to its reservation",
        Kind::Another => "assigned by somebody else",
        Kind::Free => "free",
    }
}
