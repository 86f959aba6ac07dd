//! Standard queues in memory: at least once, late, in any order, with a DLQ.
//! Beside them what else is kept: the quarantine, and the polls' marks.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use shared_core::domain::ids::{AccountName, ReservationId};
use shared_core::ports::{
    BackendError, InboundWebhook, Page, PollMark, Polls, Quarantine, Quarantined, Queue, ResultMessage, ScoreCheck,
};

use crate::bugs::Bug;
use crate::events::Event;
use crate::sim::{MINUTE, Ms, Port, State};

/// What a message says.
#[derive(Clone)]
pub(crate) enum Body {
    Fulfil(ReservationId),
    Record(ResultMessage),
    Check(ScoreCheck),
}

pub(crate) struct Message {
    pub(crate) body: Body,
    pub(crate) received: u32,
    pub(crate) done: bool,
    pub(crate) dead: bool,
}

/// The polls' leases and marks, the look-ups' stamps, the quarantine.
#[derive(Default)]
pub(crate) struct Marks {
    mark: PollMark,
    lease: Option<(Timestamp, usize)>,
    looked_up: BTreeMap<ReservationId, (Timestamp, u64)>,
    pub(crate) quarantine: Vec<InboundWebhook>,
}

impl State {
    /// Puts a message on its queue. A queue may double it and hold it up.
    pub(crate) fn send(&mut self, body: &Body, delay: Ms) {
        let number = self.messages.len();
        self.messages.push(Message { body: body.clone(), received: 0, done: false, dead: false });
        let held_up = if self.trouble(60) { self.rng.within(0, 40 * MINUTE) } else { self.rng.within(1, 40) };
        self.push(self.now + delay + held_up, Event::Deliver(number));
        if self.trouble(80) {
            let again = self.rng.within(0, 30 * MINUTE);
            self.push(self.now + delay + again, Event::DeliverAgain(number));
        }
    }
}

impl Queue for Port<'_> {
    async fn fulfil(&self, id: &ReservationId) -> Result<(), BackendError> {
        let body = Body::Fulfil(id.clone());
        self.op("send fulfil", move |state| state.send(&body, 0)).await
    }

    async fn record(&self, message: &ResultMessage, delay: Duration) -> Result<(), BackendError> {
        // Only a report that fits no reservation yet is sent round with a delay.
        let drops = self.sim.has(Bug::StrangersDropped) && !delay.is_zero();
        let (body, delay) = (Body::Record(message.clone()), delay.as_millis() as u64);
        self.op("send result", move |state| {
            if !drops {
                state.send(&body, delay)
            }
        })
        .await
    }

    async fn check_score(&self, check: &ScoreCheck, delay: Duration) -> Result<(), BackendError> {
        let (body, delay) = (Body::Check(check.clone()), delay.as_millis() as u64);
        self.op("send check", move |state| state.send(&body, delay)).await
    }
}

impl Quarantine for Port<'_> {
    async fn keep(&self, item: &Quarantined) -> Result<(), BackendError> {
        let receipt = item.receipt.clone();
        let why = item.why.clone();
        self.op("quarantine", move |state| {
            if state.marks.quarantine.iter().all(|kept| kept.id != receipt.id) {
                state.note(|| format!("  quarantined {}: {why}", receipt.id));
                state.marks.quarantine.push(receipt.clone());
            }
        })
        .await
    }

    async fn quarantined(&self, _: Option<&str>, _: usize) -> Result<Page<Quarantined>, BackendError> {
        Ok(Page { items: Vec::new(), next: None })
    }
}

impl Polls for Port<'_> {
    async fn accounts(&self) -> Result<Vec<AccountName>, BackendError> {
        self.op("accounts", |_| vec!["default".parse().expect("a name")]).await
    }

    async fn begin(&self, _: &AccountName, now: Timestamp, until: Timestamp) -> Result<Option<PollMark>, BackendError> {
        let me = self.task;
        self.op("begin poll", move |state| {
            let marks = &mut state.marks;
            let free = marks.lease.is_none_or(|(until, holder)| until <= now || holder == me);
            if free {
                marks.lease = Some((until, me));
            }
            free.then(|| marks.mark.clone())
        })
        .await
    }

    async fn end(&self, _: &AccountName, mark: &PollMark) -> Result<(), BackendError> {
        let (me, mark) = (self.task, mark.clone());
        self.op("end poll", move |state| {
            if state.marks.lease.is_some_and(|(_, holder)| holder == me) {
                state.marks.lease = None;
                state.marks.mark = mark.clone();
            }
        })
        .await
    }

    async fn may_look_up(&self, id: &ReservationId, now: Timestamp, interval: Duration) -> Result<bool, BackendError> {
        let (id, me) = (id.clone(), self.sim.state().rng.next());
        self.op("stamp look-up", move |state| {
            let stamps = &mut state.marks.looked_up;
            let may = stamps
                .get(&id)
                .is_none_or(|(last, by)| *by == me || now.duration_since(*last).unsigned_abs() >= interval);
            if may {
                stamps.insert(id.clone(), (now, me));
            }
            may
        })
        .await
    }
}
