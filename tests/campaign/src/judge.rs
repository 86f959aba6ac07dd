//! The judgement: the vendors' books against what the hub knows.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;

use super::books::{Books, Call, Entry, Ledger, Reservation, Sale};
use super::outside::Test;
use super::stack::Vendor;

/// How many examples of each finding are kept.
const EXAMPLES: usize = 20;

/// What was found. Everything that must not be is empty in a good run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Judgement {
    /// Orders without a reservation.
    pub(crate) missing: Findings,
    /// Sales that their reservation does not know.
    pub(crate) lost: Findings,
    /// Reservations with more than one sale, without an operator's decision between them.
    pub(crate) doubled: Findings,
    /// The same, where the operator had said that nothing was sold.
    pub(crate) doubled_by_operator: Findings,
    /// Reservations that are not settled.
    pub(crate) stuck: Findings,
    /// Purchases after one whose outcome was not settled.
    pub(crate) blind: Findings,
    /// Ambiguous purchase calls that no history shows in doubt.
    pub(crate) unseen: Findings,
    /// Graded tests whose result is missing or another.
    pub(crate) results_lost: Findings,
    /// Sold tests that nobody graded: the campaign itself is at fault.
    pub(crate) ungraded: Findings,
    pub(crate) sales: u64,
    pub(crate) purchase_calls: u64,
    pub(crate) ambiguous: u64,
    /// Ambiguous calls that were seen in doubt.
    pub(crate) seen_in_doubt: u64,
    /// Ambiguous calls that a report settled before their worker gave up.
    pub(crate) settled_early: u64,
    pub(crate) results: u64,
    /// Reservations that were in doubt at some time.
    pub(crate) once_in_doubt: u64,
    /// Doubt that arose because a function died in mid-call.
    pub(crate) abandoned: u64,
    /// By what doubt was settled.
    pub(crate) settlements: BTreeMap<String, u64>,
    /// Reservations by their last state.
    pub(crate) states: BTreeMap<String, u64>,
}

/// How often something was found, with examples.
#[derive(Clone, Debug, Default)]
pub(crate) struct Findings {
    pub(crate) count: u64,
    pub(crate) examples: Vec<String>,
}

impl Findings {
    fn add(&mut self, example: impl Into<String>) {
        self.count += 1;
        if self.examples.len() < EXAMPLES {
            self.examples.push(example.into());
        }
    }
}

impl Judgement {
    /// What must not be, by name.
    pub(crate) fn faults(&self) -> [(&'static str, &Findings); 8] {
        [
            ("lost", &self.lost),
            ("doubled", &self.doubled),
            ("stuck", &self.stuck),
            ("bought again blindly", &self.blind),
            ("ambiguous calls not seen in doubt", &self.unseen),
            ("results lost", &self.results_lost),
            ("orders without a reservation", &self.missing),
            ("sold tests that nobody graded", &self.ungraded),
        ]
    }
}

pub(crate) struct Evidence<'a> {
    pub(crate) orders: usize,
    pub(crate) books: &'a Books,
    pub(crate) ledgers: &'a [(Vendor, Ledger)],
    pub(crate) scores: &'a BTreeMap<Test, f64>,
}

pub(crate) fn judge(evidence: &Evidence<'_>) -> Judgement {
    let mut judgement = Judgement::default();
    of_orders(evidence, &mut judgement);
    for (vendor, ledger) in evidence.ledgers {
        of_sales(evidence, *vendor, ledger, &mut judgement);
        of_calls(evidence, ledger, &mut judgement);
    }
    for reservation in evidence.books.values() {
        of_state(reservation, &mut judgement);
        of_doubt(reservation, &mut judgement);
    }
    judgement
}

fn of_orders(evidence: &Evidence<'_>, judgement: &mut Judgement) {
    let known: std::collections::HashSet<_> = evidence.books.values().map(|r| r.order.as_str()).collect();
    for number in 0..evidence.orders {
        if !known.contains(number.to_string().as_str()) {
            judgement.missing.add(format!("order {number}"));
        }
    }
}

fn of_sales(evidence: &Evidence<'_>, vendor: Vendor, ledger: &Ledger, judgement: &mut Judgement) {
    let mut by_reservation: HashMap<&str, Vec<&Sale>> = HashMap::new();
    for sale in &ledger.sales {
        judgement.sales += 1;
        let id = sale.reservation_id.as_deref().unwrap_or_default();
        by_reservation.entry(id).or_default().push(sale);
        let owner = evidence.books.get(id);
        if !owner.is_some_and(|owner| knows(owner, sale)) {
            judgement.lost.add(format!("{} of {}, sold to {id}", sale.reference, sale.account));
        }
        let graded = evidence.scores.get(&(vendor, sale.account.clone(), sale.reference.clone()));
        match (graded, owner) {
            (None, _) => judgement.ungraded.add(format!("{} of {}", sale.reference, sale.account)),
            (Some(score), Some(owner)) if owner.reference.as_deref().is_some_and(|own| same(own, &sale.reference)) => {
                judgement.results += 1;
                if owner.score.is_none_or(|known| (known - score).abs() > 1e-9) {
                    judgement.results_lost.add(format!("{id}: {score} was given, {:?} is known", owner.score));
                }
            }
            _ => {}
        }
    }
    for (id, sales) in by_reservation.into_iter().filter(|(_, sales)| sales.len() > 1) {
        let decided = evidence.books.get(id).is_some_and(|owner| decided_between(owner, sales[0].at, sales[1].at));
        let findings = if decided { &mut judgement.doubled_by_operator } else { &mut judgement.doubled };
        findings.add(format!("{id}: {} sales", sales.len()));
    }
}

