//! A model of the protocol, checked exhaustively, with the production transition
//! function inside. See `README.md` beside this file.

mod bugs;
mod frozen;
mod grades;
mod hub;
mod properties;
mod protocol;
mod seeded;
mod steps;
mod vendor;
mod world;

use serde_json::json;
use shared_core::domain::ids::Vendor;
use stateright::{Checker, Model};
use test_support::figures;

use protocol::{Protocol, Says};
use world::Budget;

/// A test that is graded and revised.
const REVISED: &[Says] = &[Says::Finished, Says::Complete, Says::Complete];
/// A test that is graded, reset and sat again.
const SAT_AGAIN: &[Says] = &[Says::Complete, Says::Ready, Says::Finished, Says::Complete];
/// A test whose first grade cannot be read.
const READ_LATER: &[Says] = &[Says::Finished, Says::Unreadable, Says::Complete];
/// What TrueNorth shows.
const SHOWN: &[Says] = &[Says::InProgress, Says::Finished, Says::Complete, Says::Complete];

fn buying(vendor: Vendor, faults: u8) -> Protocol {
    Protocol {
        vendor,
        reservations: 1,
        script: &[Says::Complete],
        reuses: false,
        budget: Budget { faults, repeats: 0, cancels: 1, lookups: 1, decisions: 0 },
        expiry: 2,
        calm: 3,
        end: 7,
        bug: None,
    }
}

fn results(vendor: Vendor, script: &'static [Says], repeats: u8) -> Protocol {
    let budget = Budget { faults: 0, repeats, cancels: 1, lookups: 1, decisions: 0 };
    Protocol { script, budget, expiry: 1, calm: 2, end: 5, ..buying(vendor, 0) }
}

fn more_lookups() -> Protocol {
    let model = results(Vendor::Truenorth, SHOWN, 0);
    Protocol { budget: Budget { lookups: 2, ..model.budget }, ..model }
}

/// The order of reports alone: nothing else happens meanwhile.
fn orders(script: &'static [Says], repeats: u8) -> Protocol {
    let budget = Budget { faults: 0, repeats, cancels: 0, lookups: 0, decisions: 0 };
    Protocol { script, budget, calm: 1, end: 4, ..buying(Vendor::Itep, 0) }
}

fn references(vendor: Vendor, faults: u8) -> Protocol {
    let budget = Budget { faults, repeats: 0, cancels: 0, lookups: 0, decisions: 0 };
    Protocol { reservations: 2, reuses: true, script: &[], budget, calm: 2, end: 6, ..buying(vendor, 0) }
}

/// The operator settles a doubt by hand, and may be wrong.
fn decided() -> Protocol {
    let budget = Budget { faults: 1, repeats: 0, cancels: 0, lookups: 0, decisions: 1 };
    Protocol { budget, ..buying(Vendor::Itep, 1) }
}

/// A vendor that is asked more than once whether it sold anything.
fn asked_again() -> Protocol {
    let budget = Budget { faults: 2, repeats: 0, cancels: 0, lookups: 1, decisions: 0 };
    Protocol { script: &[], budget, expiry: 3, calm: 2, end: 6, ..buying(Vendor::Truenorth, 2) }
}

fn check(name: &str, model: Protocol) {
    let command = "cargo test -p shared-core --test model";
    run("model", command, name, model);
}

fn check_deeper(name: &str, model: Protocol) {
    let command = "MODEL_THREADS=2 cargo test -p shared-core --test model -- --ignored";
    run("model_deeper", command, name, model);
}

fn run(file: &str, command: &str, name: &str, model: Protocol) {
    let checker = model.checker().threads(threads()).spawn_bfs().join();
    let run = json!({"states": checker.unique_state_count(), "depth": checker.max_depth()});
    println!("model {name}: {run}, {} states generated", checker.state_count());
    checker.assert_properties();
    figures::record(file, command, json!({"runs": {name: run}}));
}

fn threads() -> usize {
    std::env::var("MODEL_THREADS").ok().and_then(|n| n.parse().ok()).unwrap_or(1)
}

#[test]
fn itep_purchases_keep_the_promises() {
    check("itep purchase, 1 fault", buying(Vendor::Itep, 1));
}

#[test]
fn truenorth_purchases_keep_the_promises() {
    check("truenorth purchase, 1 fault", buying(Vendor::Truenorth, 1));
}

#[test]
fn itep_results_keep_the_promises() {
    check("itep results", results(Vendor::Itep, REVISED, 0));
}

#[test]
fn grades_that_cannot_be_read_keep_the_promises() {
    check("itep results, an unreadable grade", results(Vendor::Itep, READ_LATER, 0));
    check("truenorth results, an unreadable grade", results(Vendor::Truenorth, READ_LATER, 0));
}

#[test]
fn itep_repeats_and_resets_keep_the_promises() {
    check("itep repeated reports", orders(REVISED, 1));
    check("itep reset", orders(SAT_AGAIN, 0));
}

#[test]
fn truenorth_results_keep_the_promises() {
    check("truenorth results", results(Vendor::Truenorth, SHOWN, 0));
}

#[test]
fn references_have_one_owner() {
    check("itep references", references(Vendor::Itep, 1));
}

#[test]
fn decisions_of_the_operator_keep_the_promises() {
    check("itep purchase, 1 fault, 1 decision", decided());
}

#[test]
#[ignore = "minutes; see README.md"]
fn deeper_orders_of_reports() {
    check_deeper("itep results, 1 repeat", results(Vendor::Itep, REVISED, 1));
    check_deeper("itep reset, 1 repeat", orders(SAT_AGAIN, 1));
}

#[test]
#[ignore = "minutes; see README.md"]
fn deeper_look_ups() {
    check_deeper("truenorth purchase, 2 faults, a doubt looked up twice", asked_again());
    check_deeper("truenorth results, 2 look-ups", more_lookups());
}

#[test]
#[ignore = "minutes; see README.md"]
fn deeper_faults_in_purchases() {
    check_deeper("itep purchase, 2 faults", buying(Vendor::Itep, 2));
    check_deeper("itep purchase, 3 faults", buying(Vendor::Itep, 3));
    check_deeper("truenorth purchase, 2 faults", buying(Vendor::Truenorth, 2));
}
