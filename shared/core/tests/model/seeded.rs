//! Bugs that the model must catch; `SEEDED_BUGS.md` lists all methods' bugs.

use std::time::Duration;

use shared_core::domain::ids::Vendor;
use stateright::{Checker, HasDiscoveries, Model};

use crate::bugs::Bug;
use crate::properties::{CONFIRMATIONS_KEPT, GRADES_KEPT, ONE_OWNER, SETTLES, SOLD_ONCE, STAYS_SAT};
use crate::protocol::Protocol;
use crate::world::{Step, World};
use crate::{READ_LATER, REVISED, SAT_AGAIN, asked_again, buying, decided, orders, references, results};

/// How the promise is found broken, by steps that do not break it without the bug.
fn breaks(bug: Bug, promise: &'static str, model: Protocol) -> Option<String> {
    let buggy = Protocol { bug: Some(bug), ..model.clone() };
    let finish = HasDiscoveries::AnyOf([promise].into());
    let checker = buggy.checker().finish_when(finish).timeout(Duration::from_secs(600)).spawn_bfs().join();
    let path = checker.discovery(promise)?.into_vec();
    keeps(&Protocol { bug: None, ..model }, promise, &path);
    let steps = path.len() - 1;
    Some(format!("{promise}: broken in {steps} steps, after {} states", checker.unique_state_count()))
}

/// Takes the same steps, as far as they can be taken.
fn keeps(model: &Protocol, promise: &str, path: &[(World, Option<Step>)]) {
    let property = model.properties().into_iter().find(|property| property.name == promise).expect("a promise");
    let mut world = path[0].0.clone();
    for step in path.iter().filter_map(|(_, step)| *step) {
        let mut steps = Vec::new();
        model.actions(&world, &mut steps);
        if !steps.contains(&step) {
            return;
        }
        world = model.next_state(&world, step).expect("every step leads somewhere");
        assert!((property.condition)(model, &world), "{promise} is broken without the bug");
    }
}

test_support::seeded_bugs! { "model", breaks;
    an_unknown_outcome_is_retried: Bug::RetryUnknown, SOLD_ONCE, buying(Vendor::Itep, 1);
    a_lapsed_lease_sets_the_purchase_free: Bug::QueueLapsed, SOLD_ONCE, buying(Vendor::Itep, 1);
    a_lease_is_not_checked: Bug::SkipLease, SOLD_ONCE, buying(Vendor::Itep, 1);
    an_outcome_counts_for_whatever_call_is_out: Bug::IgnoreCallNo, SOLD_ONCE, buying(Vendor::Itep, 2);
    a_quiet_time_is_skipped: Bug::SkipQuietTime, SOLD_ONCE, buying(Vendor::Truenorth, 1);
    a_look_up_is_dated_by_when_it_is_written: Bug::DateLookUpsLate, SOLD_ONCE, asked_again();
    a_late_confirmation_is_discarded: Bug::DiscardLateConfirmation, CONFIRMATIONS_KEPT, buying(Vendor::Itep, 1);
    a_second_confirmation_replaces_the_first: Bug::OverwriteConfirmation, CONFIRMATIONS_KEPT, decided();
    a_reference_is_not_claimed: Bug::SkipClaims, ONE_OWNER, references(Vendor::Itep, 1);
    a_taken_reference_is_forgotten: Bug::ForgetTaken, CONFIRMATIONS_KEPT, references(Vendor::Itep, 1);
    a_stale_guard_is_dropped: Bug::DropStaleGuard, GRADES_KEPT, orders(REVISED, 1);
    an_older_grade_replaces_a_newer_one: Bug::ShowHeldUpGrade, GRADES_KEPT, results(Vendor::Itep, REVISED, 0);
    a_late_result_is_dropped: Bug::DropLateResult, GRADES_KEPT, results(Vendor::Itep, REVISED, 0);
    a_report_after_giving_up_is_dropped: Bug::DropGivenUp, GRADES_KEPT, decided();
    a_reset_clears_the_result: Bug::ClearOnReset, GRADES_KEPT, orders(SAT_AGAIN, 0);
    an_expiry_wins_over_a_sitting: Bug::ExpireSat, SETTLES, results(Vendor::Itep, REVISED, 0);
    an_unreadable_grade_is_only_noted: Bug::NoteUnreadable, STAYS_SAT, results(Vendor::Itep, READ_LATER, 0);
}
