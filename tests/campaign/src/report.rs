//! The report of a campaign, in Markdown.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::Ordering::Relaxed;

use jiff::Timestamp;

use super::Plan;
use super::books::{Call, Ledger};
use super::judge::{Findings, Judgement};
use super::kills::Kills;
use super::load::Tally;
use super::operator::Done;
use super::outside::Webhooks;
use super::setup::Market;
use super::stack::Vendor;
use super::trouble::AwsFaults;

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Course {
    pub(crate) began: Timestamp,
    pub(crate) peace: Timestamp,
    pub(crate) ended: Timestamp,
    /// How often a vendor's port was closed.
    pub(crate) closures: u64,
    /// Whether everything came to rest in time.
    pub(crate) quiet: bool,
}

pub(crate) struct Facts<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) market: &'a Market,
    pub(crate) course: Course,
    pub(crate) tally: &'a Tally,
    pub(crate) kills: &'a Kills,
    pub(crate) webhooks: Webhooks,
    pub(crate) aws: AwsFaults,
    /// The vendors' books when faults stopped.
    pub(crate) under_faults: Vec<(Vendor, Ledger)>,
    /// And at the end.
    pub(crate) ledgers: Vec<(Vendor, Ledger)>,
    pub(crate) done: Done,
    pub(crate) judgement: Judgement,
}

impl Facts<'_> {
    fn calls_under_faults(&self) -> impl Iterator<Item = &Call> {
        self.under_faults.iter().flat_map(|(_, ledger)| &ledger.calls).filter(|call| call.account.is_some())
    }

    /// How many of the vendors' calls met a fault, and of how many: of those that buy, or of the others.
    pub(crate) fn calls_struck(&self, buying: bool) -> (u64, u64) {
        let calls = || self.calls_under_faults().filter(|call| call.buys() == buying);
        (calls().filter(|call| call.fault.is_some()).count() as u64, calls().count() as u64)
    }

    /// The same of AWS.
    pub(crate) fn aws_calls_struck(&self) -> (u64, u64) {
        (self.aws.faults.values().sum(), self.aws.requests)
    }
}

/// What must not be and was.
pub(crate) fn faults(judgement: &Judgement) -> Vec<String> {
    let line = |(name, findings): (&str, &Findings)| {
        (findings.count > 0).then(|| format!("{} {name}: {}", findings.count, findings.examples.join("; ")))
    };
    judgement.faults().into_iter().filter_map(line).collect()
}

pub(crate) fn write(facts: &Facts<'_>) -> String {
    let mut report = Report(format!("# Fault campaign, {}\n", facts.course.began.strftime("%Y-%m-%d %H:%M UTC")));
    summary(facts, &mut report);
    vendor_faults(facts, &mut report);
    aws_faults(facts, &mut report);
    websites(facts, &mut report);
    afterwards(facts, &mut report);
    report.0
}

/// What repeats the campaign.
pub(crate) fn command(plan: &Plan) -> String {
    let Plan { reservations, faults, seed, .. } = plan;
    format!("cargo dev campaign --reservations {reservations} --faults {faults} --seed {seed}")
}

struct Report(String);

impl Report {
    /// A table with a caption in its left heading.
    fn table(&mut self, caption: &str, rows: impl IntoIterator<Item = (String, String)>) {
        self.0.push_str(&format!("\n| {caption} | |\n| --- | ---: |\n"));
        for (name, value) in rows {
            // Writing to a string does not fail.
            let _ = writeln!(self.0, "| {name} | {value} |");
        }
    }
}

fn row(name: &str, value: impl std::fmt::Display) -> (String, String) {
    (name.to_owned(), value.to_string())
}

