//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use jiff::Timestamp;
use jiff::civil::Date;
use shared::core::domain::ids::{Account, AccountName, ClientId, Digest, InvalidId, ReceiptId, ReservationId};
use shared::core::domain::result::{CefrBand, Skill};

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

#[derive(Debug, Subcommand)]
pub(crate) enum DoubtCommand {
    /// List reservations in doubt, the oldest first, with what is known of each lost call.
    ///
    /// TrueNorth's settle by a look-up after the quiet time, and are bought again only if nothing was
    /// sold; iTEP's by the first report. SEEN says how the call ended, CALL which one it was; look for
    /// the reservation's id at the vendor.
    List(Listing),
    /// Settle a reservation by hand. The decision stands in its history, under your name.
    Settle(Settle),
}

#[derive(Debug, Args)]
#[group(id = "finding", required = true, multiple = false, args = ["is", "nothing_sold", "give_up"])]
pub(crate) struct Settle {
    /// The reservation in doubt.
    pub(crate) reservation: ReservationId,
    /// The vendor sold this test: iTEP's test ID, or TrueNorth's userAssessmentId and userId with a slash between.
    #[arg(long, value_name = "REFERENCE")]
    pub(crate) is: Option<String>,
    /// The vendor sold nothing: buy it again, at once.
    #[arg(long)]
    pub(crate) nothing_sold: bool,
    /// Stop looking: the reservation ends as rejected. A report on it still counts.
    #[arg(long)]
    pub(crate) give_up: bool,
    #[command(flatten)]
    pub(crate) decision: Decision,
}