fn knows(owner: &Reservation, sale: &Sale) -> bool {
    owner.reference.iter().chain(&owner.surplus).any(|known| same(known, &sale.reference))
}

fn same(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}

fn decided_between(owner: &Reservation, from: Timestamp, to: Timestamp) -> bool {
    let by_operator = |entry: &&Entry| entry.applied && entry.source == "operator" && entry.event == "nothing_sold";
    owner.history.iter().filter(by_operator).any(|entry| entry.at >= from && entry.at <= to)
}

/// Each purchase call beside the next one for the same reservation: what is in between must be in the history.
fn of_calls(evidence: &Evidence<'_>, ledger: &Ledger, judgement: &mut Judgement) {
    let mut by_reservation: HashMap<&str, Vec<&Call>> = HashMap::new();
    for call in ledger.calls.iter().filter(|call| call.buys() && call.account.is_some()) {
        judgement.purchase_calls += 1;
        by_reservation.entry(call.reservation_id.as_deref().unwrap_or_default()).or_default().push(call);
    }
    for (id, calls) in by_reservation {
        let history = evidence.books.get(id).map_or(&[][..], |owner| &owner.history);
        for (index, call) in calls.iter().enumerate() {
            let next = calls.get(index + 1).map_or(Timestamp::MAX, |next| next.at);
            let between: Vec<_> =
                history.iter().filter(|entry| entry.applied && entry.at >= call.at && entry.at <= next).collect();
            if call.is_ambiguous() {
                judgement.ambiguous += 1;
                of_ambiguous(id, call, &between, judgement);
            }
            let settled = between.iter().any(|entry| entry.event == "nothing_sold") || call.is_not_processed();
            if next < Timestamp::MAX && !settled {
                judgement.blind.add(format!("{id}: called at {} and again at {next}", call.at));
            }
        }
    }
}

fn of_ambiguous(id: &str, call: &Call, between: &[&Entry], judgement: &mut Judgement) {
    let fault = call.fault.as_deref().unwrap_or_default();
    let reported = |entry: &&&Entry| entry.from == "pending" && entry.event.starts_with("report_");
    if between.iter().any(|entry| entry.to == "in_doubt") {
        judgement.seen_in_doubt += 1;
    } else if between.iter().any(|entry| reported(&entry)) {
        judgement.settled_early += 1;
    } else {
        judgement.unseen.add(format!("{id}: {fault} at {}", call.at));
    }
}

fn of_state(reservation: &Reservation, judgement: &mut Judgement) {
    *judgement.states.entry(reservation.state.clone()).or_default() += 1;
    // A doubt that stands is settled by its alert; the operator of this campaign leaves none.
    if !["completed", "rejected"].contains(&reservation.state.as_str()) {
        judgement.stuck.add(format!("{} of {} is {}", reservation.id, reservation.account, reservation.state));
    }
}

fn of_doubt(reservation: &Reservation, judgement: &mut Judgement) {
    let applied: Vec<_> = reservation.history.iter().filter(|entry| entry.applied).collect();
    judgement.once_in_doubt += u64::from(applied.iter().any(|entry| entry.to == "in_doubt"));
    for entry in &applied {
        let enters = entry.to == "in_doubt" && entry.from != "in_doubt";
        judgement.abandoned += u64::from(enters && entry.event == "lease_lapsed");
        if entry.from == "in_doubt" && entry.to != "in_doubt" {
            *judgement.settlements.entry(settlement(reservation.vendor, entry).to_owned()).or_default() += 1;
        }
    }
}

fn settlement(vendor: Vendor, entry: &Entry) -> &'static str {
    match (vendor, entry.source.as_str(), entry.event.as_str()) {
        (Vendor::Truenorth, "vendor_lookup", "nothing_sold") => "TrueNorth: a look-up found nothing, bought again",
        (Vendor::Truenorth, "vendor_lookup", _) => "TrueNorth: a look-up or a poll found the test",
        (Vendor::Itep, "vendor_webhook", _) => "iTEP: the first report named it",
        (Vendor::Itep, "operator", "nothing_sold") => "iTEP: the operator said that nothing was sold, bought again",
        (Vendor::Itep, "operator", _) => "iTEP: the imported file named it",
        (_, "vendor_answer", _) => "both: the answer came late, by the queue",
        _ => "otherwise",
    }
}

#[cfg(test)]
mod tests;
