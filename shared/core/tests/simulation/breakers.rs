//! The accounts' breakers in memory, read through a cache that may lag.

use std::collections::BTreeMap;

use shared_core::domain::breaker::Breaker;
use shared_core::domain::ids::Account;
use shared_core::ports::{BackendError, Breakers, ReplaceOutcome};

use crate::sim::{Port, State};

/// Each account's breaker, and the one before it.
#[derive(Default)]
pub(crate) struct Fuses(BTreeMap<String, (Breaker, Breaker)>);

fn replace(state: &mut State, account: &str, breaker: &Breaker) -> ReplaceOutcome {
    let (now, before) = state.fuses.0.entry(account.to_owned()).or_default();
    if now.seq + 1 == breaker.seq {
        *before = std::mem::replace(now, breaker.clone());
        let (unknowns, open) = (breaker.unknowns, breaker.open.is_some());
        state.note(|| format!("  breaker of {account}: {unknowns} unknown, open {open}"));
        return ReplaceOutcome::Done;
    }
    if now == breaker { ReplaceOutcome::Done } else { ReplaceOutcome::Overtaken(now.clone()) }
}

impl Breakers for Port<'_> {
    async fn breaker(&self, account: &Account) -> Result<Breaker, BackendError> {
        let account = account.to_string();
        self.op("read breaker", move |state| {
            let lags = state.trouble(200);
            let found = state.fuses.0.get(&account).map(|(now, before)| if lags { before } else { now }.clone());
            found.unwrap_or_default()
        })
        .await
    }

    async fn replace(&self, account: &Account, breaker: &Breaker) -> Result<ReplaceOutcome, BackendError> {
        let (account, breaker) = (account.to_string(), breaker.clone());
        self.op("write breaker", move |state| replace(state, &account, &breaker)).await
    }
}
