//! The command line.

use clap::{Args, Parser, Subcommand};
use jiff::Timestamp;
use shared::core::domain::ids::{AccountName, ClientId};

const ENVIRONMENT: &str = "\
Environment:
  TABLE_NAME                                 the hub's table (the stack's name)
  AWS_REGION, AWS_ACCESS_KEY_ID,
  AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN   who asks, and where
  AWS_ENDPOINT_URL                           set for the local stack only

On the local stack:  set -a; . .dev/env; set +a
On AWS:              eval \"$(aws configure export-credentials --format env)\"
                     export AWS_REGION=eu-west-1 TABLE_NAME=english-test-hub";

/// Manages the clients of the English Test Hub, and lists what needs somebody's eye.
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
    /// Reports of iTEP's that could not be matched or read.
    #[command(subcommand)]
    Quarantine(QuarantineCommand),
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

#[derive(Debug, Subcommand)]
pub(crate) enum DoubtCommand {
    /// List reservations in doubt, the oldest first, with what is known of each lost call.
    ///
    /// None of them is bought again by itself. SEEN says how the call ended, CALL which one it was;
    /// look for the reservation's id at the vendor.
    List(Listing),
}

#[derive(Debug, Subcommand)]
pub(crate) enum QuarantineCommand {
    /// List quarantined reports, the oldest first, with why each could not be used.
    List(Listing),
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
