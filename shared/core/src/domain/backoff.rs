//! When to try again.

use std::time::Duration;

use super::ids::{Digest, ReservationId};

/// Exponential backoff with full jitter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The ceiling of the first wait.
    pub base: Duration,
    /// The ceiling of every wait.
    pub cap: Duration,
}

impl Backoff {
    /// How long to wait after the given try (1 is the first). The jitter is
    /// drawn from the reservation and the try, so that it needs no source of
    /// randomness and yet spreads a crowd evenly.
    pub fn wait(self, id: &ReservationId, tries: u32) -> Duration {
        let doublings = tries.saturating_sub(1).min(30);
        let ceiling = self.base.saturating_mul(1 << doublings).min(self.cap);
        let digest = Digest::sha256(format!("{id}/{tries}").as_bytes());
        let draw = u32::from_str_radix(&digest.as_str()[..8], 16).unwrap_or(u32::MAX);
        ceiling.mul_f64(f64::from(draw) / f64::from(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::ClientId;

    #[test]
    fn waits_stay_below_a_doubling_ceiling_and_spread() {
        let backoff = Backoff { base: Duration::from_secs(5), cap: Duration::from_secs(900) };
        let client: ClientId = "acme".parse().unwrap();
        for tries in 1..60 {
            let waits: Vec<_> =
                (0..50).map(|n| backoff.wait(&ReservationId::derive(&client, &n.to_string()), tries)).collect();
            let ceiling = Duration::from_secs(900.min(5 << (tries - 1).min(20)));
            assert!(waits.iter().all(|wait| *wait <= ceiling));
            assert!(waits.iter().any(|wait| *wait < ceiling / 4));
            assert!(waits.iter().any(|wait| *wait > ceiling / 4 * 3));
        }
    }
}
