//! What holds whatever happens in whatever order: buying, clocks and the record.

use proptest::prelude::*;

use super::sequences::{always, lives};
use super::*;

fn is_ours(r: &Reservation, reference: &VendorReference) -> bool {
    let surplus = r.surplus.iter().map(|surplus| &surplus.reference);
    r.reference.iter().chain(surplus).chain(&r.released).any(|r| r.is_same_test(reference))
}

/// The part of a reservation that its client sees.
fn visible(r: &Reservation) -> impl PartialEq + std::fmt::Debug {
    let attempts: Vec<_> = r.attempts.iter().map(|a| (a.number, a.status, a.result.clone(), a.late)).collect();
    (r.state.clone(), r.reason, r.detail.clone(), r.reference.clone(), r.password.clone(), attempts, r.updated_at)
}

/// From when on a look-up that finds nothing proves something: the quiet time
/// after the last call was last seen.
fn quiet_from(r: &Reservation) -> Option<Timestamp> {
    let State::InDoubt { since } = r.state else { return None };
    let seen = r.evidence.iter().filter(|evidence| evidence.call_no == r.calls).map(|evidence| evidence.at);
    Some(seen.chain([since]).max()? + SignedDuration::from_secs(QUIET))
}

fn is_late_enough(asked_at: Timestamp, r: &Reservation) -> bool {
    quiet_from(r).is_some_and(|quiet| quiet <= asked_at)
}

always! {
    fn a_reference_once_known_never_changes_unless_it_is_reclaimed_or_corrected(told) {
        let by_operator = matches!(told.event, Event::Reclaimed { .. } | Event::ReferenceCorrected { .. });
        if told.before.reference.is_some() && !by_operator {
            prop_assert_eq!(&told.before.reference, &told.after.reference);
        }
    }

    fn a_call_begins_only_when_none_is_out_or_in_doubt(told) {
        let begun = told.after.calls - told.before.calls;
        let starts = matches!(told.event, Event::CallStarted(_)) && told.is_applied();
        prop_assert_eq!(begun, u32::from(starts));
        if starts {
            let was_due = matches!(told.before.state, State::Queued { retry_at, .. } if retry_at <= told.now);
            prop_assert!(was_due);
            prop_assert!(told.now < told.before.order.expires_at);
            let is_out = matches!(told.after.state, State::Calling { .. });
            prop_assert!(is_out);
        }
    }

    /// Only what says for certain that nothing was sold leads to another try.
    fn nothing_unknown_is_bought_again_blindly(told) {
        let queued = |r: &Reservation| matches!(r.state, State::Queued { .. });
        if queued(&told.after) && !queued(&told.before) {
            let certain = match &told.event {
                Event::NothingSold => told.before.status() == Status::InDoubt,
                Event::NothingFound { asked_at } => is_late_enough(*asked_at, &told.before),
                Event::CallEnded { call_no, outcome: CallOutcome::NotProcessed { .. } } => {
                    *call_no == told.before.calls
                }
                _ => false,
            };
            prop_assert!(certain, "{:?}", told.event);
        }
    }

    fn doubt_ends_only_by_an_answer_a_report_a_late_look_up_or_the_operator(told) {
        if told.before.status() != Status::InDoubt || told.after.status() == Status::InDoubt {
            continue;
        }
        let settles = match &told.event {
            Event::CallEnded { outcome: CallOutcome::Confirmed { .. }, .. } => true,
            Event::CallEnded { call_no, outcome: CallOutcome::Refused(_) | CallOutcome::NotProcessed { .. } } => {
                *call_no == told.before.calls
            }
            Event::Reported(_) | Event::NothingSold | Event::GivenUp => true,
            Event::NothingFound { asked_at } => is_late_enough(*asked_at, &told.before),
            _ => false,
        };
        prop_assert!(settles, "{:?}", told.event);
    }

    fn doubt_is_always_told_and_has_evidence(told) {
        if told.after.status() == Status::InDoubt {
            prop_assert!(!told.after.evidence.is_empty());
            let enters = told.before.status() != Status::InDoubt;
            let more = told.entry.as_ref().is_some_and(|entry| entry.why == Some(NoteReason::MoreEvidence));
            prop_assert_eq!(enters || more, told.alerts.contains(&Alert::InDoubt));
        }
    }

    fn expiry_is_punctual_and_never_hits_a_result_or_a_purchase(told) {
        if told.after.status() == Status::Expired && told.before.status() != Status::Expired {
            prop_assert_eq!(&told.event, &Event::ExpiryReached);
            prop_assert!(told.now >= told.before.order.expires_at);
            prop_assert!(told.before.attempts.iter().all(|attempt| attempt.result.is_none()));
            let was_unused = matches!(told.before.state, State::Queued { .. } | State::Ready);
            prop_assert!(was_unused);
        }
    }

    fn only_a_test_that_ended_unused_and_was_seen_so_after_its_expiry_is_reclaimed(told) {
        let Event::Reclaimed { reference, seen_at, .. } = &told.event else { continue };
        let (before, after) = (&told.before, &told.after);
        if told.is_applied() {
            prop_assert!(before.has_unused_test() && *seen_at >= before.order.expires_at);
            prop_assert!(before.reference.as_ref().is_some_and(|own| own.is_same_test(reference)));
            prop_assert!(after.reference.is_none() && after.password.is_none() && after.has_released(reference));
            prop_assert_eq!(before.status(), after.status());
        } else {
            prop_assert_eq!(&before.reference, &after.reference);
        }
    }

    fn a_correction_gives_the_right_test_and_keeps_every_result(told) {
        let Event::ReferenceCorrected { reference, .. } = &told.event else { continue };
        let (before, after) = (&told.before, &told.after);
        let goes_back = before.has_released(reference) && before.holds_result();
        let has_another = before.reference.as_ref().is_some_and(|own| !own.is_same_test(reference));
        prop_assert_eq!(told.is_applied(), has_another && !goes_back);
        if told.is_applied() {
            prop_assert_eq!(after.reference.as_ref(), Some(reference));
            prop_assert!(after.password.is_none() && after.attempt().observed_at.is_none() && after.result().is_none());
            let results = |r: &Reservation| r.attempts.iter().filter_map(|it| it.result.clone()).collect::<Vec<_>>();
            prop_assert_eq!(results(before), results(after));
        }
    }
}

