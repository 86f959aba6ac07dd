//! What is to come.

use shared_core::domain::ids::ReservationId;

use crate::sim::State;

/// Something that happens by itself.
pub(crate) type Effect = Box<dyn FnOnce(&mut State) + Send>;

pub(crate) enum Event {
    Wake(usize),
    Kill(usize, &'static str),
    Deliver(usize),
    DeliverAgain(usize),
    Effect(Effect),
    Sweep,
    Poll,
    Import,
    Request(usize),
    Cancel(usize),
    Webhook { doc: usize },
    Hint(ReservationId),
    Quiet,
    Finish,
}