/// Who decides, and whether they were asked.
#[derive(Debug, Args)]
pub(crate) struct Decision {
    /// Who decides this.
    #[arg(long, value_name = "NAME", env = "USER")]
    pub(crate) by: String,
    /// Do not ask.
    #[arg(long, short)]
    pub(crate) yes: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ReservationCommand {
    /// Show what is known of a reservation.
    Show {
        /// The reservation.
        reservation: ReservationId,
        /// Show the candidate too, and what vendors wrote.
        #[arg(long)]
        show_person: bool,
    },
    /// Find reservations by id, by the vendor's test, by client, or by the client's own id for the candidate.
    Find(FindReservation),
    /// Show what happened to a reservation, the oldest first.
    History {
        /// The reservation.
        reservation: ReservationId,
        /// Show what vendors wrote too: it may name the candidate.
        #[arg(long)]
        show_person: bool,
    },
    /// List the vendor's documents that are kept of a reservation, or print one.
    Raw(RawDocumentOf),
    /// Give a reservation the test that is really its own. It stands in the history, under your name.
    ///
    /// What was heard of the wrong test stays as an attempt; reports on the right one apply from now on.
    CorrectReference(CorrectReference),
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct WhichReservations {
    /// The reservation's id.
    pub(crate) reservation: Option<ReservationId>,
    /// iTEP's test ID, or TrueNorth's userAssessmentId.
    #[arg(long)]
    pub(crate) reference: Option<String>,
    /// A client's, the newest first.
    #[arg(long)]
    pub(crate) client: Option<ClientId>,
}

#[derive(Debug, Args)]
pub(crate) struct FindReservation {
    #[command(flatten)]
    pub(crate) which: WhichReservations,
    /// The account to look at for a reference, such as itep/default. Without it, all.
    #[arg(long, value_name = "VENDOR/ACCOUNT", value_parser = account, requires = "reference")]
    pub(crate) account: Option<Account>,
    /// Of a client's, those of one candidate, by the client's own id.
    #[arg(long, value_name = "ID", requires = "client")]
    pub(crate) external_id: Option<String>,
    /// How many to list at most.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=100))]
    pub(crate) limit: u16,
}

#[derive(Debug, Args)]
pub(crate) struct RawDocumentOf {
    /// The reservation.
    pub(crate) reservation: ReservationId,
    /// The document's digest, as the list without it shows them.
    #[arg(value_parser = digest)]
    pub(crate) digest: Option<Digest>,
    /// Print it, with what it says of the candidate.
    #[arg(long)]
    pub(crate) show_person: bool,
}

#[derive(Debug, Args)]
pub(crate) struct CorrectReference {
    /// The reservation.
    pub(crate) reservation: ReservationId,
    /// Its own test: iTEP's test ID, or TrueNorth's userAssessmentId and userId with a slash between.
    #[arg(long, value_name = "REFERENCE")]
    pub(crate) to: String,
    /// Why; it is kept in the reservation's history.
    #[arg(long, value_name = "TEXT")]
    pub(crate) why: String,
    /// Who decides this. A dry run needs no name.
    #[arg(long, value_name = "NAME", env = "USER", required_unless_present = "dry_run")]
    pub(crate) by: Option<String>,
    /// Only say what would be done.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Do not ask.
    #[arg(long, short)]
    pub(crate) yes: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ReportCommand {
    /// Read kept reports again, once a release reads them better.
    ///
    /// A report counts as of when it came and for the sitting that was open then: an old grade never completes a
    /// newer sitting, and what the vendor said since stands. Reading a report again does no harm.
    Reprocess(Reprocess),
}

#[derive(Debug, Args)]
pub(crate) struct Reprocess {
    #[command(flatten)]
    pub(crate) which: WhichReports,
    /// Only this document of the reservation's, by its digest.
    #[arg(long, value_name = "DIGEST", requires = "reservation", value_parser = digest)]
    pub(crate) document: Option<Digest>,
    /// Only say what each would do now.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Why; it is kept in the reservations' histories.
    #[arg(long, value_name = "TEXT", required_unless_present = "dry_run")]
    pub(crate) why: Option<String>,
    /// Who decides this.
    #[arg(long, value_name = "NAME", env = "USER", required_unless_present = "dry_run")]
    pub(crate) by: Option<String>,
    /// Do not ask.
    #[arg(long, short)]
    pub(crate) yes: bool,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct WhichReports {
    /// Every document that is kept of this reservation.
    pub(crate) reservation: Option<ReservationId>,
    /// All that were read badly for this reason. It reads the whole table.
    #[arg(long, value_name = "REASON")]
    pub(crate) all: Option<Unread>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Unread {
    /// A status that the vendor's documents do not name.
    UnknownStatus,
    /// Some or all of the scores could not be read.
    UnreadableScores,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ResultCommand {
    /// Enter a result by hand. It stands in the history under your name; what the vendor reports later revises it.
    Enter(EnteredResult),
}

#[derive(Debug, Args)]
pub(crate) struct EnteredResult {
    /// The reservation; it must have a test, and no result.
    pub(crate) reservation: ReservationId,
    /// The score of the whole test.
    #[arg(long)]
    pub(crate) overall: f64,
    /// The CEFR level as the vendor writes it, such as C1 or B2-C1.
    #[arg(long, value_parser = cefr)]
    pub(crate) cefr: Option<CefrBand>,
    /// A section's score, with its CEFR level where there is one, such as speaking=4.5 or speaking=4.5:B2; may be
    /// said for each section.
    #[arg(long = "skill", value_name = "SKILL=SCORE[:CEFR]", value_parser = skill)]
    pub(crate) skills: Vec<EnteredSkill>,
    /// The day on which the candidate finished, such as 2026-11-20.
    #[arg(long, value_name = "DAY")]
    pub(crate) finished_on: Option<Date>,
    /// The address of the vendor's report.
    #[arg(long, value_name = "URL")]
    pub(crate) report_url: Option<String>,
    /// The scale of the score, if not the vendor's ordinary one.
    #[arg(long)]
    pub(crate) scale: Option<ScaleName>,
    #[command(flatten)]
    pub(crate) decision: Decision,
}

/// A section's score as it was entered.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct EnteredSkill {
    pub(crate) skill: Skill,
    pub(crate) value: f64,
    pub(crate) cefr: Option<CefrBand>,
}

/// A digest as tables show it, or with its scheme as JSON does.
fn digest(text: &str) -> Result<Digest, String> {
    text.strip_prefix("sha256:").unwrap_or(text).parse().map_err(|invalid: InvalidId| invalid.to_string())
}

fn cefr(text: &str) -> Result<CefrBand, String> {
    CefrBand::read(text).ok_or_else(|| format!("{text:?} is no CEFR level"))
}

fn skill(text: &str) -> Result<EnteredSkill, String> {
    let (name, score) = text.split_once('=').ok_or("must be <skill>=<score>, such as speaking=4.5:B2")?;
    let (value, band) = score.split_once(':').map_or((score, None), |(value, band)| (value, Some(band)));
    Ok(EnteredSkill {
        skill: name.trim().parse().map_err(|()| format!("{name:?} is no skill"))?,
        value: value.trim().parse().map_err(|_| format!("{value:?} is no score"))?,
        cefr: band.map(cefr).transpose()?,
    })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ScaleName {
    /// 0 to 6.
    Itep,
    /// 0 to 10.
    Truenorth,
    /// 0 to 1000.
    Webcape,
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
    #[arg(long, value_name = "NAME", env = "USER")]
    pub(crate) by: String,
}

fn account(text: &str) -> Result<Account, String> {
    let (vendor, name) = text.split_once('/').ok_or("must be <vendor>/<account>, such as itep/default")?;
    let vendor = vendor.parse().map_err(|invalid: InvalidId| invalid.to_string())?;
    Ok(Account { vendor, name: name.parse().map_err(|invalid: InvalidId| invalid.to_string())? })
}

#[derive(Debug, Subcommand)]
pub(crate) enum QuarantineCommand {
    /// List quarantined reports, the oldest first, with why each could not be used.
    List {
        #[command(flatten)]
        filter: QuarantineFilter,
        /// List those too that were replayed or dismissed.
        #[arg(long)]
        handled: bool,
        #[command(flatten)]
        listing: Listing,
    },
    /// Show one report: how its sender was authenticated, and what became of it.
    Show {
        /// The receipt's id, as `hubctl quarantine list` shows it.
        receipt: ReceiptId,
        /// Show the body whole. It may name the candidate.
        #[arg(long)]
        show_person: bool,
    },
    /// Send reports round again as if they had just come. What fails again is kept again.
    ///
    /// A sender is checked again, against the account's profile as it is now; one who was verified stays verified.
    Replay(Replay),
    /// Leave a report as it is: nothing is to become of it. It is kept, and no longer listed.
    Dismiss {
        /// The receipt's id, as `hubctl quarantine list` shows it.
        receipt: ReceiptId,
        /// Who decides this.
        #[arg(long, value_name = "NAME", env = "USER")]
        by: String,
        /// Why.
        #[arg(long, value_name = "TEXT")]
        why: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct QuarantineFilter {
    /// Only those whose reason has this in it, in whatever case.
    #[arg(long, value_name = "TEXT")]
    pub(crate) why_contains: Option<String>,
    /// Only those sent to this iTEP account.
    #[arg(long)]
    pub(crate) account: Option<AccountName>,
}

#[derive(Debug, Args)]
#[group(id = "which", required = true, multiple = false, args = ["receipt", "all"])]
pub(crate) struct Replay {
    /// The receipt's id, as `hubctl quarantine list` shows it.
    pub(crate) receipt: Option<ReceiptId>,
    /// Every report that was neither replayed nor dismissed, the oldest first.
    #[arg(long)]
    pub(crate) all: bool,
    #[command(flatten)]
    pub(crate) filter: QuarantineFilter,
    /// Only say what would be sent round.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Apply it whoever sent it: you answer for it, by name and reason in the reservation's history.
    #[arg(long, requires_all = ["by", "why"], conflicts_with = "all")]
    pub(crate) trust: bool,
    /// Who answers for it.
    #[arg(long, value_name = "NAME", requires = "trust")]
    pub(crate) by: Option<String>,
    /// Why it can be trusted.
    #[arg(long, value_name = "TEXT", requires = "trust")]
    pub(crate) why: Option<String>,
    /// Do not ask.
    #[arg(long, short)]
    pub(crate) yes: bool,
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

#[derive(Debug, Subcommand)]
pub(crate) enum InventoryCommand {
    /// Reconcile an Available Test CSV with the hub's books, and settle what was in doubt.
    ///
    /// The file comes from iTEP's screen "Tests Available", "Get Available Test CSV". Its passwords are not read.
    /// Importing a file again is harmless. Lists what may be reclaimed, what was perhaps sat without a report, and
    /// the stock; low stock rings the alarm LowStock.
    Import(Imported),
    /// Take back the tests that a file shows unused after their reservations expired, so that they can be sold again.
    ///
    /// First reclaim here, then clear the tests' Assigned To at iTEP: a test that iTEP sells while it is still an
    /// expired reservation's leaves its new reservation in doubt. A reclaimed test's password is to be changed at
    /// iTEP, since its first candidate has it.
    Reclaim(Reclaim),
}

#[derive(Debug, Args)]
pub(crate) struct InventoryFile {
    /// The file.
    pub(crate) file: PathBuf,
    /// The iTEP account whose tests it lists.
    #[arg(long)]
    pub(crate) account: AccountName,
    /// How many days after its expiry a test must still stand Ready to be reclaimable.
    #[arg(long, value_name = "DAYS", default_value_t = 7)]
    pub(crate) grace_days: u16,
    /// Only say what would be done.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Who does this; it is kept in the reservations' histories. A dry run needs no name.
    #[arg(long, value_name = "NAME", env = "USER", required_unless_present = "dry_run")]
    by: Option<String>,
}

impl InventoryFile {
    /// Who does this; empty in a dry run, which writes nothing.
    pub(crate) fn by(&self) -> &str {
        self.by.as_deref().unwrap_or_default()
    }
}

#[derive(Debug, Args)]
pub(crate) struct Imported {
    #[command(flatten)]
    pub(crate) file: InventoryFile,
    /// When iTEP wrote it, such as 2026-11-20T09:00:00Z: needed to tell what may be reclaimed or was perhaps sat.
    #[arg(long, value_name = "TIME")]
    pub(crate) exported_at: Option<Timestamp>,
}

#[derive(Debug, Args)]
pub(crate) struct Reclaim {
    #[command(flatten)]
    pub(crate) file: InventoryFile,
    /// When iTEP wrote it, such as 2026-11-20T09:00:00Z.
    #[arg(long, value_name = "TIME")]
    pub(crate) exported_at: Timestamp,
    /// Only this test; may be said several times. Without it, all that are reclaimable.
    #[arg(long, value_name = "TEST ID")]
    pub(crate) test: Vec<String>,
    /// Why; it is kept in the reservations' histories.
    #[arg(long, value_name = "TEXT")]
    pub(crate) why: String,
    /// Do not ask.
    #[arg(long, short)]
    pub(crate) yes: bool,
}