proptest! {
    #[test]
    fn a_confirmation_is_never_discarded(lived in lives()) {
        for told in &lived.told {
            if let Event::CallEnded { outcome: CallOutcome::Confirmed { reference, .. }, .. } = &told.event {
                prop_assert!(is_ours(&told.after, reference));
                prop_assert!(is_ours(&lived.life.reservation, reference), "it was lost afterwards");
            }
        }
    }

    #[test]
    fn every_reference_is_claimed_exactly_once(lived in lives()) {
        let r = &lived.life.reservation;
        let mut ours: Vec<_> = r.reference.iter().chain(r.surplus.iter().map(|s| &s.reference)).map(|r| r.test()).collect();
        let mut claims: Vec<_> = lived.life.claims.iter().map(|r| r.test()).collect();
        ours.sort_unstable();
        claims.sort_unstable();
        prop_assert_eq!(&ours, &claims);
        claims.dedup();
        prop_assert_eq!(&ours, &claims, "two of them are the same test");
        prop_assert!(r.surplus.is_empty() || r.reference.is_some() || !r.released.is_empty());
        prop_assert!(!r.released.iter().any(|released| ours.contains(&released.test())));
    }

    #[test]
    fn every_decision_is_one_entry_and_every_change_one_version(lived in lives()) {
        for told in &lived.told {
            let (before, after) = (&told.before, &told.after);
            let Some(entry) = &told.entry else {
                prop_assert_eq!(before, after);
                continue;
            };
            prop_assert_eq!(after.seq, before.seq + 1);
            prop_assert_eq!(after.version, before.version + u64::from(told.is_applied()));
            prop_assert_eq!((entry.from, entry.to), (Some(before.status()), after.status()));
            prop_assert_eq!((entry.at, entry.version), (told.now, after.version));
            prop_assert_eq!(entry.event, told.event.name());
            if told.is_applied() {
                prop_assert_eq!(after.updated_at, told.now);
            } else {
                prop_assert!(entry.why.is_some(), "a refusal without a reason");
                prop_assert_eq!(visible(before), visible(after));
            }
        }
        let numbers: Vec<_> = lived.life.history.iter().map(|entry| entry.seq).collect();
        prop_assert_eq!(numbers, (1..=lived.life.reservation.seq).collect::<Vec<_>>());
    }

    #[test]
    fn due_at_is_set_exactly_where_something_is_owed(lived in lives()) {
        for r in std::iter::once(&lived.told[0].before).chain(lived.told.iter().map(|told| &told.after)) {
            let expiry = r.order.expires_at;
            let overdue = SignedDuration::from_secs(7 * DAY);
            let is_graded = |r: &Reservation| r.holds_result() || r.attempt().unreadable_grade.is_some();
            let owed = match &r.state {
                State::Queued { retry_at, .. } => Some((*retry_at).min(expiry)),
                State::Calling { lease, .. } => Some(lease.until),
                State::Ready if r.attempts.len() == 1 && !is_graded(r) => Some(expiry),
                State::AwaitingScore { since } | State::UnderReview { since }
                    if !r.is_overdue() => Some(*since + overdue),
                State::InDoubt { .. }
                    if r.vendor() == Vendor::Truenorth && r.reason != Some(Reason::ReferenceTaken) => quiet_from(r),
                _ => None,
            };
            prop_assert_eq!(r.due_at, owed, "{:?}", r.state);
        }
    }

    /// Otherwise every sweep would find the reservation again.
    #[test]
    fn the_attention_that_was_due_leaves_nothing_due(lived in lives()) {
        let Some(due) = lived.life.reservation.due_at else { return Ok(()) };
        let mut life = lived.life;
        life.now = due;
        let event = match life.reservation.state {
            State::Queued { .. } if life.reservation.is_past_expiry(due) => Event::ExpiryReached,
            State::Queued { .. } => Event::CallStarted(lease(due)),
            State::Calling { .. } => Event::LeaseLapsed { call_no: life.reservation.calls },
            State::Ready => Event::ExpiryReached,
            State::InDoubt { .. } => Event::NothingFound { asked_at: due },
            _ => Event::ResultOverdue,
        };
        let fulfilments = life.fulfilments;
        prop_assert_eq!(life.hears(&event), Applied);
        let is_enqueued = life.fulfilments > fulfilments;
        prop_assert!(is_enqueued || life.reservation.due_at.is_none_or(|next| next > due), "{:?}", life.reservation.due_at);
    }

    #[test]
    fn what_is_stored_is_read_back(lived in lives()) {
        let r = &lived.life.reservation;
        let stored = serde_json::to_string(r).unwrap();
        prop_assert_eq!(&serde_json::from_str::<Reservation>(&stored).unwrap(), r);
        for entry in &lived.life.history {
            let stored = serde_json::to_string(entry).unwrap();
            prop_assert_eq!(&serde_json::from_str::<HistoryEntry>(&stored).unwrap(), entry);
        }
    }
}
