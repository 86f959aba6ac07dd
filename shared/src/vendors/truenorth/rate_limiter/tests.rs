use shared_core::domain::limiter::Priority;

use super::*;
use crate::vendors::testing::{TestClock, TestLimits, start};

fn name() -> AccountName {
    "default".parse().unwrap()
}

fn caller(priority: Priority) -> Caller<'static> {
    Caller { priority, client: None }
}

#[tokio::test]
async fn calls_in_a_row_leave_a_quarter_of_a_second_apart() {
    let (limits, clock) = (TestLimits::default(), TestClock::default());
    let limiter = Limiter::new(limits.clone());
    for _ in 0..5 {
        limiter.pass(&clock, &name(), caller(Priority::Purchase)).await.unwrap();
    }
    assert_eq!(clock.elapsed(), Duration::from_secs(1));
    assert_eq!(*limits.booked.lock().unwrap(), 5);
}

#[tokio::test]
async fn another_instances_bookings_are_learnt_and_waited_for() {
    let (limits, clock) = (TestLimits::default(), TestClock::default());
    let now = start().as_millisecond();
    *limits.levels.lock().unwrap() = Levels { slot: now + 750, bucket: now + 750, ..Levels::default() };
    let limiter = Limiter::new(limits);
    limiter.pass(&clock, &name(), caller(Priority::Purchase)).await.unwrap();
    assert_eq!(clock.elapsed(), Duration::from_millis(750));
}

#[tokio::test]
async fn after_a_429_everybody_gives_way_and_polling_longest() {
    let (limits, clock) = (TestLimits::default(), TestClock::default());
    let limiter = Limiter::new(limits.clone());
    limiter.empty(&clock, &name()).await;
    let held = limiter.pass(&clock, &name(), caller(Priority::Purchase)).await.unwrap_err();
    assert_eq!(held.retry_after, Duration::from_millis(635));
    let held = limiter.pass(&clock, &name(), caller(Priority::Background)).await.unwrap_err();
    assert!(held.retry_after > Duration::from_secs(30));
    let elsewhere = Limiter::new(limits);
    assert!(elsewhere.pass(&clock, &name(), caller(Priority::Background)).await.is_err());
}

#[tokio::test]
async fn nothing_goes_out_while_the_limit_cannot_be_booked() {
    let limiter = Limiter::new(TestLimits { is_down: true, ..TestLimits::default() });
    assert!(limiter.pass(&TestClock::default(), &name(), caller(Priority::Purchase)).await.is_err());
}
