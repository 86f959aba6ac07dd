//! What the operator's decisions need: settings, queues, alerts on the terminal, and a confirmation prompt.

use std::io::{self, IsTerminal, Write};

use anyhow::{Context, bail};
use shared::aws::{AwsClients, DynamoStore, SecretCache, SqsQueue};
use shared::clock::SystemClock;
use shared::settings::Settings;
use shared::vendors::Connectors;
use shared_core::domain::ids::Account;
use shared_core::domain::reservation::Alert;
use shared_core::domain::timeouts::Timeouts;
use shared_core::ports::{AlertSubject, Alerts, BackendError, Env, VendorApi};

use crate::missing;

/// The operator at work.
pub(crate) struct OperatorContext {
    store: DynamoStore,
    queue: SqsQueue,
    settings: Settings,
    connectors: Connectors<SecretCache, DynamoStore, SystemClock>,
}

impl OperatorContext {
    pub(crate) fn new(store: &DynamoStore) -> anyhow::Result<Self> {
        let settings = Settings::from_env().context("cannot read the hub's settings")?;
        let secrets = SecretCache::new(clients()?, settings.secret_ttl);
        let connectors = Connectors::new(secrets, store.clone(), SystemClock, settings.call_timeouts);
        Ok(Self { store: store.clone(), queue: queue()?, settings, connectors })
    }

    /// The vendor's connector. To parse what it sent needs no secret of an account's.
    pub(crate) fn vendor(&self, account: &Account) -> &dyn VendorApi {
        self.connectors.get(account)
    }
}

impl Env for OperatorContext {
    type Store = DynamoStore;
    type Queue = SqsQueue;
    type Alerts = Terminal;
    type Clock = SystemClock;

    fn store(&self) -> &DynamoStore {
        &self.store
    }

    fn queue(&self) -> &SqsQueue {
        &self.queue
    }

    fn alerts(&self) -> &Terminal {
        &Terminal
    }

    fn clock(&self) -> &SystemClock {
        &SystemClock
    }

    fn timeouts(&self) -> &Timeouts {
        &self.settings.timeouts
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
    fn raise(&self, alert: Alert, subject: AlertSubject<'_>) {
        warn(format_args!("{}: {subject}", alert.metric()));
    }

    fn log_recoverable(&self, error: &BackendError, subject: AlertSubject<'_>) {
        warn(format_args!("{subject}: {error}; the hub tries again within minutes"));
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
        bail!("{question}\nThere is no terminal to answer on: add --yes to confirm.");
    }
    let mut terminal = io::stderr();
    write!(terminal, "{question} [y/N] ")?;
    terminal.flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    match answer.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => bail!("cancelled; nothing was changed"),
    }
}
