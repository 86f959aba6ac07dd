//! The command line.

mod inventory;
mod reports;
mod reservation;

use clap::{Args, Parser, Subcommand, ValueEnum};
use jiff::Timestamp;
use shared_core::domain::ids::{Account, AccountName, ClientId, InvalidId};

pub(crate) use inventory::*;
pub(crate) use reports::*;
pub(crate) use reservation::*;

const ENVIRONMENT: &str = "\
Environment:
  TABLE_NAME                                 the hub's table; it has the stack's name
  AWS_REGION, AWS_ACCESS_KEY_ID,
  AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN   region and credentials
  AWS_ENDPOINT_URL                           for the local stack only
  FULFILMENT_QUEUE_URL, RESULTS_QUEUE_URL,
  SCORE_CHECKS_QUEUE_URL                     the hub's queues, for commands that send messages

On the local stack:  set -a; . .dev/env; set +a
On AWS:              eval \"$(aws configure export-credentials --format env)\"
                     export AWS_REGION=eu-west-1 TABLE_NAME=english-test-hub";

/// Operate the English Test Hub: clients, keys, vendor accounts, and what needs a person's decision.
#[derive(Debug, Parser)]
#[command(name = "hubctl", version, after_help = ENVIRONMENT, propagate_version = true)]
pub(crate) struct Cli {
    /// Print JSON, for scripts.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Companies that call the API.
    #[command(subcommand)]
    Client(ClientCommand),
    /// API keys. A client can have several, so that a key can be replaced without downtime.
    #[command(subcommand)]
    Key(KeyCommand),
    /// Purchases whose outcome is unknown: the vendor may have sold a test.
    #[command(subcommand)]
    Doubt(DoubtCommand),
    /// Vendor accounts: pause and resume purchases.
    #[command(subcommand)]
    Account(AccountCommand),
    /// Reports from iTEP that could not be read, matched or trusted.
    #[command(subcommand)]
    Quarantine(QuarantineCommand),
    /// Stored reports that an earlier release could not read, or not completely.
    #[command(subcommand)]
    Report(ReportCommand),
    /// Reservations: find, inspect and correct them.
    #[command(subcommand)]
    Reservation(ReservationCommand),
    /// Results that a vendor did not send.
    #[command(subcommand)]
    Result(ResultCommand),
    /// Dead-letter queues: messages that could not be processed.
    #[command(subcommand)]
    Dlq(DlqCommand),
    /// iTEP's stock, from its CSV file.
    #[command(subcommand)]
    Inventory(InventoryCommand),
}

#[derive(Debug, Subcommand)]
pub(crate) enum ClientCommand {
    /// Create a client. It also needs a key: `hubctl key create`.
    Create(NewClient),
    /// List all clients.
    List,
    /// Show a client and its keys.
    Show {
        /// The client's id, as `hubctl client list` shows it.
        client: ClientId,
    },
}

#[derive(Debug, Args)]
#[group(id = "accounts", required = true, multiple = true, args = ["itep", "truenorth"])]
pub(crate) struct NewClient {
    /// The client's name.
    #[arg(long)]
    pub(crate) name: String,
    /// The client's id: 1 to 40 of a-z, 0-9, - and _. By default it is derived from the name.
    #[arg(long)]
    pub(crate) id: Option<ClientId>,
    /// iTEP accounts that the client may use. An order without an account uses `default`, or the only one. Each
    /// account needs a secret `hub/itep/<account>`.
    #[arg(long, value_name = "ACCOUNT", value_delimiter = ',')]
    pub(crate) itep: Vec<AccountName>,
    /// TrueNorth accounts that the client may use. An order without an account uses `default`, or the only one.
    /// Each account needs a secret `hub/truenorth/<account>`. The hub polls it for scores from now on.
    #[arg(long, value_name = "ACCOUNT", value_delimiter = ',')]
    pub(crate) truenorth: Vec<AccountName>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// Create a key. It is shown once; the hub stores only a hash.
    Create {
        /// The client that gets the key.
        #[arg(long)]
        client: ClientId,
        /// A label, such as `website`.
        #[arg(long)]
        label: Option<String>,
        /// When the key expires, such as 2027-01-31T00:00:00Z.
        #[arg(long, value_name = "TIME")]
        expires_at: Option<Timestamp>,
    },
    /// List a client's keys, oldest first.
    List {
        /// The client.
        #[arg(long)]
        client: ClientId,
    },
    /// Revoke a key. It stops working within a minute, and cannot be restored.
    Revoke {
        /// The key's id, as `hubctl key list` shows it, or the whole key.
        key: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Decision {
    /// Your name, for the record.
    #[arg(long, value_name = "NAME", env = "USER", value_parser = said)]
    pub(crate) by: String,
    /// Skip the confirmation prompt.
    #[arg(long, short)]
    pub(crate) yes: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DlqCommand {
    /// Count the messages in each dead-letter queue.
    List,
    /// Send messages back to their queue. Processing a message twice is harmless.
    Redrive {
        /// The queue whose dead letters to send back.
        queue: QueueName,
        /// Send at most this many messages.
        #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u16).range(1..))]
        limit: u16,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum QueueName {
    Fulfilment,
    Results,
    ScoreChecks,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AccountCommand {
    /// List the accounts that clients may use, with their state.
    ///
    /// An account is `open` after three purchases in a row without a clear answer: its orders wait, and one at a
    /// time probes the vendor. Purchases resume with the vendor's first clear answer.
    List,
    /// Stop buying from an account until you resume it. Calls in progress finish.
    Pause(ChangedAccount),
    /// Buy from an account again, whether you or the circuit breaker stopped it.
    Resume(ChangedAccount),
}

#[derive(Debug, Args)]
pub(crate) struct ChangedAccount {
    /// The account, such as itep/default.
    #[arg(value_name = "VENDOR/ACCOUNT", value_parser = account)]
    pub(crate) account: Account,
    /// Your name, for the record.
    #[arg(long, value_name = "NAME", env = "USER", value_parser = said)]
    pub(crate) by: String,
}

/// A name or a reason for the history.
fn said(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() { Err("must not be empty".to_owned()) } else { Ok(text.to_owned()) }
}

fn account(text: &str) -> Result<Account, String> {
    let (vendor, name) = text.split_once('/').ok_or("must be <vendor>/<account>, such as itep/default")?;
    let vendor = vendor.parse().map_err(|invalid: InvalidId| invalid.to_string())?;
    Ok(Account { vendor, name: name.parse().map_err(|invalid: InvalidId| invalid.to_string())? })
}

#[derive(Debug, Args)]
pub(crate) struct Listing {
    /// Show what the vendor sent, cut to 2 KiB. It may contain personal data.
    #[arg(long)]
    pub(crate) bodies: bool,
    /// List at most this many.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) limit: u16,
}
