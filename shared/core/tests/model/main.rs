//! A model of the protocol, checked exhaustively, with the production transition
//! function inside. See `README.md` beside this file.

mod frozen;
mod grades;
mod hub;
mod properties;
mod protocol;
mod steps;
mod vendor;
mod world;

use std::time::Duration;

use shared_core::domain::ids::Vendor;
use stateright::{Checker, Model};

use properties::{CONFIRMATIONS_KEPT, GRADES_KEPT, ONE_OWNER, SOLD_ONCE};
use protocol::{Bug, Protocol, Says};
use world::Budget;

/// A test that is graded and revised.
const REVISED: &[Says] = &[Says::Finished, Says::Complete, Says::Complete];
/// A test that is graded, reset and sat again.
const SAT_AGAIN: &[Says] = &[Says::Complete, Says::Ready, Says::Finished, Says::Complete];
/// What TrueNorth shows.
const SHOWN: &[Says] = &[Says::InProgress, Says::Finished, Says::Complete, Says::Complete];

fn buying(vendor: Vendor, faults: u8) -> Protocol {
    Protocol {
        vendor,
        reservations: 1,
        script: &[Says::Complete],
        reuses: false,
        budget: Budget { faults, repeats: 0, cancels: 1, lookups: 1 },
        expiry: 2,
        calm: 3,
        end: 7,
        bug: None,
    }
}

fn results(vendor: Vendor, script: &'static [Says], repeats: u8) -> Protocol {
    let budget = Budget { faults: 0, repeats, cancels: 1, lookups: 1 };
    Protocol { script, budget, expiry: 1, calm: 2, end: 5, ..buying(vendor, 0) }
}

fn more_lookups() -> Protocol {
    let model = results(Vendor::Truenorth, SHOWN, 0);
    Protocol { budget: Budget { lookups: 2, ..model.budget }, ..model }
}

/// The order of reports alone: nothing else happens meanwhile.
fn orders(script: &'static [Says], repeats: u8) -> Protocol {
    let budget = Budget { faults: 0, repeats, cancels: 0, lookups: 0 };
    Protocol { script, budget, calm: 1, end: 4, ..buying(Vendor::Itep, 0) }
}

fn references(vendor: Vendor, faults: u8) -> Protocol {
    let budget = Budget { faults, repeats: 0, cancels: 0, lookups: 0 };
    Protocol { reservations: 2, reuses: true, script: &[], budget, calm: 2, end: 6, ..buying(vendor, 0) }
}

fn check(name: &str, model: Protocol) {
    let checker = model.checker().threads(threads()).spawn_bfs().join();
    println!(
        "model {name}: {} unique states, {} generated, depth {}",
        checker.unique_state_count(),
        checker.state_count(),
        checker.max_depth()
    );
    checker.assert_properties();
}

fn threads() -> usize {
    std::env::var("MODEL_THREADS").ok().and_then(|n| n.parse().ok()).unwrap_or(1)
}

/// Puts a bug in and expects a promise to be found broken.
fn breaks(promise: &'static str, model: Protocol, bug: Bug) {
    let model = Protocol { bug: Some(bug), ..model };
    let finish = stateright::HasDiscoveries::AnyOf([promise].into());
    let checker = model.checker().finish_when(finish).timeout(Duration::from_secs(60)).spawn_bfs().join();
    let path = checker.discovery(promise).unwrap_or_else(|| panic!("{bug:?} is not noticed"));
    println!("model {bug:?}: found in {} steps, {} states", path.into_actions().len(), checker.unique_state_count());
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
fn an_unknown_outcome_that_is_retried_is_noticed() {
    breaks(SOLD_ONCE, buying(Vendor::Itep, 1), Bug::RetryUnknown);
}

#[test]
fn a_late_confirmation_that_is_discarded_is_noticed() {
    breaks(CONFIRMATIONS_KEPT, buying(Vendor::Itep, 1), Bug::DiscardLateConfirmation);
}

#[test]
fn a_lease_that_is_not_checked_is_noticed() {
    breaks(SOLD_ONCE, buying(Vendor::Itep, 1), Bug::SkipLease);
}

#[test]
fn a_stale_guard_that_is_dropped_is_noticed() {
    breaks(GRADES_KEPT, results(Vendor::Itep, REVISED, 1), Bug::DropStaleGuard);
}

#[test]
fn an_older_grade_that_replaces_a_newer_one_is_noticed() {
    breaks(GRADES_KEPT, results(Vendor::Itep, REVISED, 0), Bug::ShowHeldUpGrade);
}

#[test]
fn a_quiet_time_that_is_skipped_is_noticed() {
    breaks(SOLD_ONCE, buying(Vendor::Truenorth, 1), Bug::SkipQuietTime);
}

#[test]
fn a_reference_that_is_not_claimed_is_noticed() {
    breaks(ONE_OWNER, references(Vendor::Itep, 1), Bug::SkipClaims);
}

#[test]
fn a_late_result_that_is_dropped_is_noticed() {
    breaks(GRADES_KEPT, results(Vendor::Itep, REVISED, 0), Bug::DropLateResult);
}

#[test]
#[ignore = "minutes; see README.md"]
fn deeper_orders_of_reports() {
    check("itep results, 1 repeat", results(Vendor::Itep, REVISED, 1));
    check("itep reset, 1 repeat", orders(SAT_AGAIN, 1));
}

#[test]
#[ignore = "minutes; see README.md"]
fn deeper_look_ups() {
    check("truenorth results, 2 look-ups", more_lookups());
}

#[test]
#[ignore = "minutes; see README.md"]
fn deeper_faults_in_purchases() {
    check("itep purchase, 2 faults", buying(Vendor::Itep, 2));
    check("itep purchase, 3 faults", buying(Vendor::Itep, 3));
    check("truenorth purchase, 2 faults", buying(Vendor::Truenorth, 2));
}
