//! Getting an event written, whoever else writes at the same time.

use crate::domain::ids::ReservationId;
use crate::domain::reservation::{Change, Decision, Effect, Event, Reservation, Source};
use crate::ports::{Alerts, Clock, Committed, Outage, Queue, RawDocument, Store};
use crate::usecases::Times;

/// How often a write that others overtook is decided anew. Each time somebody
/// else's write succeeded, so this many in a row are no accident.
const ROUNDS: usize = 10;

/// What became of an event.
#[derive(Debug, Clone, PartialEq)]
pub enum Settled {
    /// It was written: applied, or refused and noted.
    Written(Box<Change>),
    /// It was known already.
    Duplicate(Box<Reservation>),
    /// It claims a reference that belongs to another reservation; nothing was written.
    ReferenceTaken(Box<Reservation>),
}

impl Settled {
    /// The reservation as it is now.
    pub fn into_reservation(self) -> Reservation {
        match self {
            Settled::Written(change) => change.after,
            Settled::Duplicate(reservation) | Settled::ReferenceTaken(reservation) => *reservation,
        }
    }
}

/// Brings an event to a reservation and writes what the state machine says: one
/// transaction, and one more for each time that somebody else was faster.
pub async fn settle<S: Store>(
    store: &S,
    clock: &impl Clock,
    times: &Times,
    mut reservation: Reservation,
    event: &Event,
    source: &Source,
    raw: Option<&RawDocument>,
) -> Result<Settled, Outage> {
    for _ in 0..ROUNDS {
        let change = match reservation.apply(event, source.clone(), clock.now(), &times.policy) {
            Decision::Duplicate => return Ok(Settled::Duplicate(Box::new(reservation))),
            Decision::Write(change) => change,
        };
        match store.commit(&change, raw).await? {
            Committed::Done => return Ok(Settled::Written(change)),
            Committed::ReferenceTaken => return Ok(Settled::ReferenceTaken(Box::new(reservation))),
            Committed::Conflict(current) => reservation = *current,
        }
    }
    Err(Outage {
        operation: "writing a reservation that others keep changing",
        source: format!("{ROUNDS} writes in a row were overtaken").into(),
    })
}

/// Carries out what a written change entails beside the write. The queue only
/// makes things quick (`due_at` is written), so its failure is not the caller's.
pub async fn carry_out(change: &Change, queue: &impl Queue, alerts: &impl Alerts) {
    let id = change.after.id();
    for effect in &change.effects {
        match effect {
            Effect::Alert(alert) => alerts.raise(*alert, id.as_str()),
            Effect::Fulfil => hand_over(id, queue, alerts).await,
            Effect::Claim(_) => {}
        }
    }
}

/// Hands a reservation to the `fulfilment` queue. Its `due_at` is written, so the
/// sweep takes over where the queue fails.
pub async fn hand_over(id: &ReservationId, queue: &impl Queue, alerts: &impl Alerts) {
    if let Err(outage) = queue.fulfil(id).await {
        alerts.note(&outage, id.as_str());
    }
}
