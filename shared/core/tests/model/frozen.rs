//! A reservation as the model keeps it: the production record without what no
//! rule reads, hashed once.
//!
//! What is levelled, and why that is sound: `Reservation::apply` never reads
//! `seq`, `version`, `created_at`, `updated_at`, `detail` and `recent`; it reads `tries` only
//! to compute a wait, and the model's waits are zero; it reads evidence only of the
//! last call (to know since when nothing was heard), and what the properties look
//! at besides are references in it; of receipts and superseded digests it asks only
//! whether one is among them, as long as there are fewer than are kept. Two records that differ in nothing else behave
//! alike from there on. That holds for the store's compare-and-swap too: a write
//! onto a record that is *equal to* the one that was read does what it would have
//! done after a conflict and another reading.

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Deref;
use std::sync::Arc;

use shared_core::domain::reservation::{Reservation, State};

use crate::protocol::time;

#[derive(Clone)]
pub(crate) struct Frozen(Arc<(Reservation, u64)>);

impl Frozen {
    pub(crate) fn new(mut reservation: Reservation) -> Self {
        (reservation.seq, reservation.version) = (1, 1);
        (reservation.created_at, reservation.updated_at) = (time(0), time(0));
        reservation.detail = None;
        reservation.recent.clear();
        match &mut reservation.state {
            State::Queued { tries, .. } | State::Calling { tries, .. } => *tries = 0,
            _ => {}
        }
        let last = reservation.calls;
        reservation.evidence.retain(|evidence| evidence.call_no == last || evidence.reference.is_some());
        reservation.receipts.sort();
        for attempt in &mut reservation.attempts {
            attempt.superseded.sort();
        }
        let mut hasher = DefaultHasher::new();
        // Every stored field takes part, also those that are added later.
        hasher.write(&serde_json::to_vec(&reservation).expect("a reservation is written as JSON"));
        Self(Arc::new((reservation, hasher.finish())))
    }
}

impl Deref for Frozen {
    type Target = Reservation;
    fn deref(&self) -> &Reservation {
        &self.0.0
    }
}

impl PartialEq for Frozen {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || (self.0.1 == other.0.1 && self.0.0 == other.0.0)
    }
}

impl Eq for Frozen {}

impl Hash for Frozen {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0.1);
    }
}

impl fmt::Debug for Frozen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reservation = &self.0.0;
        write!(f, "{:?} calls={}", reservation.state, reservation.calls)?;
        if let Some(reference) = &reservation.reference {
            write!(f, " {}", reference.test())?;
        }
        for attempt in &reservation.attempts {
            let result = attempt.result.as_ref().and_then(|result| result.placement.as_deref());
            write!(f, " #{}:{}={result:?}", attempt.number, attempt.status.as_str())?;
        }
        Ok(())
    }
}