fn summary(facts: &Facts<'_>, report: &mut Report) {
    let (judged, plan, course) = (&facts.judgement, facts.plan, facts.course);
    let _ = writeln!(report.0, "\n`{}`", command(plan));
    let seconds = |from: Timestamp, to: Timestamp| format!("{:.0} s", to.duration_since(from).as_secs_f64());
    let in_doubt = judged.seen_in_doubt;
    let (killed, in_mid_call) = (facts.kills.all.load(Relaxed), facts.kills.in_mid_call.load(Relaxed));
    let mut rows = vec![
        row("reservations", plan.reservations),
        row("vendor accounts", format!("{} iTEP, {} TrueNorth", facts.market.itep.len(), facts.market.truenorth.len())),
        row("tests sold, by the vendors' books", judged.sales),
    ];
    rows.extend(judged.faults().map(|(name, findings)| row(&format!("**{name}**"), format!("**{}**", findings.count))));
    rows.extend([
        row("doubled by an operator's decision", judged.doubled_by_operator.count),
        row("ambiguous purchase calls", judged.ambiguous),
        row("… seen in doubt", format!("{in_doubt} ({})", percent(in_doubt, judged.ambiguous))),
        row("… settled by a report before that", judged.settled_early),
        row("… altogether", percent(in_doubt + judged.settled_early, judged.ambiguous)),
        row("results that the vendors gave", judged.results),
        row("functions killed", format!("{killed}, {in_mid_call} with a vendor's call open")),
        row("faults lasted", seconds(course.began, course.peace)),
        row("from then until everything was settled", seconds(course.peace, course.ended)),
        row("came to rest in time", if course.quiet { "yes" } else { "no" }),
    ]);
    report.table("what", rows);
}

fn percent(part: u64, whole: u64) -> String {
    if whole == 0 { "-".to_owned() } else { format!("{:.1} %", part as f64 * 100.0 / whole as f64) }
}

fn share((struck, all): (u64, u64)) -> String {
    format!("{struck} of {all} ({})", percent(struck, all))
}

fn vendor_faults(facts: &Facts<'_>, report: &mut Report) {
    let mut kinds = BTreeMap::<String, u64>::new();
    for call in facts.calls_under_faults() {
        if let Some(fault) = &call.fault {
            let what = if call.buys() { "purchase" } else { "reading" };
            *kinds.entry(format!("{what}: {fault}")).or_default() += 1;
        }
    }
    let mut rows = vec![
        row("**purchase calls struck**", share(facts.calls_struck(true))),
        row("**reading calls struck**", share(facts.calls_struck(false))),
    ];
    rows.extend(kinds.into_iter().map(|(kind, count)| row(&kind, count)));
    rows.push(row("a vendor's port closed for 1.2 s", facts.course.closures));
    let told = facts.webhooks;
    rows.extend([
        row("webhooks sent", told.sent),
        row("webhooks withheld", told.withheld),
        row("webhooks held back until the next one", told.held_back),
        row("sendings of more than one webhook (duplicates, and those held back)", told.duplicated),
        row("webhooks not answered with success", told.failed),
        row("webhooks that iTEP was asked to send again", told.resent),
    ]);
    report.table("vendors, while faults lasted (webhooks: in all)", rows);
}

fn aws_faults(facts: &Facts<'_>, report: &mut Report) {
    let mut rows = vec![row("**calls of AWS struck**", share(facts.aws_calls_struck()))];
    rows.extend(facts.aws.faults.iter().map(|(kind, count)| row(kind, count)));
    report.table("AWS, while faults lasted", rows);
}

fn websites(facts: &Facts<'_>, report: &mut Report) {
    let tally = facts.tally;
    let mut rows = vec![
        row("orders sent, repetitions included", tally.sent.load(Relaxed)),
        row("sent again on purpose", tally.repeated.load(Relaxed)),
        row("answers that named another reservation", tally.contradictions.load(Relaxed)),
    ];
    rows.extend(tally.answers.lock().iter().map(|(name, count)| row(name, count)));
    report.table("companies' websites", rows);
}

fn afterwards(facts: &Facts<'_>, report: &mut Report) {
    let (judged, done) = (&facts.judgement, facts.done);
    let mut rows = vec![
        row("reservations that were in doubt", judged.once_in_doubt),
        row("… because a function died in mid-call", judged.abandoned),
    ];
    rows.extend(judged.settlements.iter().map(|(way, count)| row(way, count)));
    rows.extend([
        row("iTEP's files imported", format!("{} with {} tests", done.files, done.rows)),
        row("… reservations settled by them", done.settled_by_file),
        row("decisions that nothing was sold", done.nothing_sold),
        row("dead letters sent back", done.redriven),
        row("purchase calls in all", judged.purchase_calls),
        row("vendor calls in all", facts.ledgers.iter().map(|(_, ledger)| ledger.calls.len()).sum::<usize>()),
    ]);
    rows.extend(judged.states.iter().map(|(state, count)| row(&format!("at the end: {state}"), count)));
    report.table("how doubt was settled", rows);
}
