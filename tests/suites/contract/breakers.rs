//! What the circuit breaker of an account rests on.

use std::time::Duration;

use futures_util::future::join_all;
use shared::aws::dynamodb::DynamoBreakers;
use shared_core::domain::breaker::{Breaker, BreakerDecision, CallSignal, OperatorAction, ProbeBackoff};
use shared_core::domain::ids::Vendor;
use shared_core::domain::reservation::Lease;
use shared_core::ports::{Breakers, ReplaceOutcome};

use crate::fixtures::*;
use crate::world::World;

const PACE: ProbeBackoff = ProbeBackoff { first: Duration::from_secs(30), cap: Duration::from_secs(300) };

/// The breakers as an instance with an empty memory sees them.
fn instance(world: &World) -> DynamoBreakers {
    DynamoBreakers::new(world.store.clone(), Duration::from_secs(600))
}

fn doubted(breaker: &Breaker) -> Breaker {
    breaker.call_ended("a caller", CallSignal::Unknown, at(0), PACE).unwrap()
}

#[tokio::test]
async fn an_account_without_a_breaker_is_closed_and_is_read_once_in_a_while() {
    let world = World::new().await;
    let breakers = instance(&world);
    world.calls.take();
    for _ in 0..3 {
        assert_eq!(breakers.breaker(&account(Vendor::Itep)).await.unwrap(), Breaker::default());
    }
    assert_eq!(world.calls.take().get("GetItem"), Some(&1));
}

#[tokio::test]
async fn a_breaker_reads_back_as_it_was_written_in_its_account_alone() {
    let world = World::new().await;
    let (breakers, here) = (instance(&world), account(Vendor::Itep));
    let mut breaker = Breaker::default();
    for _ in 0..3 {
        breaker = doubted(&breaker);
        assert_eq!(breakers.replace(&here, &breaker).await.unwrap(), ReplaceOutcome::Done);
    }
    let probed = breaker.start_probe(Lease { holder: "probe".into(), until: at(100) }, at(30)).unwrap();
    let paused = probed.pause(OperatorAction::new("ann", at(40))).unwrap();
    assert_eq!(breakers.replace(&here, &probed).await.unwrap(), ReplaceOutcome::Done);
    assert_eq!(breakers.replace(&here, &paused).await.unwrap(), ReplaceOutcome::Done);
    assert_eq!(instance(&world).breaker(&here).await.unwrap(), paused);
    assert_eq!(instance(&world).breaker(&account(Vendor::Truenorth)).await.unwrap(), Breaker::default());
}

#[tokio::test]
async fn a_write_that_others_overtook_shows_what_there_is() {
    let world = World::new().await;
    let here = account(Vendor::Itep);
    let first = doubted(&Breaker::default());
    assert_eq!(instance(&world).replace(&here, &first).await.unwrap(), ReplaceOutcome::Done);
    let mut late = first.clone();
    late.unknowns = 7;
    assert_eq!(instance(&world).replace(&here, &late).await.unwrap(), ReplaceOutcome::Overtaken(first.clone()));
    let again = instance(&world).replace(&here, &first).await.unwrap();
    assert_eq!(again, ReplaceOutcome::Done, "a write that is repeated finds itself");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_racing_probes_one_goes_out() {
    let world = World::new().await;
    let here = account(Vendor::Itep);
    let mut open = Breaker::default();
    for _ in 0..3 {
        open = doubted(&open);
        instance(&world).replace(&here, &open).await.unwrap();
    }
    let probes = (0..20).map(|n| {
        let (breakers, here) = (instance(&world), here.clone());
        let probed = open.start_probe(Lease { holder: format!("probe {n}"), until: at(100) }, at(30)).unwrap();
        tokio::spawn(async move { breakers.replace(&here, &probed).await.unwrap() == ReplaceOutcome::Done })
    });
    let taken = join_all(probes).await.into_iter().filter(|taken| *taken.as_ref().unwrap()).count();
    assert_eq!(taken, 1);
    let decision = instance(&world).breaker(&here).await.unwrap().decision(at(31));
    assert_eq!(decision, BreakerDecision::Probed { until: at(100) });
}
