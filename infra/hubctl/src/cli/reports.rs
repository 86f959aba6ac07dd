//! Reports that came and could not be used, or not all of them.

use clap::{Args, Subcommand, ValueEnum};
use shared_core::domain::ids::{AccountName, Digest, InboundWebhookId, InvalidId, ReservationId};

use super::{Listing, said};

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
    /// Why; it is kept in the histories, but for what is only sent round again from the quarantine.
    #[arg(long, value_name = "TEXT", required_unless_present = "dry_run", value_parser = said)]
    pub(crate) why: Option<String>,
    /// Who decides this.
    #[arg(long, value_name = "NAME", env = "USER", required_unless_present = "dry_run", value_parser = said)]
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
    /// All that were read badly for this reason. But for those in quarantine, it reads the whole table.
    #[arg(long, value_name = "REASON")]
    pub(crate) all: Option<Unread>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Unread {
    /// A status that the vendor's documents do not name.
    UnknownStatus,
    /// Some or all of the scores could not be read.
    UnreadableScores,
    /// The report is in quarantine and can be read by now.
    Quarantined,
}

/// A digest as tables show it, or with its scheme as JSON does.
pub(super) fn digest(text: &str) -> Result<Digest, String> {
    text.strip_prefix("sha256:").unwrap_or(text).parse().map_err(|invalid: InvalidId| invalid.to_string())
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
        receipt: InboundWebhookId,
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
        receipt: InboundWebhookId,
        /// Who decides this.
        #[arg(long, value_name = "NAME", env = "USER", value_parser = said)]
        by: String,
        /// Why.
        #[arg(long, value_name = "TEXT", value_parser = said)]
        why: String,
    },
}

#[derive(Debug, Default, Args)]
pub(crate) struct QuarantineFilter {
    /// Only those whose reason has this in it, in whatever case.
    #[arg(long, value_name = "TEXT")]
    pub(crate) why_contains: Option<String>,
    /// Only those sent to this iTEP account.
    #[arg(long)]
    pub(crate) account: Option<AccountName>,
}

#[derive(Debug, Default, Args)]
#[group(id = "which", required = true, multiple = false, args = ["receipt", "all"])]
pub(crate) struct Replay {
    /// The receipt's id, as `hubctl quarantine list` shows it.
    pub(crate) receipt: Option<InboundWebhookId>,
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
    #[arg(long, value_name = "NAME", requires = "trust", value_parser = said)]
    pub(crate) by: Option<String>,
    /// Why it can be trusted.
    #[arg(long, value_name = "TEXT", requires = "trust", value_parser = said)]
    pub(crate) why: Option<String>,
    /// Do not ask.
    #[arg(long, short)]
    pub(crate) yes: bool,
}
