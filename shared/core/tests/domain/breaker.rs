use proptest::prelude::*;
use shared_core::domain::breaker::*;
use shared_core::domain::reservation::Lease;
use test_support::fixtures::{TIMEOUTS, at, by, opened};

const PACE: ProbeBackoff = TIMEOUTS.probes;

fn lease(holder: &str, until: i64) -> Lease {
    Lease { holder: holder.to_owned(), until: at(until) }
}

/// A breaker after these outcomes of ordinary calls, all at second 0.
fn after(signs: &[CallSignal]) -> Breaker {
    let take =
        |breaker: Breaker, sign: &CallSignal| breaker.call_ended("a caller", *sign, at(0), PACE).unwrap_or(breaker);
    signs.iter().fold(Breaker::default(), take)
}

#[test]
fn clear_answers_are_never_written() {
    for sign in [CallSignal::Answered, CallSignal::Nothing] {
        assert_eq!(Breaker::default().call_ended("a caller", sign, at(0), PACE), None);
    }
}

#[test]
fn three_unknowns_in_a_row_open_it_and_two_do_not() {
    assert_eq!(after(&[CallSignal::Unknown; 2]).decision(at(0)), BreakerDecision::Closed);
    let opened = after(&[CallSignal::Unknown; 3]);
    assert_eq!(opened.decision(at(0)), BreakerDecision::Held { until: Some(at(30)) });
}

#[test]
fn a_doubt_an_opening_and_a_pause_are_each_out_of_the_ordinary() {
    assert!(Breaker::default().is_quiet());
    let paused = Breaker::default().pause(by("ann")).unwrap();
    for breaker in [after(&[CallSignal::Unknown]), opened(), paused] {
        assert!(!breaker.is_quiet(), "{breaker:?}");
    }
}

#[test]
fn a_clear_answer_begins_the_count_anew_and_an_unprocessed_call_does_not() {
    let (unknown, answered, nothing) = (CallSignal::Unknown, CallSignal::Answered, CallSignal::Nothing);
    assert_eq!(after(&[unknown, unknown, answered, unknown, unknown]).decision(at(0)), BreakerDecision::Closed);
    assert_ne!(after(&[unknown, nothing, unknown, nothing, unknown]).decision(at(0)), BreakerDecision::Closed);
}

#[test]
fn one_probe_at_a_time_goes_out_and_a_dead_one_is_followed_by_another() {
    let open = opened();
    assert_eq!(open.start_probe(lease("early", 100), at(29)), None);
    let probed = open.start_probe(lease("first", 100), at(30)).unwrap();
    assert_eq!(probed.decision(at(31)), BreakerDecision::Probed { until: at(100) });
    assert_eq!(probed.start_probe(lease("second", 200), at(99)), None);
    assert_eq!(probed.decision(at(100)), BreakerDecision::ProbeDue);
    assert!(probed.start_probe(lease("second", 200), at(100)).is_some());
}

#[test]
fn a_probe_that_is_answered_closes_it() {
    let probed = opened().start_probe(lease("probe", 100), at(30)).unwrap();
    let closed = probed.call_ended("probe", CallSignal::Answered, at(40), PACE).unwrap();
    assert!(closed.is_quiet());
    assert_eq!(closed.decision(at(40)), BreakerDecision::Closed);
}

#[test]
fn probes_that_fail_come_at_a_slower_pace_up_to_its_cap() {
    let (mut breaker, mut now, mut waits) = (opened(), 0, Vec::new());
    for _ in 0..6 {
        let BreakerDecision::Held { until: Some(until) } = breaker.decision(at(now)) else { panic!("{breaker:?}") };
        waits.push(until.duration_since(at(now)).as_secs());
        let probed = breaker.start_probe(lease("probe", i64::from(u32::MAX)), until).unwrap();
        breaker = probed.call_ended("probe", CallSignal::Unknown, until, PACE).unwrap();
        now = until.duration_since(at(0)).as_secs();
    }
    assert_eq!(waits, [30, 60, 120, 240, 300, 300]);
}

#[test]
fn one_probe_in_sixteen_needs_no_sign_of_life() {
    let (mut breaker, mut blind) = (opened(), Vec::new());
    for n in 1..=32 {
        let BreakerDecision::Held { until: Some(until) } = breaker.decision(at(0)) else { panic!("{breaker:?}") };
        let probed = breaker.start_probe(lease("probe", i64::from(u32::MAX)), until).unwrap();
        if !probed.requires_reachability() {
            blind.push(n);
        }
        breaker = probed.probe_unanswered("probe", at(0), PACE).unwrap();
    }
    assert_eq!(blind, [16, 32]);
}

