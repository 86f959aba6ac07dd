//! Bugs that the simulation must catch; `SEEDED_BUGS.md` lists all methods' bugs.

use crate::bugs::Bug;
use crate::live;
use crate::sim::Options;

/// Within so many seeds a bug shows.
const SEEDS: u64 = 5000;

const CALLED_BLINDLY: &str = "was made after calls that ended with";
const RESULT_LOST: &str = "a result was lost";
const OLDER_SHOWS: &str = "an older result is shown than the newest";

/// The first seed that breaks the expected promise with the bug; without it the same world is well.
fn judged(bug: Bug, verdict: &str) -> Option<String> {
    let (seed, violation) = (0..SEEDS).find_map(|seed| {
        let violations = live(Options { seed, bug: Some(bug), ..Options::default() }).violations;
        violations.into_iter().find(|violation| violation.contains(verdict)).map(|violation| (seed, violation))
    })?;
    let without = live(Options { seed, ..Options::default() });
    assert_eq!(without.violations, Vec::<String>::new(), "seed {seed}, without the bug");
    Some(format!("seed {seed}: {violation}"))
}

test_support::seeded_bugs! { "simulation", judged;
    a_lost_answer_is_taken_for_not_processed: Bug::UnknownIsNotProcessed, CALLED_BLINDLY;
    a_lost_answer_is_taken_for_a_refusal: Bug::UnknownIsRefused, "and it is rejected without it";
    a_write_ignores_what_others_wrote: Bug::SeqIgnored, CALLED_BLINDLY;
    a_reservation_is_written_over: Bug::ReserveOverwrites, CALLED_BLINDLY;
    a_repeated_request_gets_another_id: Bug::RepeatIsNew, "are of one request";
    a_reference_has_two_owners: Bug::ClaimsIgnored, "belongs to";
    a_queued_purchase_is_not_due: Bug::DueForgotten, "is still to be bought";
    a_webhook_is_answered_before_it_is_kept: Bug::AnsweredBeforeKept, RESULT_LOST;
    a_message_is_deleted_before_it_is_done: Bug::DeletedBeforeDone, RESULT_LOST;
    a_report_that_outran_its_test_is_dropped: Bug::StrangersDropped, RESULT_LOST;
    a_report_is_dated_by_its_processing: Bug::DatedWhenProcessed, OLDER_SHOWS;
    grades_are_not_dated: Bug::GradeTimesForgotten, OLDER_SHOWS;
    a_look_up_counts_at_once: Bug::NoQuiet, CALLED_BLINDLY;
    an_earlier_look_up_answers_a_later_one: Bug::LookUpsCached, CALLED_BLINDLY;
    a_purchase_is_withdrawn_in_mid_call: Bug::CallsWithdrawn, "and it is cancelled without it";
    a_doubtful_request_is_sent_again_with_other_bytes: Bug::ResentAnew, "sold 2 times";
    an_alert_is_raised_after_its_change: Bug::ToldAfterwards, "nobody was told of";
    a_reference_is_claimed_after_the_write: Bug::ClaimedLate, "is not claimed";
    a_document_is_kept_after_the_write: Bug::KeptLate, "is not kept";
    entries_are_filed_after_the_write: Bug::FiledLate, "its history lacks entry";
    entries_are_not_filed: Bug::NotFiled, "its history lacks entry";
    an_entry_is_filed_before_it_is_written: Bug::FiledEarly, "tells of no change";
    a_claim_ends_before_its_write: Bug::ReleasedEarly, "is not claimed";
}

/// Not a bug of the hub's: what happens where an assumption does not hold.
#[test]
fn a_vendor_that_sells_after_the_quiet_time_is_caught_selling_twice() {
    let found = judged(Bug::SoldAfterQuiet, "sold 2 times");
    println!("without the assumption behind the quiet time: {found:?}");
    assert!(found.is_some());
}
