//! What the operator's decisions need: the hub's settings and queues, somebody to
//! tell, and a question before something is done.

use std::io::{self, IsTerminal, Write};

use anyhow::{Context, bail};
use shared::aws::{AwsClients, DynamoStore, SqsQueue};
use shared::clock::SystemClock;
use shared::settings::Settings;
use shared_core::domain::reservation::Alert;
use shared_core::ports::{Alerts, BackendError};
use shared_core::usecases::settle_doubt::Settling;

use crate::missing;

/// The operator at work.
pub(crate) struct OperatorContext {
    store: DynamoStore,
    queue: SqsQueue,
    settings: Settings,
}

impl OperatorContext {
    pub(crate) fn new(store: &DynamoStore) -> anyhow::Result<Self> {
        let settings = Settings::from_env().context("the hub's times")?;
        Ok(Self { store: store.clone(), queue: queue()?, settings })
    }

    pub(crate) fn settling(&self) -> Settling<'_, DynamoStore, SqsQueue, Terminal, SystemClock> {
        Settling {
            store: &self.store,
            queue: &self.queue,
            alerts: &Terminal,
            clock: &SystemClock,
            timeouts: &self.settings.timeouts,
        }
    }
}

pub(crate) fn clients() -> anyhow::Result<AwsClients> {
    AwsClients::from_env().map_err(|unset| missing(&unset))
}

pub(crate) fn queue() -> anyhow::Result<SqsQueue> {
    Ok(SqsQueue::from_env(clients()?))
}

/// The operator sits at it, so that alerts need no metric.
pub(crate) struct Terminal;

impl Alerts for Terminal {
    fn raise(&self, alert: Alert, about: &str) {
        warn(format_args!("{}: {about}", alert.metric()));
    }

    fn note(&self, failure: &BackendError, about: &str) {
        warn(format_args!("{about}: {failure}; the hub makes up for it within minutes"));
    }
}

/// Tells the operator, if anybody reads it.
pub(crate) fn warn(line: impl std::fmt::Display) {
    let _ = writeln!(io::stderr(), "hubctl: {line}");
}

/// Asks before something is done that cannot be undone.
///
/// # Errors
/// The answer is no, or there is nobody to ask.
pub(crate) fn confirm(yes: bool, question: &str) -> anyhow::Result<()> {
    if yes {
        return Ok(());
    }
    if !io::stdin().is_terminal() {
        bail!("nobody to ask: {question}\nAdd --yes if that is so.");
    }
    let mut terminal = io::stderr();
    write!(terminal, "{question} [y/N] ")?;
    terminal.flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    match answer.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => bail!("nothing was done"),
    }
}
