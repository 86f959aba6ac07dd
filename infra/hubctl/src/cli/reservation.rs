//! One reservation: what is known of it, doubts, corrections, and results by hand.

use clap::{Args, Subcommand, ValueEnum};
use jiff::civil::Date;
use shared_core::domain::ids::{Account, ClientId, Digest, ReservationId};
use shared_core::domain::test_result::{CefrBand, Skill};

use super::reports::digest;
use super::{Decision, Listing, account, said};

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
    #[arg(long, value_name = "TEXT", value_parser = said)]
    pub(crate) why: String,
    /// Who decides this. A dry run needs no name.
    #[arg(long, value_name = "NAME", env = "USER", required_unless_present = "dry_run", value_parser = said)]
    pub(crate) by: Option<String>,
    /// Only say what would be done.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Do not ask.
    #[arg(long, short)]
    pub(crate) yes: bool,
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

fn cefr(text: &str) -> Result<CefrBand, String> {
    CefrBand::parse(text).ok_or_else(|| format!("{text:?} is no CEFR level"))
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
