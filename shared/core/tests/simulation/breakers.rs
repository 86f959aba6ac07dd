//! The accounts' breakers in memory, read through a cache that may lag.

use std::collections::BTreeMap;

use shared_core::domain::breaker::Breaker;
use shared_core::domain::ids::Account;
use shared_core::ports::{Breakers, Outage, Replaced};

use crate::sim::{Port, State};

/// Each account's breaker, and the one before it.
#[derive(Default)]
pub(crate) struct Fuses(BTreeMap<String, (Breaker, Breaker)>);

fn replace(state: &mut State, account: &str, breaker: &Breaker) -> Replaced {
    let (now, before) = state.fuses.0.entry(account.to_owned()).or_default();
    if now.seq + 1 == breaker.seq {
        *before = std::mem::replace(now, breaker.clone());
        let (unknowns, open) = (breaker.unknowns, breaker.open.is_some());
        state.note(|| format!("  breaker of {account}: {unknowns} unknown, open {open}"));
        return Replaced::Done;
    }
    if now == breaker { Replaced::Done } else { Replaced::Overtaken(now.clone()) }
}

impl Breakers for Port<'_> {
    async fn breaker(&self, account: &Account) -> Result<Breaker, Outage> {
        let account = account.to_string();
        self.op("read breaker", move |state| {
            let lags = state.trouble(200);
            let found = state.fuses.0.get(&account).map(|(now, before)| if lags { before } else { now }.clone());
            found.unwrap_or_default()
        })
        .await
    }

    async fn replace(&self, account: &Account, breaker: &Breaker) -> Result<Replaced, Outage> {
        let (account, breaker) = (account.to_string(), breaker.clone());
        self.op("write breaker", move |state| replace(state, &account, &breaker)).await
    }
}
