use shared_core::usecases::breaker::*;

use super::*;

fn account() -> Account {
    order("").account
}

#[test]
fn the_operator_pauses_and_resumes_an_account_once() {
    let world = World::with([]);
    let paused = wait(pause(&world, &account(), &by("ann"))).unwrap();
    assert!(matches!(&paused, BreakerUpdate::Written { before, .. } if before.is_quiet()));
    assert_eq!(paused.into_breaker().paused, Some(by("ann")));
    let again = wait(pause(&world, &account(), &by("bob"))).unwrap();
    assert!(matches!(&again, BreakerUpdate::Unchanged(breaker) if breaker.paused == Some(by("ann"))));
    let resumed = wait(resume(&world, &account(), &by("bob"))).unwrap();
    assert_eq!((&resumed.into_breaker().resumed, world.kept().breakers[&account()].seq), (&Some(by("bob")), 2));
}

#[test]
fn a_write_that_others_overtake_is_decided_anew_and_given_up_after_ten() {
    for (overtaken, done) in [(9, true), (10, false)] {
        let world = World::with([]);
        world.kept().breakers.insert(account(), Breaker::default());
        world.kept().overtaken = overtaken;
        assert_eq!(wait(pause(&world, &account(), &by("ann"))).is_ok(), done);
        assert_eq!(world.kept().breakers[&account()].paused.is_some(), done);
    }
}

#[test]
fn what_ends_well_or_changes_nothing_alarms_nobody_and_what_cannot_be_written_is_noted() {
    let world = World::with([]);
    wait(record_call_result(&world, &account(), "this", CallSignal::Unknown));
    wait(record_call_result(&world, &account(), "this", CallSignal::Answered));
    assert_eq!((world.raised(), world.kept().breakers[&account()].seq), (vec![], 2));
    let world = World::with([]).failing(&["replace"]);
    wait(record_call_result(&world, &account(), "this", CallSignal::Unknown));
    assert_eq!((world.raised(), world.kept().recoverable_errors.len()), (vec![], 1));
}

#[test]
fn every_probe_that_leaves_the_account_open_tells_the_operator() {
    let world = World::with([]).at(30);
    world.kept().breakers.insert(account(), opened().start_probe(lease("this"), at(30)).unwrap());
    let decision = wait(record_probe_unanswered(&world, &account(), "this"));
    assert_eq!(decision, BreakerDecision::Held { until: Some(at(30 + 60)) });
    assert_eq!(world.kept().alerts, [(Alert::AccountPaused, "itep#default".to_owned())]);
}

#[test]
fn what_is_held_comes_back_with_the_next_probe_or_soon_after_the_one_that_is_out() {
    let world = World::with([]).at(100);
    let ids: Vec<_> = (0..50).map(|n| order(&n.to_string()).id).collect();
    let again = |decision| ids.iter().map(|id| retry_at(&world, decision, id)).collect::<Vec<_>>();
    for decision in [BreakerDecision::Closed, BreakerDecision::ProbeDue] {
        assert!(again(decision).iter().all(|time| *time == at(100)));
    }
    for (decision, from) in [
        (BreakerDecision::Probed { until: at(110) }, 110),
        (BreakerDecision::Probed { until: at(200) }, 130),
        (BreakerDecision::Held { until: Some(at(160)) }, 160),
        (BreakerDecision::Held { until: None }, 400),
    ] {
        let times = again(decision);
        let ceiling = at(from) + TIMEOUTS.policy.backoff.base * 4;
        assert!(times.iter().all(|time| (at(from)..=ceiling).contains(time)), "{decision:?}");
        assert!(times.iter().any(|time| later(at(from), Duration::from_secs(10)) < *time), "{decision:?}: spread");
    }
}
