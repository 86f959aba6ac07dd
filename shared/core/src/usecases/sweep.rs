//! Processes the reservations whose `due_at` has passed.

use std::time::Duration;

use super::commit::apply_and_commit;
use crate::domain::deadline::{Deadline, later};
use crate::domain::ids::{Mode, ReservationId};
use crate::domain::reservation::{Alert, Event, Reservation, Source, State};
use crate::ports::{AlertSubject, Alerts, BackendError, CheckReason, Env, Queue, ScoreCheck, Store, Worklist};

/// How many due reservations are read at a time.
pub const BATCH: usize = 100;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SweepSummary {
    pub due: usize,
    /// Of these, changed by the sweep itself: expired, taken for abandoned, found overdue.
    pub changed: usize,
    /// Enqueued for another function.
    pub enqueued: usize,
    /// Failed; they stay due.
    pub failed: usize,
}

/// What a due reservation needs.
enum Action {
    Apply(Event),
    Purchase,
    LookUp(CheckReason),
    Nothing,
}

/// Processes what is due, batch by batch, while there is time.
///
/// # Errors
/// Storage failed to list what is due; failures of single reservations are counted.
pub async fn sweep<E: Env>(env: &E, deadline: Deadline) -> Result<SweepSummary, BackendError> {
    let mut summary = SweepSummary::default();
    while deadline.remaining(env.now()) > env.timeouts().write_margin {
        let due = env.store().due(env.now(), BATCH).await?;
        for id in &due {
            summary.due += 1;
            match process(env, id).await {
                Ok(Action::Apply(_)) => summary.changed += 1,
                Ok(Action::Purchase | Action::LookUp(_)) => summary.enqueued += 1,
                Ok(Action::Nothing) => {}
                Err(error) => {
                    summary.failed += 1;
                    env.alerts().log_recoverable(&error, AlertSubject::Reservation(id));
                }
            }
        }
        if due.len() < BATCH {
            break;
        }
    }
    remind_of_doubt(env).await?;
    Ok(summary)
}

/// While anything is in doubt, every sweep says so: the alert that was raised
/// when the doubt arose may have died with its function.
async fn remind_of_doubt<E: Env>(env: &E) -> Result<(), BackendError> {
    let oldest = env.store().worklist(&Worklist::InDoubt(Mode::Live), None, 1).await?;
    if let Some(id) = oldest.items.first() {
        env.alerts().raise(Alert::InDoubt, AlertSubject::Reservation(id));
    }
    Ok(())
}

async fn process<E: Env>(env: &E, id: &ReservationId) -> Result<Action, BackendError> {
    let Some(reservation) = env.store().reservation(id).await? else {
        return Ok(Action::Nothing);
    };
    let action = next_action(env, &reservation);
    let done = perform(env, &action, reservation.clone()).await;
    if done.is_err() {
        // What failed would come first again and hold up what is behind it.
        leave_to_queue(env, &reservation).await?;
    }
    done.map(|()| action)
}

fn next_action<E: Env>(env: &E, reservation: &Reservation) -> Action {
    let now = env.now();
    if reservation.due_at.is_none_or(|due| due > now) {
        return Action::Nothing;
    }
    let has_look_up = reservation.vendor().capabilities().look_up;
    match &reservation.state {
        State::Queued { .. } if reservation.is_past_expiry(now) => Action::Apply(Event::ExpiryReached),
        State::Queued { .. } => Action::Purchase,
        State::Calling { .. } => Action::Apply(Event::LeaseLapsed { call_no: reservation.calls }),
        State::Ready if has_look_up => Action::LookUp(CheckReason::Expiry),
        State::Ready => Action::Apply(Event::ExpiryReached),
        State::InDoubt { .. } if has_look_up => Action::LookUp(CheckReason::Doubt),
        State::InDoubt { .. } => Action::Purchase,
        State::AwaitingScore { .. } | State::UnderReview { .. } => Action::Apply(Event::ResultOverdue),
        _ => Action::Nothing,
    }
}

async fn perform<E: Env>(env: &E, action: &Action, reservation: Reservation) -> Result<(), BackendError> {
    match action {
        Action::Apply(event) => {
            apply_and_commit(env, reservation, event, &Source::Hub, None).await?;
        }
        Action::Purchase => {
            leave_to_queue(env, &reservation).await?;
            env.queue().fulfil(reservation.id()).await?;
        }
        Action::LookUp(reason) => {
            leave_to_queue(env, &reservation).await?;
            let check = ScoreCheck::new(reservation.order.account.name.clone(), reservation.id().clone(), *reason);
            env.queue().check_score(&check, Duration::ZERO).await?;
        }
        Action::Nothing => {}
    }
    Ok(())
}

/// Leaves the reservation to a queue for a while: without this, a backlog
/// would be queued anew by every sweep.
async fn leave_to_queue<E: Env>(env: &E, reservation: &Reservation) -> Result<(), BackendError> {
    env.store().postpone(reservation, later(env.now(), env.timeouts().requeue_after)).await
}
