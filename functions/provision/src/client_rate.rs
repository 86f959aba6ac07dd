//! The clients' rate limit: a token bucket for each client, in the instance's memory.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use lambda_http::{Body, Response};
use shared::runtime::problem::Problem;
use shared_core::domain::ids::ClientId;

use crate::answer;
use crate::problems::RATE_LIMITED;

/// Requests per second in the long run.
const RATE: f64 = 50.0;
const BURST: f64 = 200.0;

/// The clients' buckets. There are as many as clients with a valid key.
#[derive(Debug, Default)]
pub(crate) struct Limiter {
    buckets: Mutex<HashMap<ClientId, Bucket>>,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: f64,
    at: Timestamp,
}

/// How many seconds to wait, at least one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wait(u64);

impl Limiter {
    /// Takes a token of a client's.
    ///
    /// # Errors
    /// [`Wait`] where there is none.
    pub(crate) fn take(&self, client: &ClientId, now: Timestamp) -> Result<(), Wait> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if !buckets.contains_key(client) {
            buckets.insert(client.clone(), Bucket { tokens: BURST, at: now });
        }
        buckets.get_mut(client).map_or(Ok(()), |bucket| bucket.take(now))
    }
}

impl Bucket {
    fn take(&mut self, now: Timestamp) -> Result<(), Wait> {
        // A clock that was set back refills nothing.
        let elapsed = now.duration_since(self.at).as_secs_f64().max(0.0);
        self.tokens = (self.tokens + elapsed * RATE).min(BURST);
        self.at = now;
        if self.tokens < 1.0 {
            return Err(Wait(1));
        }
        self.tokens -= 1.0;
        Ok(())
    }
}

/// The answer to a request too many.
pub(crate) fn refused(Wait(seconds): Wait) -> Response<Body> {
    let detail = format!("You may send {RATE} requests per second in the long run, and {BURST} at once.");
    let mut response = Problem::new(RATE_LIMITED).detail(detail).retry_after(seconds).into_response();
    answer::set(&mut response, "ratelimit-policy", &format!("\"default\";q={BURST};w={}", BURST / RATE));
    answer::set(&mut response, "ratelimit", &format!("\"default\";r=0;t={seconds}"));
    response
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn taken(limiter: &Limiter, client: &str, now: Timestamp) -> usize {
        let client = client.parse().unwrap();
        (0..1000).take_while(|_| limiter.take(&client, now).is_ok()).count()
    }

    #[test]
    fn a_client_may_burst_and_then_goes_at_its_rate_without_slowing_others() {
        let (limiter, now) = (Limiter::default(), Timestamp::UNIX_EPOCH);
        assert_eq!(taken(&limiter, "acme", now), 200);
        assert_eq!(taken(&limiter, "acme", now + Duration::from_secs(1)), 50);
        assert_eq!(taken(&limiter, "acme", now), 0, "a clock that goes back gives nothing");
        assert_eq!(taken(&limiter, "other", now), 200);
        assert_eq!(taken(&limiter, "acme", now + Duration::from_secs(3600)), 200);
    }

    #[test]
    fn a_request_too_many_is_told_when_to_come_again() {
        let response = refused(Wait(1));
        let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
        assert_eq!((response.status().as_u16(), header("retry-after")), (429, "1".to_owned()));
        assert_eq!(header("ratelimit"), "\"default\";r=0;t=1");
        assert_eq!(header("ratelimit-policy"), "\"default\";q=200;w=4");
    }
}
