//! A time that passes when everybody waits.

use std::collections::BTreeSet;
use std::future::poll_fn;
use std::sync::Mutex;
use std::task::Poll;
use std::time::Duration;

use jiff::Timestamp;
use shared_core::ports::Clock;

pub(crate) struct Virtual {
    begun: Timestamp,
    now: Mutex<Timestamp>,
    timers: Mutex<BTreeSet<Timestamp>>,
}

impl Virtual {
    pub(crate) fn new() -> Self {
        let begun = "2026-03-01T09:00:00Z".parse().unwrap();
        Self { begun, now: Mutex::new(begun), timers: Mutex::default() }
    }

    pub(crate) fn passed(&self) -> Duration {
        self.now().duration_since(self.begun).unsigned_abs()
    }

    pub(crate) fn sleep_until(&self, passed: Duration) -> impl Future<Output = ()> + Send + '_ {
        self.sleep(passed.saturating_sub(self.passed()))
    }

    /// Goes on to the next moment that somebody waits for.
    pub(crate) fn advance(&self) {
        let timers = std::mem::take(&mut *self.timers.lock().unwrap());
        *self.now.lock().unwrap() = *timers.first().expect("somebody waits");
    }
}

impl Clock for Virtual {
    fn now(&self) -> Timestamp {
        *self.now.lock().unwrap()
    }

    fn sleep(&self, time: Duration) -> impl Future<Output = ()> + Send {
        let until = self.now().checked_add(time).unwrap();
        poll_fn(move |_| {
            if self.now() >= until {
                return Poll::Ready(());
            }
            self.timers.lock().unwrap().insert(until);
            Poll::Pending
        })
    }
}
