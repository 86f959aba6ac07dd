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
  TABLE_NAME                                 the hub's table (the stack's name)
  AWS_REGION, AWS_ACCESS_KEY_ID,
  AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN   who asks, and where
  AWS_ENDPOINT_URL                           set for the local stack only
  FULFILMENT_QUEUE_URL, RESULTS_QUEUE_URL,
  SCORE_CHECKS_QUEUE_URL                     the hub's queues, for what sends messages

On the local stack:  set -a; . .dev/env; set +a
On AWS:              eval \"$(aws configure export-credentials --format env)\"
                     export AWS_REGION=eu-west-1 TABLE_NAME=english-test-hub";

/// Operates the English Test Hub: clients and keys, accounts, and whatever the vendors leave open.
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
    /// Companies that call the hub.
    #[command(subcommand)]
    Client(ClientCommand),
    /// API keys: several per client, so that one can be replaced without a gap.
    #[command(subcommand)]
    Key(KeyCommand),
    /// Purchases whose answer was lost: the vendor may have sold a test.
    #[command(subcommand)]
    Doubt(DoubtCommand),
    /// Vendor accounts, and whether their purchases go on.
    #[command(subcommand)]
    Account(AccountCommand),
    /// Reports of iTEP's that could not be matched or read.
    #[command(subcommand)]
    Quarantine(QuarantineCommand),
    /// Reports that came while the hub could not read them, or not all of them.
    #[command(subcommand)]
    Report(ReportCommand),
    /// Reservations: what is known of one, and mending it.
    #[command(subcommand)]
    Reservation(ReservationCommand),
    /// Results that a vendor did not send.
    #[command(subcommand)]
    Result(ResultCommand),
    /// Messages of the hub's own that could not be handled.
    #[command(subcommand)]
    Dlq(DlqCommand),
    /// iTEP's stock, from the file that its administrators export.
    #[command(subcommand)]
    Inventory(InventoryCommand),
}

#[derive(Debug, Subcommand)]
pub(crate) enum ClientCommand {
    /// Add a client. It can call once it has a key: `hubctl key create`.
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
    /// What to call the client; its id is made from it.
    #[arg(long)]
    pub(crate) name: String,
    /// The client's id: 1 to 40 of a-z, 0-9, - and _.
    #[arg(long)]
    pub(crate) id: Option<ClientId>,
    /// iTEP accounts that it may use. A request that names none means `default`, or the only one. Each needs a
    /// secret `hub/itep/<account>`.
    #[arg(long, value_name = "ACCOUNT", value_delimiter = ',')]
    pub(crate) itep: Vec<AccountName>,
    /// TrueNorth accounts that it may use. A request that names none means `default`, or the only one. Each needs
    /// a secret `hub/truenorth/<account>`, and is polled for scores from now on.
    #[arg(long, value_name = "ACCOUNT", value_delimiter = ',')]
    pub(crate) truenorth: Vec<AccountName>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// Make a key. It is shown this once and not stored: only its hash is.
    Create {
        /// Whose key it is to be.
        #[arg(long)]
        client: ClientId,
        /// What to call it, such as `website`.
        #[arg(long)]
        label: Option<String>,
        /// When it stops working by itself, such as 2027-01-31T00:00:00Z.
        #[arg(long, value_name = "TIME")]
        expires_at: Option<Timestamp>,
    },
    /// List a client's keys, the oldest first.
    List {
        /// Whose keys.
        #[arg(long)]
        client: ClientId,
    },
    /// End a key. It stops working everywhere within a minute, and cannot be brought back.
    Revoke {
        /// The key's id as `hubctl key list` shows it; a whole key will do.
        key: String,
    },
}

/// Who decides, and whether they were asked.
#[derive(Debug, Args)]
pub(crate) struct Decision {
    /// Who decides this.
    #[arg(long, value_name = "NAME", env = "USER", value_parser = said)]
    pub(crate) by: String,
    /// Do not ask.
    #[arg(long, short)]
    pub(crate) yes: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DlqCommand {
    /// Count what each dead-letter queue holds.
    List,
    /// Send messages back to the queue that they come from. A message that is handled twice does no harm.
    Redrive {
        /// Which queue's.
        queue: QueueName,
        /// How many to send at most.
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
    /// List the accounts that clients may use, and how each stands.
    ///
    /// An account is `open` after three lost answers in a row: its purchases wait, and now and then one probes the
    /// vendor. It goes on by itself once the vendor answers.
    List,
    /// Have an account's purchases wait until it is resumed. Calls that are out go on.
    Pause(ChangedAccount),
    /// Have an account's purchases go on, whether you or lost answers held them.
    Resume(ChangedAccount),
}

#[derive(Debug, Args)]
pub(crate) struct ChangedAccount {
    /// The account, such as itep/default.
    #[arg(value_name = "VENDOR/ACCOUNT", value_parser = account)]
    pub(crate) account: Account,
    /// Who decides this.
    #[arg(long, value_name = "NAME", env = "USER", value_parser = said)]
    pub(crate) by: String,
}

/// A name or a reason, which somebody will look for in a history.
fn said(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() { Err("must say something".to_owned()) } else { Ok(text.to_owned()) }
}

fn account(text: &str) -> Result<Account, String> {
    let (vendor, name) = text.split_once('/').ok_or("must be <vendor>/<account>, such as itep/default")?;
    let vendor = vendor.parse().map_err(|invalid: InvalidId| invalid.to_string())?;
    Ok(Account { vendor, name: name.parse().map_err(|invalid: InvalidId| invalid.to_string())? })
}

#[derive(Debug, Args)]
pub(crate) struct Listing {
    /// Show what the vendor sent, cut to 2 KiB. It may name candidates.
    #[arg(long)]
    pub(crate) bodies: bool,
    /// How many to list at most.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) limit: u16,
}