#[test]
fn a_probe_that_was_not_processed_is_followed_by_another_at_the_same_pace() {
    let probed = opened().start_probe(lease("probe", 100), at(30)).unwrap();
    let again = probed.call_ended("probe", CallSignal::Nothing, at(31), PACE).unwrap();
    assert_eq!(again.decision(at(31)), BreakerDecision::Held { until: Some(at(61)) });
}

#[test]
fn what_other_calls_lose_while_it_is_open_changes_nothing() {
    let probed = opened().start_probe(lease("probe", 100), at(30)).unwrap();
    for open in [opened(), probed] {
        assert_eq!(open.call_ended("another", CallSignal::Unknown, at(31), PACE), None);
        assert_eq!(open.probe_unanswered("another", at(31), PACE), None);
    }
}

#[test]
fn the_operator_pauses_and_resumes_whatever_the_vendor_does() {
    let paused = Breaker::default().pause(by("ann")).unwrap();
    assert_eq!(paused.decision(at(1_000_000)), BreakerDecision::Held { until: None });
    assert_eq!(paused.pause(by("bob")), None);
    let doubtful = after(&[CallSignal::Unknown]).pause(by("ann")).unwrap();
    let answered = doubtful.call_ended("a caller", CallSignal::Answered, at(1), PACE);
    assert_eq!(answered.unwrap().paused, Some(by("ann")));
    let both = opened().pause(by("ann")).unwrap();
    assert_eq!(both.start_probe(lease("probe", 100), at(50)), None);
    let resumed = both.resume(by("bob")).unwrap();
    assert_eq!((resumed.decision(at(50)), &resumed.resumed), (BreakerDecision::Closed, &Some(by("bob"))));
    assert_eq!(resumed.resume(by("bob")), None);
}

#[derive(Debug, Clone)]
enum Step {
    Wait(i64),
    Probe(u8),
    End(u8, CallSignal),
    Pause,
    Resume,
}

fn step() -> impl Strategy<Value = Step> {
    let sign =
        prop_oneof![1 => Just(CallSignal::Answered), 1 => Just(CallSignal::Nothing), 3 => Just(CallSignal::Unknown)];
    prop_oneof![
        1 => (0..200_i64).prop_map(Step::Wait),
        4 => (0..4_u8).prop_map(Step::Probe),
        8 => (0..4_u8, sign).prop_map(|(who, sign)| Step::End(who, sign)),
        1 => Just(Step::Pause),
        1 => Just(Step::Resume),
    ]
}

proptest! {
    #[test]
    fn whatever_happens_at_most_one_probe_holds_and_only_trouble_holds_anybody(
        steps in proptest::collection::vec(step(), 1..120)
    ) {
        let (mut breaker, mut now) = (Breaker::default(), 0);
        for step in steps {
            let next = match step {
                Step::Wait(seconds) => { now += seconds; None }
                Step::Probe(who) => {
                    let due = breaker.decision(at(now)) == BreakerDecision::ProbeDue;
                    let next = breaker.start_probe(lease(&who.to_string(), now + 120), at(now));
                    prop_assert_eq!(next.is_some(), due);
                    next
                }
                Step::End(who, sign) => breaker.call_ended(&who.to_string(), sign, at(now), PACE),
                Step::Pause => breaker.pause(by("ann")),
                Step::Resume => breaker.resume(by("ann")),
            };
            if let Some(next) = next {
                prop_assert_eq!(next.seq, breaker.seq + 1);
                prop_assert_ne!(&next, &breaker);
                breaker = next;
            }
            prop_assert_eq!(breaker.open.is_some(), breaker.unknowns >= UNKNOWNS_TO_OPEN);
            let held = breaker.decision(at(now)) != BreakerDecision::Closed;
            prop_assert_eq!(held, breaker.open.is_some() || breaker.paused.is_some());
            if let (BreakerDecision::Held { until: Some(until) }, None) = (breaker.decision(at(now)), &breaker.paused) {
                prop_assert!(until > at(now) && until <= at(now + 300), "nobody waits for longer than the cap");
            }
        }
    }
}
