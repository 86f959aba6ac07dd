//! Withdrawing a reservation.

use super::Times;
use super::commit::{Settled, settle};
use crate::domain::reservation::{Event, Reservation, Source, Why};
use crate::ports::{Clock, Outage, Store};

/// What became of a withdrawal.
#[derive(Debug, Clone, PartialEq)]
pub enum Cancelled {
    /// It is cancelled, now or before.
    Done(Box<Reservation>),
    /// It cannot be cancelled, and why.
    Refused(Box<Reservation>, Why),
}

/// Withdraws a reservation that was read before.
pub async fn cancel<S: Store>(
    store: &S,
    clock: &impl Clock,
    times: &Times,
    reservation: Reservation,
) -> Result<Cancelled, Outage> {
    let settled = settle(store, clock, times, reservation, &Event::Cancel, &Source::Client, None).await?;
    Ok(match settled {
        Settled::Written(change) if !change.is_applied() => {
            let why = change.entry.why.unwrap_or(Why::Ended);
            Cancelled::Refused(Box::new(change.after), why)
        }
        settled => Cancelled::Done(Box::new(settled.into_reservation())),
    })
}
