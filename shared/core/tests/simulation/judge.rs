//! The verdict on a world that has come to rest, read off the vendors' ledgers.

use std::collections::BTreeMap;

use jiff::Timestamp;
use shared_core::domain::ids::{ReservationId, Vendor, VendorReference};
use shared_core::domain::reservation::{
    Alert, Attempt, Change, Effect, HistoryEntry, ReportedStatus, Reservation, State as Status,
};

use crate::sim::{MINUTE, Sim, State};
use crate::vendors::{Doc, Sale, Told};

/// What is counted of worlds, by the names under which it is recorded.
pub(crate) type Counts = BTreeMap<&'static str, u64>;

pub(crate) struct Verdict {
    pub(crate) violations: Vec<String>,
    pub(crate) counts: Counts,
    pub(crate) trace: Vec<String>,
}

pub(crate) fn judge(sim: &Sim) -> Verdict {
    let mut state = sim.state();
    let mut found = Vec::new();
    let rows = state.memory.reservations.clone();
    each_sold_once(&state, &mut found);
    each_request_is_one_reservation(&rows, &mut found);
    no_reference_has_two_owners(&rows, &mut found);
    for sale in &state.vendors.sales {
        is_known(sale, &rows, &mut found);
    }
    for reservation in rows.values() {
        is_settled(reservation, &state, &mut found);
    }
    results_are_kept(&state, &rows, &mut found);
    truenorth_is_told_of(&state, &rows, &mut found);
    graded_tests_stay_sat(&state, &rows, &mut found);
    alerts_are_raised(&state, &mut found);
    histories_are_whole(&state, &rows, &mut found);
    claims_are_facts(&state, &rows, &mut found);
    for request in state.requests.iter().filter(|request| !request.answered) {
        found.push(format!("{}: its client was never answered", request.order.id));
    }
    for what in found {
        state.violated(what);
    }
    let results = rows.values().filter(|reservation| reservation.holds_result()).count() as u64;
    let in_doubt = rows.values().filter(|r| matches!(r.state, Status::InDoubt { .. })).count() as u64;
    let counts = [
        ("seeds", 1),
        ("reservations", rows.len() as u64),
        ("sales", state.vendors.sales.len() as u64),
        ("results", results),
        ("left_in_doubt", in_doubt),
        ("requests_sent_again", state.vendors.resent),
        ("tests_reclaimed", state.vendors.reclaimed),
        ("faults", state.injected),
        ("port_calls", state.calls),
    ];
    let (violations, trace) = (std::mem::take(&mut state.violations), state.trace.take().unwrap_or_default());
    Verdict { violations, counts: counts.into(), trace }
}

/// Whoever dies or errs in the middle of it: what was written was told of.
fn alerts_are_raised(state: &State, found: &mut Vec<String>) {
    for change in &state.memory.changes {
        for effect in &change.effects {
            if let Effect::Alert(owed) = effect
                && !is_told(state, *owed, change.after.id())
            {
                found.push(format!("{}: nobody was told of {}", change.after.id(), owed.metric()));
            }
        }
    }
}

/// Each change that was written has its entry, and nothing else has; what an entry names is kept.
fn histories_are_whole(state: &State, rows: &BTreeMap<ReservationId, Reservation>, found: &mut Vec<String>) {
    let mut told: BTreeMap<_, BTreeMap<u64, &HistoryEntry>> = BTreeMap::new();
    for ((id, seq), entry) in &state.memory.filed {
        told.entry(id).or_default().insert(*seq, entry);
    }
    for (id, row) in rows {
        told.entry(id).or_default().extend(row.recent.iter().map(|entry| (entry.seq, entry)));
    }
    for Change { after, entry, .. } in &state.memory.changes {
        let id = after.id();
        match told.get_mut(id).and_then(|entries| entries.remove(&entry.seq)) {
            None => found.push(format!("{id}: its history lacks entry {}", entry.seq)),
            Some(told) if told != entry => found.push(format!("{id}: entry {} tells of no change", entry.seq)),
            Some(_) => {}
        }
        if let Some(digest) = &entry.digest
            && !state.memory.documents.contains(&(id.clone(), digest.clone()))
        {
            found.push(format!("{id}: the document of entry {} is not kept", entry.seq));
        }
    }
    for (id, rest) in told {
        found.extend(rest.keys().map(|seq| format!("{id}: entry {seq} tells of no change")));
    }
}

