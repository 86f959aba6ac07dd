//! Waiting for one's turn: the loop around the domain's plan, with the levels on
//! one stored item per account.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use shared_core::domain::ids::AccountName;
use shared_core::domain::limiter::{Caller, Levels, Plan, plan};
use shared_core::ports::{BookingOutcome, Clock, RateLimits};

/// How long emptying the bucket may take.
const EMPTYING: std::time::Duration = std::time::Duration::from_secs(1);

/// How often a booking is planned again with newer levels.
const TRIES: usize = 4;
/// The wait where the levels change faster than they can be booked, or cannot be
/// reached at all.
const GIVE_WAY: Duration = Duration::from_secs(1);

/// The rate limit of TrueNorth's accounts. What was seen last is remembered, so
/// that in the ordinary case one conditional update is all.
pub(crate) struct Limiter<L> {
    store: L,
    seen: Mutex<HashMap<AccountName, Levels>>,
}

/// The request may not go out now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RateLimited {
    /// How long to wait before asking again.
    pub(crate) retry_after: Duration,
}

impl<L: RateLimits> Limiter<L> {
    pub(crate) fn new(store: L) -> Self {
        Self { store, seen: Mutex::default() }
    }

    /// Books a place and waits for it. Where the store fails nothing goes out:
    /// the limit is the vendor's, not ours to risk.
    ///
    /// # Errors
    /// [`RateLimited`] where there is no place soon enough.
    pub(crate) async fn pass(
        &self,
        clock: &impl Clock,
        account: &AccountName,
        caller: Caller<'_>,
    ) -> Result<(), RateLimited> {
        for _ in 0..TRIES {
            let now = clock.now().as_millisecond();
            let booking = match plan(&self.seen(account), caller, now) {
                Plan::Hold { until } => return Err(RateLimited { retry_after: milliseconds(until - now) }),
                Plan::Book(booking) => booking,
            };
            match self.store.book(account, &booking).await {
                Ok(BookingOutcome::Done(levels)) => {
                    let wait = milliseconds(levels.booked_slot() - clock.now().as_millisecond());
                    self.remember(account, levels);
                    if !wait.is_zero() {
                        clock.sleep(wait).await;
                    }
                    return Ok(());
                }
                Ok(BookingOutcome::Stale(levels)) => self.remember(account, levels),
                Err(outage) => {
                    tracing::warn!(%account, error = %outage, "rate limit not booked");
                    return Err(RateLimited { retry_after: GIVE_WAY });
                }
            }
        }
        Err(RateLimited { retry_after: GIVE_WAY })
    }

    /// Empties the bucket, after a 429: everybody gives way.
    pub(crate) async fn empty(&self, clock: &impl Clock, account: &AccountName) {
        let now = clock.now();
        let bucket = Levels::emptied_bucket(now.as_millisecond());
        self.remember(account, Levels { bucket, ..self.seen(account) });
        // A courtesy to the others: the answer that it follows must not wait for it.
        match tokio::time::timeout(EMPTYING, self.store.empty(account, now)).await {
            Ok(Ok(())) => {}
            Ok(Err(outage)) => tracing::warn!(%account, error = %outage, "rate limit not emptied"),
            Err(_) => tracing::warn!(%account, "rate limit not emptied in time"),
        }
    }

    fn seen(&self, account: &AccountName) -> Levels {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).get(account).cloned().unwrap_or_default()
    }

    fn remember(&self, account: &AccountName, levels: Levels) {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).insert(account.clone(), levels);
    }
}

fn milliseconds(count: i64) -> Duration {
    Duration::from_millis(u64::try_from(count).unwrap_or(0))
}

#[cfg(test)]
mod tests;
