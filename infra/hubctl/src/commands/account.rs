//! `hubctl account`.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::bail;
use jiff::Timestamp;
use serde_json::{Value, json};
use shared::aws::DynamoStore;
use shared::aws::dynamodb::DynamoBreakers;
use shared_core::domain::breaker::{Breaker, OperatorAction};
use shared_core::domain::ids::{Account, Vendor};
use shared_core::ports::Breakers;
use shared_core::usecases::breaker;

use crate::asking;
use crate::cli::{AccountCommand, ChangedAccount};
use crate::output::{Output, or_dash, time};

pub(crate) async fn run(store: &DynamoStore, out: Output, command: &AccountCommand) -> anyhow::Result<()> {
    // Read anew each time: whoever asks wants to know how it is now.
    let breakers = DynamoBreakers::new(store.clone(), Duration::ZERO);
    let known = accounts(store).await?;
    let lines = match command {
        AccountCommand::List => {
            let mut all = Vec::new();
            for account in known {
                let breaker = asking(breakers.breaker(&account).await)?;
                all.push((account, breaker));
            }
            all
        }
        AccountCommand::Pause(changed) => vec![change(&breakers, &known, changed, true).await?],
        AccountCommand::Resume(changed) => vec![change(&breakers, &known, changed, false).await?],
    };
    let json = json!({ "data": lines.iter().map(as_json).collect::<Vec<_>>() });
    let text = if lines.is_empty() {
        "No client has a vendor account yet. Create one with `hubctl client create`.".to_owned()
    } else {
        summary(out, &lines)
    };
    Ok(out.say(&json, &text)?)
}

async fn change(
    breakers: &DynamoBreakers,
    known: &BTreeSet<Account>,
    changed: &ChangedAccount,
    pause: bool,
) -> anyhow::Result<(Account, Breaker)> {
    let account = &changed.account;
    if !known.contains(account) {
        bail!("no client has the account {}: see `hubctl account list`", name(account));
    }
    let by = OperatorAction::new(&changed.by, Timestamp::now());
    let turned = match pause {
        true => breaker::pause(breakers, account, &by).await,
        false => breaker::resume(breakers, account, &by).await,
    };
    Ok((account.clone(), asking(turned)?.into_breaker()))
}

/// The accounts that any client may use.
pub(super) async fn accounts(store: &DynamoStore) -> anyhow::Result<BTreeSet<Account>> {
    let clients = asking(store.clients().await)?;
    let of = |vendor: Vendor| {
        let names = clients.iter().flat_map(move |client| client.accounts.at(vendor));
        names.map(move |name| Account { vendor, name: name.clone() })
    };
    Ok(Vendor::ALL.into_iter().flat_map(of).collect())
}

fn name(account: &Account) -> String {
    format!("{}/{}", account.vendor, account.name)
}

/// What becomes of an account's purchases, in one word.
fn state(breaker: &Breaker) -> &'static str {
    match (&breaker.paused, &breaker.open) {
        (Some(_), _) => "paused",
        (None, Some(_)) => "open",
        (None, None) => "selling",
    }
}

fn since(breaker: &Breaker) -> Option<Timestamp> {
    let paused = breaker.paused.as_ref().map(|mark| mark.at);
    paused.or(breaker.open.as_ref().map(|open| open.since))
}

fn as_json((account, breaker): &(Account, Breaker)) -> Value {
    json!({
        "vendor": account.vendor,
        "account": account.name,
        "state": state(breaker),
        "since": since(breaker),
        "unknowns_in_a_row": breaker.unknowns,
        "failed_probes": breaker.open.as_ref().map(|open| open.failed),
        "next_probe_at": breaker.open.as_ref().map(|open| open.probe_at),
        "paused": breaker.paused,
        "resumed": breaker.resumed,
    })
}

fn summary(out: Output, lines: &[(Account, Breaker)]) -> String {
    let headings = ["ACCOUNT", "STATE", "SINCE", "UNKNOWN IN A ROW", "NEXT PROBE", "PAUSED BY", "LAST RESUMED"];
    let row = |(account, breaker): &(Account, Breaker)| {
        let resumed = breaker.resumed.as_ref().map(|mark| format!("{} by {}", time(mark.at), mark.who));
        vec![
            name(account),
            state(breaker).to_owned(),
            or_dash(since(breaker).map(time)),
            breaker.unknowns.to_string(),
            or_dash(breaker.open.as_ref().map(|open| time(open.probe_at))),
            or_dash(breaker.paused.as_ref().map(|mark| &mark.who)),
            or_dash(resumed),
        ]
    };
    out.table(&headings, &lines.iter().map(row).collect::<Vec<_>>())
}
