//! Applies an event and commits it, retrying when another writer was faster.

use crate::domain::ids::ReservationId;
use crate::domain::reservation::{Change, Decision, Effect, Event, Reservation, Source};
use crate::ports::{AlertSubject, Alerts, BackendError, ClaimOutcome, Env, Queue, RawDocument, Store, WriteOutcome};

/// How often a write that others overtook is decided anew. Each time somebody
/// else's write succeeded, so this many in a row are no accident.
const ROUNDS: usize = 10;

/// What became of an event.
#[derive(Debug, Clone, PartialEq)]
pub enum CommitOutcome {
    /// It was written: applied, or refused and noted.
    Written(Box<Change>),
    /// It was known already.
    Duplicate(Box<Reservation>),
    /// It claims a reference that belongs to another reservation; nothing was written.
    ReferenceTaken(Box<Reservation>),
}

impl CommitOutcome {
    /// The reservation as it is now.
    pub fn into_reservation(self) -> Reservation {
        match self {
            CommitOutcome::Written(change) => change.after,
            CommitOutcome::Duplicate(reservation) | CommitOutcome::ReferenceTaken(reservation) => *reservation,
        }
    }
}

/// Brings an event to a reservation and writes what the state machine says, anew for
/// each time that somebody else was faster. Then enqueues what follows from it.
///
/// # Errors
/// Storage failed, or others overtook every write.
pub async fn apply_and_commit<E: Env>(
    env: &E,
    mut reservation: Reservation,
    event: &Event,
    source: &Source,
    raw: Option<&RawDocument>,
) -> Result<CommitOutcome, BackendError> {
    for _ in 0..ROUNDS {
        let decision = reservation.apply(event, source.clone(), env.now(), &env.timeouts().policy);
        let Decision::Write(change) = decision else {
            return Ok(CommitOutcome::Duplicate(Box::new(reservation)));
        };
        match commit(env, &change, raw).await? {
            WriteOutcome::Done => return Ok(CommitOutcome::Written(change)),
            WriteOutcome::ReferenceTaken => return Ok(CommitOutcome::ReferenceTaken(Box::new(reservation))),
            WriteOutcome::Conflict(current) => reservation = *current,
        }
    }
    Err(BackendError::contended("writing a reservation that others keep changing", ROUNDS))
}

/// Raises a change's alerts, then writes it, then enqueues what follows from it.
/// Alerts come first: a function that dies in between would leave a change that
/// nobody is told of; this way, one that is told of may be told twice, or prove
/// overtaken.
///
/// # Errors
/// Storage failed.
pub async fn commit<E: Env>(env: &E, change: &Change, raw: Option<&RawDocument>) -> Result<WriteOutcome, BackendError> {
    let id = change.after.id();
    for effect in &change.effects {
        if let Effect::Alert(alert) = effect {
            env.alerts().raise(*alert, AlertSubject::Reservation(id));
        }
    }
    let written = write(env.store(), change, raw).await?;
    if written == WriteOutcome::Done && change.effects.contains(&Effect::Fulfil) {
        enqueue_fulfilment(env, id).await;
    }
    Ok(written)
}

/// Writes a change. Whatever it refers to is written before it: the document, filed
/// entries, claims. A crash in between leaves facts that nothing refers to yet, and each
/// of these writes may be made again.
///
/// # Errors
/// Storage failed.
pub async fn write(
    store: &impl Store,
    change: &Change,
    document: Option<&RawDocument>,
) -> Result<WriteOutcome, BackendError> {
    let id = change.after.id();
    if let Some(document) = document {
        store.keep_document(id, document, change.origin.as_ref()).await?;
    }
    if !change.to_file.is_empty() {
        store.file(id, &change.to_file).await?;
    }
    if change.decides_claims() {
        return store.write_with_claims(change).await;
    }
    for reference in change.claims() {
        if store.claim(&change.after.order.account, reference, id).await? == ClaimOutcome::Taken {
            return Ok(WriteOutcome::ReferenceTaken);
        }
    }
    store.write(change).await
}

/// The queue only makes things quick: the reservation's `due_at` is written, so the
/// sweep takes over where the queue fails.
pub async fn enqueue_fulfilment<E: Env>(env: &E, id: &ReservationId) {
    if let Err(error) = env.queue().fulfil(id).await {
        env.alerts().log_recoverable(&error, AlertSubject::Reservation(id));
    }
}
