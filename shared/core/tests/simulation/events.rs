//! What is to come, in the order in which it comes.

use shared_core::domain::ids::ReservationId;

use crate::sim::{Ms, State};

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

/// An event in its place: by time, then by chance, then in the order of coming.
pub(crate) struct Entry {
    pub(crate) key: (Ms, u64, u64),
    pub(crate) event: Event,
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}
impl Eq for Entry {}
impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Entry {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key.cmp(&other.key)
    }
}