/// A reservation's tests are claimed for it, and a claim is what a vendor said or the operator decided.
fn claims_are_facts(state: &State, rows: &BTreeMap<ReservationId, Reservation>, found: &mut Vec<String>) {
    let memory = &state.memory;
    for (id, row) in rows {
        let claim = |reference: &VendorReference| (row.order.account.clone(), reference.test().to_owned());
        let unclaimed = tests_of(row).filter(|test| memory.claims.get(&claim(test)) != Some(id));
        found.extend(unclaimed.map(|test| format!("{id}: {} is not claimed", test.test())));
    }
    for ((_, test), owner) in &memory.claims {
        let has_it = rows.get(owner).is_some_and(|row| tests_of(row).any(|own| own.test() == test));
        let is_sold = |sale: &Sale| sale.reservation == *owner && sale.reference.test() == test;
        if !has_it && !state.vendors.sales.iter().any(is_sold) {
            found.push(format!("{test} is claimed for {owner}, and nobody said that it is its own"));
        }
    }
}

fn tests_of(reservation: &Reservation) -> impl Iterator<Item = &VendorReference> {
    reservation.reference.iter().chain(reservation.surplus.iter().map(|surplus| &surplus.reference))
}

fn is_told(state: &State, alert: Alert, id: &ReservationId) -> bool {
    state.memory.alerts.iter().any(|(told, subject)| *told == alert && subject == id.as_str())
}

fn each_sold_once(state: &State, found: &mut Vec<String>) {
    let mut sold: BTreeMap<&ReservationId, u32> = BTreeMap::new();
    for sale in &state.vendors.sales {
        *sold.entry(&sale.reservation).or_default() += 1;
    }
    for (id, times) in sold.into_iter().filter(|(_, times)| *times > 1) {
        found.push(format!("{id}: sold {times} times"));
    }
}

fn each_request_is_one_reservation(rows: &BTreeMap<ReservationId, Reservation>, found: &mut Vec<String>) {
    let mut made: BTreeMap<&str, &ReservationId> = BTreeMap::new();
    for (id, reservation) in rows {
        if let Some(other) = made.insert(reservation.order.fingerprint.as_str(), id) {
            found.push(format!("{other} and {id} are of one request"));
        }
    }
}

fn no_reference_has_two_owners(rows: &BTreeMap<ReservationId, Reservation>, found: &mut Vec<String>) {
    let mut owners: BTreeMap<(Vendor, &str), &ReservationId> = BTreeMap::new();
    for (id, reservation) in rows {
        for reference in tests_of(reservation) {
            if let Some(other) = owners.insert((reservation.vendor(), reference.test()), id) {
                found.push(format!("{} belongs to {other} and to {id}", reference.test()));
            }
        }
    }
}

/// Whatever was sold is known to its reservation, or the reservation is in doubt.
fn is_known(sale: &Sale, rows: &BTreeMap<ReservationId, Reservation>, found: &mut Vec<String>) {
    let Some(reservation) = rows.get(&sale.reservation) else {
        found.push(format!("{}: sold without a reservation", sale.reservation));
        return;
    };
    let own = reservation.reference.as_ref().is_some_and(|own| own.is_same_test(&sale.reference));
    let in_doubt = matches!(reservation.state, Status::InDoubt { .. });
    if !own && !in_doubt && !reservation.has_released(&sale.reference) {
        let status = reservation.status().as_str();
        found.push(format!("{}: {} was sold, and it is {status} without it", sale.reservation, sale.reference.test()));
    }
}

/// Nothing waits for ever: it has ended, or rests at the vendor, or somebody is told.
fn is_settled(reservation: &Reservation, state: &State, found: &mut Vec<String>) {
    let id = reservation.id();
    let told = |alert| is_told(state, alert, id);
    let reminded = state.doubt_told + MINUTE > state.now;
    let stuck = match reservation.state {
        Status::Queued { .. } | Status::Calling { .. } => Some("is still to be bought"),
        Status::InDoubt { .. } if !told(Alert::InDoubt) && !reminded => Some("is in doubt, and nobody is told"),
        Status::InDoubt { .. } if reservation.vendor() == Vendor::Truenorth => {
            Some("is in doubt, and could be asked for")
        }
        Status::AwaitingScore { .. } | Status::UnderReview { .. } if !reservation.is_overdue() => {
            Some("waits for a result, and that is not overdue")
        }
        Status::AwaitingScore { .. } | Status::UnderReview { .. } if !told(Alert::ResultOverdue) => {
            Some("is overdue, and nobody is told")
        }
        Status::Ready if !reservation.was_sat() => Some("has not expired"),
        _ => None,
    };
    found.extend(stuck.map(|how| format!("{id}: {how}")));
}

