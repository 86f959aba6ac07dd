//! Reservations, doubts, corrections, and results entered by hand.

use clap::{Args, Subcommand, ValueEnum};
use jiff::civil::Date;
use shared_core::domain::ids::{Account, ClientId, Digest, ReservationId};
use shared_core::domain::test_result::{CefrBand, Skill};

use super::reports::digest;
use super::{Decision, Listing, account, said};

#[derive(Debug, Subcommand)]
pub(crate) enum DoubtCommand {
    /// List reservations in doubt, oldest first, with a row for each lost call.
    ///
    /// CALL is the call's number, SEEN how it ended. TrueNorth: a look-up after the quiet time finds the test, or the
    /// hub buys again. iTEP: the first report on the test settles the doubt. To settle one yourself, look for the
    /// reservation's id at the vendor.
    List(Listing),
    /// Settle a doubt by hand. The history records the decision and your name.
    Settle(Settle),
}

#[derive(Debug, Args)]
#[group(id = "finding", required = true, multiple = false, args = ["is", "nothing_sold", "give_up"])]
pub(crate) struct Settle {
    /// The reservation in doubt.
    pub(crate) reservation: ReservationId,
    /// The vendor sold this test: iTEP's test ID, or TrueNorth's `<userAssessmentId>/<userId>`.
    #[arg(long, value_name = "REFERENCE")]
    pub(crate) is: Option<String>,
    /// The vendor sold nothing: buy again at once.
    #[arg(long)]
    pub(crate) nothing_sold: bool,
    /// Give up: reject the order. A later report on it still counts.
    #[arg(long)]
    pub(crate) give_up: bool,
    #[command(flatten)]
    pub(crate) decision: Decision,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ReservationCommand {
    /// Show a reservation.
    Show {
        /// The reservation.
        reservation: ReservationId,
        /// Include personal data and the vendor's texts.
        #[arg(long)]
        show_person: bool,
    },
    /// Find reservations by id, by the vendor's test, or by client and candidate.
    Find(FindReservation),
    /// Show a reservation's history, oldest first.
    History {
        /// The reservation.
        reservation: ReservationId,
        /// Include the vendor's texts. They may contain personal data.
        #[arg(long)]
        show_person: bool,
    },
    /// List the stored vendor documents of a reservation, or print one.
    Raw(RawDocumentOf),
    /// Give a reservation the right test. The history records the change and your name.
    ///
    /// The wrong test's results stay as an earlier attempt. Reports on the right test apply from now on.
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
    /// This client's reservations, newest first.
    #[arg(long)]
    pub(crate) client: Option<ClientId>,
}

#[derive(Debug, Args)]
pub(crate) struct FindReservation {
    #[command(flatten)]
    pub(crate) which: WhichReservations,
    /// Look for --reference at this account only, such as itep/default.
    #[arg(long, value_name = "VENDOR/ACCOUNT", value_parser = account, requires = "reference")]
    pub(crate) account: Option<Account>,
    /// Only this candidate of --client, by the client's own id.
    #[arg(long, value_name = "ID", requires = "client")]
    pub(crate) external_id: Option<String>,
    /// List at most this many.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=100))]
    pub(crate) limit: u16,
}

#[derive(Debug, Args)]
pub(crate) struct RawDocumentOf {
    /// The reservation.
    pub(crate) reservation: ReservationId,
    /// The document's digest. Without it, the command lists the documents.
    #[arg(value_parser = digest)]
    pub(crate) digest: Option<Digest>,
    /// Print the document, including personal data.
    #[arg(long)]
    pub(crate) show_person: bool,
}

#[derive(Debug, Args)]
pub(crate) struct CorrectReference {
    /// The reservation.
    pub(crate) reservation: ReservationId,
    /// The right test: iTEP's test ID, or TrueNorth's `<userAssessmentId>/<userId>`.
    #[arg(long, value_name = "REFERENCE")]
    pub(crate) to: String,
    /// The reason, for the reservation's history.
    #[arg(long, value_name = "TEXT", value_parser = said)]
    pub(crate) why: String,
    /// Your name, for the reservation's history. A dry run needs none.
    #[arg(long, value_name = "NAME", env = "USER", required_unless_present = "dry_run", value_parser = said)]
    pub(crate) by: Option<String>,
    /// Show what would change, and write nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Skip the confirmation prompt.
    #[arg(long, short)]
    pub(crate) yes: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ResultCommand {
    /// Enter a result by hand. The history records your name; a later report from the vendor replaces the result.
    Enter(EnteredResult),
}

#[derive(Debug, Args)]
pub(crate) struct EnteredResult {
    /// The reservation; it must have a test and no result.
    pub(crate) reservation: ReservationId,
    /// The overall score.
    #[arg(long)]
    pub(crate) overall: f64,
    /// The CEFR level as the vendor writes it, such as C1 or B2-C1.
    #[arg(long, value_parser = cefr)]
    pub(crate) cefr: Option<CefrBand>,
    /// A section's score, with its CEFR level if there is one, such as speaking=4.5 or speaking=4.5:B2; can be
    /// repeated.
    #[arg(long = "skill", value_name = "SKILL=SCORE[:CEFR]", value_parser = skill)]
    pub(crate) skills: Vec<EnteredSkill>,
    /// The day on which the candidate finished, such as 2026-11-20.
    #[arg(long, value_name = "DAY")]
    pub(crate) finished_on: Option<Date>,
    /// The URL of the vendor's report.
    #[arg(long, value_name = "URL")]
    pub(crate) report_url: Option<String>,
    /// The score's scale, if it is not the vendor's usual one.
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
    CefrBand::parse(text).ok_or_else(|| format!("{text:?} is not a CEFR level"))
}

fn skill(text: &str) -> Result<EnteredSkill, String> {
    let (name, score) = text.split_once('=').ok_or("must be <skill>=<score>, such as speaking=4.5:B2")?;
    let (value, band) = score.split_once(':').map_or((score, None), |(value, band)| (value, Some(band)));
    Ok(EnteredSkill {
        skill: name.trim().parse().map_err(|()| format!("{name:?} is not a skill"))?,
        value: value.trim().parse().map_err(|_| format!("{value:?} is not a number"))?,
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
