//! `hubctl inventory reclaim`.

use std::io::{self, Write};

use anyhow::{Context, bail};
use serde_json::{Value, json};
use shared::aws::DynamoStore;
use shared_core::domain::ids::{Account, Vendor};
use shared_core::usecases::import_inventory;
use shared_core::usecases::import_inventory::{Finding, Import, Kind, ReclaimOutcome};

use super::{DAY, RECLAIMABLE, RECLAIMABLE_COLUMNS, listing, reclaimable, reconcile, section};
use crate::asking;
use crate::cli::Reclaim;
use crate::context::{OperatorContext, confirm};
use crate::output::{Output, or_dash};

/// What became of each test.
type Outcomes = Vec<(Finding, ReclaimOutcome)>;

pub(crate) async fn run(store: &DynamoStore, out: Output, wanted: &Reclaim) -> anyhow::Result<()> {
    let file = &wanted.file;
    let listing = listing(file, Some(wanted.exported_at))?;
    let import = Import {
        account: Account { vendor: Vendor::Itep, name: file.account.clone() },
        operator: file.by().to_owned(),
        exported_at: Some(wanted.exported_at),
        grace: DAY * u32::from(file.grace_days),
        watch: None,
        dry_run: true,
    };
    let (mut report, done) = reconcile(store, &import, &listing).await?;
    asking(done)?;
    // What the file would settle has no test to give up before it is imported.
    report.findings.retain(|finding| finding.kind != Kind::Settled && is_wanted(wanted, finding));
    let found: Vec<Finding> = report.reclaimable().cloned().collect();
    if let Some(test) = wanted.test.iter().find(|test| !found.iter().any(|finding| finding.test_id == **test)) {
        bail!("{test} is not reclaimable; `hubctl inventory import --dry-run` lists the tests that are");
    }
    let mut table = String::new();
    section(&mut table, out, RECLAIMABLE, &RECLAIMABLE_COLUMNS, &reclaimable(&report));
    if file.dry_run || found.is_empty() {
        let lines = if found.is_empty() { "No tests are reclaimable.".to_owned() } else { table };
        return Ok(out.say(&json!({ "dry_run": file.dry_run, "reclaimable": found }), lines.trim_start())?);
    }
    let _ = writeln!(io::stderr(), "{}", table.trim());
    confirm(wanted.yes, &format!("Reclaim {} of {}?", count(found.len()), file.account))?;
    let (outcomes, done) = reclaim(store, &import, found, &wanted.why).await?;
    say(out, wanted, &outcomes)?;
    asking(done).context("reclaiming stopped; run it again")
}

fn is_wanted(wanted: &Reclaim, finding: &Finding) -> bool {
    wanted.test.is_empty() || wanted.test.contains(&finding.test_id)
}

fn count(tests: usize) -> String {
    if tests == 1 { "this test".to_owned() } else { format!("these {tests} tests") }
}

/// One by one, to the first that storage fails at.
async fn reclaim(
    store: &DynamoStore,
    import: &Import,
    found: Vec<Finding>,
    why: &str,
) -> anyhow::Result<(Outcomes, Result<(), shared_core::ports::BackendError>)> {
    let context = OperatorContext::new(store)?;
    let mut outcomes = Vec::new();
    for finding in found {
        match import_inventory::reclaim(&context, import, &finding, why).await {
            Ok(outcome) => outcomes.push((finding, outcome)),
            Err(outage) => return Ok((outcomes, Err(outage))),
        }
    }
    Ok((outcomes, Ok(())))
}

fn say(out: Output, wanted: &Reclaim, outcomes: &Outcomes) -> anyhow::Result<()> {
    let data: Vec<Value> = outcomes
        .iter()
        .map(|(finding, outcome)| {
            let id = &finding.reservation_id;
            json!({ "test_id": finding.test_id, "reservation_id": id, "outcome": words(*outcome) })
        })
        .collect();
    let row = |(finding, outcome): &(Finding, ReclaimOutcome)| {
        vec![finding.test_id.clone(), or_dash(finding.reservation_id.as_ref()), words(*outcome)]
    };
    let rows: Vec<_> = outcomes.iter().map(row).collect();
    let mut lines = out.table(&["TEST", "RESERVATION", "OUTCOME"], &rows);
    lines.push_str("\nNext, at iTEP: change these tests' passwords, then clear their Assigned To. iTEP can then sell them again.\n");
    let json = json!({ "dry_run": false, "by": wanted.file.by(), "why": wanted.why, "data": data });
    Ok(out.say(&json, &lines)?)
}

fn words(outcome: ReclaimOutcome) -> String {
    match outcome {
        ReclaimOutcome::Done => "reclaimed".to_owned(),
        ReclaimOutcome::Before => "already reclaimed".to_owned(),
        ReclaimOutcome::ReferenceTaken => "skipped: it belongs to another reservation".to_owned(),
        ReclaimOutcome::Refused(why) => {
            let why = serde_json::to_value(why).ok();
            let why = why.as_ref().and_then(Value::as_str).unwrap_or("it has changed").replace('_', " ");
            format!("skipped: {why}")
        }
    }
}