/// Every graded report of iTEP's that was answered with success is kept, and the
/// newest of them is shown, where they came in their order.
fn results_are_kept(state: &State, rows: &BTreeMap<ReservationId, Reservation>, found: &mut Vec<String>) {
    for (number, sale) in state.vendors.sales.iter().enumerate() {
        let Some(reservation) = rows.get(&sale.reservation) else { continue };
        let docs: Vec<_> = state.vendors.docs.iter().filter(|doc| doc.sale == number).collect();
        let graded: Vec<_> = docs
            .iter()
            .filter(|doc| matches!(doc.status, ReportedStatus::Completed(_)) && !doc.kept.is_empty())
            .collect();
        for doc in &graded {
            let keeps = |attempt: &Attempt| {
                attempt.graded.as_ref() == Some(&doc.digest) || attempt.superseded.contains(&doc.digest)
            };
            // A report without an `OID` goes to whoever owns the reference.
            if !rows.values().flat_map(|row| &row.attempts).any(keeps) && !is_quarantined(state, doc) {
                found.push(format!("{}: a result was lost", sale.reservation));
            }
        }
        let times: Vec<&Vec<Timestamp>> = docs.iter().map(|doc| &doc.kept).collect();
        // One that was kept without an answer may have come at any time.
        let all_answered = docs.iter().all(|doc| doc.kept.len() == doc.tried);
        let own = reservation.reference.as_ref() == Some(&sale.reference);
        let newest = graded.last().filter(|doc| own && !is_quarantined(state, doc));
        if let Some(newest) = newest.filter(|_| all_answered && came_in_order(&times)) {
            let shown = reservation.attempts.iter().rev().find_map(|attempt| attempt.graded.as_ref());
            if shown != Some(&newest.digest) {
                found.push(format!("{}: an older result is shown than the newest", sale.reservation));
            }
        }
    }
}

/// A grade without a readable score is no result, but its test was sat: nobody
/// launches it, and it is neither expired nor withdrawn.
fn graded_tests_stay_sat(state: &State, rows: &BTreeMap<ReservationId, Reservation>, found: &mut Vec<String>) {
    let told_of = |number: usize, sale: &Sale| match sale.vendor {
        Vendor::Truenorth => sale.life.last().is_some_and(|step| step.status == ReportedStatus::CompletedWithoutScores),
        Vendor::Itep => {
            let unreadable = |doc: &&Doc| doc.sale == number && doc.status == ReportedStatus::CompletedWithoutScores;
            state.vendors.docs.iter().filter(unreadable).any(|doc| !doc.kept.is_empty() && !is_quarantined(state, doc))
        }
    };
    for (_, sale) in state.vendors.sales.iter().enumerate().filter(|(number, sale)| told_of(*number, sale)) {
        let owner = rows.get(&sale.reservation).filter(|row| row.reference.as_ref() == Some(&sale.reference));
        let Some(owner) = owner else { continue };
        if !matches!(owner.state, Status::UnderReview { .. } | Status::Completed) {
            found.push(format!("{}: graded, and it is {}", owner.id(), owner.status().as_str()));
        }
    }
}

fn is_quarantined(state: &State, doc: &Doc) -> bool {
    state.memory.quarantined.iter().any(|kept| {
        let number = kept.receipt.body.as_slice().try_into().map(usize::from_le_bytes);
        number.is_ok_and(|number| state.vendors.docs[number].digest == doc.digest)
    })
}

/// Whether every delivery of each document came before all of the next one.
fn came_in_order(times: &[&Vec<Timestamp>]) -> bool {
    let times: Vec<_> = times.iter().filter(|times| !times.is_empty()).collect();
    times.windows(2).all(|pair| pair[0].iter().max() < pair[1].iter().min())
}

/// TrueNorth can be asked, so the hub knows in the end what TrueNorth knows.
fn truenorth_is_told_of(state: &State, rows: &BTreeMap<ReservationId, Reservation>, found: &mut Vec<String>) {
    for sale in state.vendors.sales.iter().filter(|sale| sale.vendor == Vendor::Truenorth) {
        let Some(reservation) = rows.get(&sale.reservation) else { continue };
        if let Some(ReportedStatus::Completed(result)) = sale.life.last().map(|step| &step.status)
            && reservation.result() != Some(result)
        {
            found.push(format!("{}: TrueNorth has a result, the hub has not", sale.reservation));
        }
    }
    let vendors = &state.vendors;
    for call in vendors.calls.iter().filter(|call| call.told == Some(Told::Confirmed)) {
        let Some(sale) = call.sale.map(|sale| &vendors.sales[sale]).filter(|sale| !sale.twin) else { continue };
        let knows = |r: &Reservation| r.reference.as_ref() == Some(&sale.reference) || r.has_released(&sale.reference);
        let known = rows.get(&call.reservation).is_some_and(knows);
        let in_doubt = rows.get(&call.reservation).is_some_and(|r| matches!(r.state, Status::InDoubt { .. }));
        if !known && !in_doubt {
            found.push(format!("{}: a confirmation was lost", call.reservation));
        }
    }
}
