//! Reports that could not be used, or not completely.

use clap::{Args, Subcommand, ValueEnum};
use shared_core::domain::ids::{AccountName, Digest, InboundWebhookId, InvalidId, ReservationId};

use super::{Listing, said};

#[derive(Debug, Subcommand)]
pub(crate) enum ReportCommand {
    /// Read stored reports again, after a release that can read more.
    ///
    /// A report counts as of its arrival, and for the attempt that was open then. An old grade never replaces a newer
    /// one. Repeating the command is harmless.
    Reprocess(Reprocess),
}

#[derive(Debug, Args)]
pub(crate) struct Reprocess {
    #[command(flatten)]
    pub(crate) which: WhichReports,
    /// Only this document of the reservation, by its digest.
    #[arg(long, value_name = "DIGEST", requires = "reservation", value_parser = digest)]
    pub(crate) document: Option<Digest>,
    /// Show what each report would change, and write nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// The reason, for the histories. It is not recorded for reports replayed from the quarantine.
    #[arg(long, value_name = "TEXT", required_unless_present = "dry_run", value_parser = said)]
    pub(crate) why: Option<String>,
    /// Your name, for the record.
    #[arg(long, value_name = "NAME", env = "USER", required_unless_present = "dry_run", value_parser = said)]
    pub(crate) by: Option<String>,
    /// Skip the confirmation prompt.
    #[arg(long, short)]
    pub(crate) yes: bool,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct WhichReports {
    /// All stored documents of this reservation.
    pub(crate) reservation: Option<ReservationId>,
    /// All reports with this problem. Reads the whole table, except for `quarantined`.
    #[arg(long, value_name = "REASON")]
    pub(crate) all: Option<Unread>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Unread {
    /// The vendor's documents do not name the status.
    UnknownStatus,
    /// Some or all scores could not be read.
    UnreadableScores,
    /// The report is in quarantine, and this release can read it.
    Quarantined,
}

/// A digest as tables show it, or with its scheme as JSON does.
pub(super) fn digest(text: &str) -> Result<Digest, String> {
    text.strip_prefix("sha256:").unwrap_or(text).parse().map_err(|invalid: InvalidId| invalid.to_string())
}

#[derive(Debug, Subcommand)]
pub(crate) enum QuarantineCommand {
    /// List quarantined reports, oldest first, with the reason for each.
    List {
        #[command(flatten)]
        filter: QuarantineFilter,
        /// Include reports that were replayed or dismissed.
        #[arg(long)]
        handled: bool,
        #[command(flatten)]
        listing: Listing,
    },
    /// Show one report: how its sender was authenticated, and whether it was replayed or dismissed.
    Show {
        /// The receipt's id, as `hubctl quarantine list` shows it.
        receipt: InboundWebhookId,
        /// Show the whole body. It may contain personal data.
        #[arg(long)]
        show_person: bool,
    },
    /// Process reports again. A report that fails again returns to the quarantine.
    ///
    /// The sender is checked again by the account's current profile, unless it was verified already.
    Replay(Replay),
    /// Dismiss a report. It is kept, but no longer listed.
    Dismiss {
        /// The receipt's id, as `hubctl quarantine list` shows it.
        receipt: InboundWebhookId,
        /// Your name, for the record.
        #[arg(long, value_name = "NAME", env = "USER", value_parser = said)]
        by: String,
        /// The reason.
        #[arg(long, value_name = "TEXT", value_parser = said)]
        why: String,
    },
}

#[derive(Debug, Default, Args)]
pub(crate) struct QuarantineFilter {
    /// Only reports whose reason contains this text, in upper or lower case.
    #[arg(long, value_name = "TEXT")]
    pub(crate) why_contains: Option<String>,
    /// Only reports sent to this iTEP account.
    #[arg(long)]
    pub(crate) account: Option<AccountName>,
}

#[derive(Debug, Default, Args)]
#[group(id = "which", required = true, multiple = false, args = ["receipt", "all"])]
pub(crate) struct Replay {
    /// The receipt's id, as `hubctl quarantine list` shows it.
    pub(crate) receipt: Option<InboundWebhookId>,
    /// All reports that were neither replayed nor dismissed, oldest first.
    #[arg(long)]
    pub(crate) all: bool,
    #[command(flatten)]
    pub(crate) filter: QuarantineFilter,
    /// Show which reports would be replayed, and send nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Apply the report although its sender is not verified. The reservation's history records your name and reason.
    #[arg(long, requires_all = ["by", "why"], conflicts_with = "all")]
    pub(crate) trust: bool,
    /// Your name.
    #[arg(long, value_name = "NAME", requires = "trust", value_parser = said)]
    pub(crate) by: Option<String>,
    /// Why the report can be trusted.
    #[arg(long, value_name = "TEXT", requires = "trust", value_parser = said)]
    pub(crate) why: Option<String>,
    /// Skip the confirmation prompt.
    #[arg(long, short)]
    pub(crate) yes: bool,
}
