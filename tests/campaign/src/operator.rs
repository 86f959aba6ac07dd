//! The operator at `hubctl`: imports iTEP's file, settles what it leaves open, sends dead letters back.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::{Context, Result};
use hyper::Method;
use jiff::Timestamp;
use serde_json::Value;

use super::books::Sale;
use super::stack::{Stack, Vendor};

const NAME: &str = "campaign";
/// How many settlements are made side by side.
const HANDS: usize = 3;
/// How often what is left in doubt is looked at.
const ROUNDS: usize = 5;

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Done {
    pub(crate) files: u64,
    pub(crate) rows: u64,
    pub(crate) settled_by_file: u64,
    pub(crate) nothing_sold: u64,
    pub(crate) redriven: u64,
}

/// iTEP's *Available Test CSV* of an account: what of its sales stands Ready, by iTEP's own screens.
async fn export(stack: &Stack, account: &str, sales: &[Sale]) -> Result<String> {
    let mut file = "Date Purchased,Test ID #,Password,Version,Assigned To\r\n".to_owned();
    for sale in sales.iter().filter(|sale| sale.account == account) {
        let path = format!("tests/{}?account={account}", sale.reference);
        let test = &stack.control(Vendor::Itep, Method::GET, &path, &Value::Null).await?["test"];
        if test["status"] != "Ready" {
            continue;
        }
        let assigned = test["assigned_to"].to_string().replace('"', "\"\"");
        let password = test["password"].as_str().unwrap_or_default();
        writeln!(file, "23-Nov-2026,{},{password},Academic-Plus,\"{assigned}\"\r", sale.reference)?;
    }
    Ok(file)
}

/// Imports the file of each account, and then says of every older doubt that no file and no report knows: nothing was
/// sold, buy again. Absence from one file proves nothing by itself, since a test that was begun is not in it; the
/// operator decides so after the reports had their time, too.
pub(crate) async fn settle(stack: &Stack, accounts: &[&String], sales: &[Sale], done: &mut Done) -> Result<()> {
    let before = Timestamp::now();
    for account in accounts {
        let file = export(stack, account, sales).await?;
        let path = temporary(account);
        std::fs::write(&path, file)?;
        let name = path.to_string_lossy().into_owned();
        let exported = before.to_string();
        let import = ["inventory", "import", &name, "--account", account, "--exported-at", &exported, "--by", NAME];
        // By then, all of an account's tests may be sold.
        let report = stack.hubctl_again(&[import.as_slice(), &["--allow-empty"]].concat()).await;
        let _ = std::fs::remove_file(&path);
        let report = report?["report"].clone();
        done.files += 1;
        done.rows += report["rows"].as_u64().unwrap_or_default();
        done.settled_by_file += report["counts"]["settled"].as_u64().unwrap_or_default();
    }
    let wanted: BTreeSet<_> = accounts.iter().map(|account| account.as_str()).collect();
    // A decision fails if its reservation changed meanwhile, or AWS does not answer: what is left is looked at again.
    for _ in 0..ROUNDS {
        let left = doubts(stack).await?.into_iter().filter(|doubt| wanted.contains(doubt.account.as_str()));
        let old: Vec<_> = left.filter(|doubt| doubt.since < before).map(|doubt| doubt.id).collect();
        if old.is_empty() {
            break;
        }
        decide(stack, &old, done).await?;
    }
    Ok(())
}

async fn decide(stack: &Stack, doubts: &[String], done: &mut Done) -> Result<()> {
    for few in doubts.chunks(HANDS) {
        let hands: Vec<_> = few.iter().cloned().map(|id| tokio::spawn(nothing_sold(stack.clone(), id))).collect();
        for hand in hands {
            done.nothing_sold += u64::from(hand.await?);
        }
    }
    Ok(())
}

/// Whether the decision was taken: a report may have come meanwhile.
async fn nothing_sold(stack: Stack, id: String) -> bool {
    stack.hubctl(&["doubt", "settle", &id, "--nothing-sold", "--yes", "--by", NAME]).await.is_ok()
}

struct Doubt {
    id: String,
    account: String,
    since: Timestamp,
}

/// iTEP's reservations in doubt, as `hubctl` lists them.
async fn doubts(stack: &Stack) -> Result<Vec<Doubt>> {
    let list = stack.hubctl_again(&["doubt", "list", "--limit", "65535"]).await?;
    let read = |doubt: &Value| {
        let text = |name: &str| doubt[name].as_str().map(str::to_owned);
        let since = text("since")?.parse().ok()?;
        (doubt["vendor"] == "itep").then_some(Doubt { id: text("reservation_id")?, account: text("account")?, since })
    };
    Ok(list["data"].as_array().context("hubctl listed no doubts")?.iter().filter_map(read).collect())
}

pub(crate) async fn redrive(stack: &Stack, done: &mut Done) -> Result<()> {
    for queue in ["fulfilment", "results", "score-checks"] {
        let told = stack.hubctl_again(&["dlq", "redrive", queue]).await?;
        done.redriven += told["sent"].as_u64().unwrap_or_default();
    }
    Ok(())
}

fn temporary(account: &str) -> PathBuf {
    std::env::temp_dir().join(format!("campaign-{}-{account}.csv", std::process::id()))
}
