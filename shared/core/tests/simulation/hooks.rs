//! The world's memory as a seed has it: what is sent is delivered late, in any order and
//! twice; indexes and caches lag; a bug spoils what is written.

use std::time::Duration;

use jiff::Timestamp;
use shared_core::domain::ids::{Account, ReservationId};
use shared_core::domain::reservation::{Alert, Change};
use shared_core::domain::timeouts::Timeouts;
use shared_core::ports::{AlertSubject, Alerts, BackendError, Clock, ResultMessage, ScoreCheck, VendorApi};
use test_support::{Hooks, Memory, WriteOrder};

use crate::bugs::Bug;
use crate::events::Event;
use crate::sim::{MINUTE, Ms, Port, State};

#[derive(Clone)]
pub(crate) enum Body {
    Fulfil(ReservationId),
    Record(ResultMessage),
    Check(ScoreCheck),
}

/// A message on its way, perhaps for the second time.
pub(crate) struct Message {
    pub(crate) body: Body,
    pub(crate) received: u32,
    pub(crate) done: bool,
    pub(crate) dead: bool,
}

impl State {
    /// Does a port's work, and sees to what comes of it.
    fn carry_out<T>(&mut self, operation: &str, bug: Option<Bug>, work: impl Fn(&mut Memory) -> T) -> T {
        match operation {
            "due" | "worklist" => {
                let (level, rng) = (self.level, &mut self.rng);
                let lagging = self.memory.reservations.keys().filter(|_| level > 0 && rng.per_mille(100));
                self.memory.hidden = lagging.cloned().collect();
            }
            "breaker" => self.memory.has_stale_breakers = self.trouble(200),
            _ => {}
        }
        let (written, done) = (self.memory.changes.len(), work(&mut self.memory));
        if let Some(bug) = bug {
            bug.spoil(&mut self.memory);
        }
        match operation {
            "insert" | "write" | "postpone" => self.plan_sweep(),
            "fulfil" | "record" | "check_score" => self.deliver(),
            _ => {}
        }
        if let (Some(change), Some(_)) = (self.memory.changes.get(written), &self.trace) {
            let line = line(change);
            self.note(|| line);
        }
        done
    }

    /// [`Bug::ToldAfterwards`]: what an invocation has yet to tell.
    pub(crate) fn take_untold(&mut self, task: usize) -> Vec<(Alert, String)> {
        self.untold.remove(&task).unwrap_or_default()
    }

    fn deliver(&mut self) {
        for id in std::mem::take(&mut self.memory.fulfilments) {
            self.send(Body::Fulfil(id), Duration::ZERO);
        }
        for (message, delay) in std::mem::take(&mut self.memory.results) {
            self.send(Body::Record(message), delay);
        }
        for (check, delay) in std::mem::take(&mut self.memory.checks) {
            self.send(Body::Check(check), delay);
        }
    }

    /// Puts a message on its queue, which may double it and hold it up.
    fn send(&mut self, body: Body, delay: Duration) {
        let (number, delay) = (self.messages.len(), delay.as_millis() as Ms);
        self.messages.push(Message { body, received: 0, done: false, dead: false });
        let held_up = if self.trouble(60) { self.rng.within(0, 40 * MINUTE) } else { self.rng.within(1, 40) };
        self.push(self.now + delay + held_up, Event::Deliver(number));
        if self.trouble(80) {
            let again = self.rng.within(0, 30 * MINUTE);
            self.push(self.now + delay + again, Event::DeliverAgain(number));
        }
    }
}

fn line(Change { after, entry, .. }: &Change) -> String {
    let (id, status, verdict) = (after.id(), after.status().as_str(), entry.verdict);
    format!("  {id} {status} seq {}: {:?} {verdict:?} {:?}", after.seq, entry.event, entry.why)
}

impl Hooks for Port<'_> {
    async fn call<T: Send + 'static>(
        &self,
        operation: &'static str,
        work: impl Fn(&mut Memory) -> T + Send + 'static,
    ) -> Result<T, BackendError> {
        let bug = self.sim.options.bug;
        let untold = self.sim.has(Bug::ToldAfterwards).then(|| self.sim.state().take_untold(self.task));
        let done = self.op(operation, move |state| state.carry_out(operation, bug, &work)).await?;
        if let Some(untold) = untold {
            self.sim.state().memory.alerts.extend(untold);
        }
        Ok(done)
    }

    fn order(&self) -> WriteOrder {
        self.sim.options.bug.map_or(WriteOrder::Right, Bug::order)
    }

    fn timeouts(&self) -> &Timeouts {
        &self.sim.timeouts
    }

    fn vendor(&self, _: &Account) -> &dyn VendorApi {
        self
    }
}

impl Clock for Port<'_> {
    fn now(&self) -> Timestamp {
        self.local_now()
    }

    async fn sleep(&self, time: Duration) {
        self.wait(time.as_millis() as Ms).await;
    }
}

impl Alerts for Port<'_> {
    fn raise(&self, alert: Alert, subject: AlertSubject<'_>) {
        let mut state = self.sim.state();
        state.note(|| format!("#{} alert {alert:?} about {subject}", self.task));
        if alert == Alert::InDoubt {
            state.doubt_told = state.now;
        }
        let told = (alert, subject.to_string());
        match self.sim.has(Bug::ToldAfterwards) {
            true => state.untold.entry(self.task).or_default().push(told),
            false => state.memory.alerts.push(told),
        }
    }

    fn log_recoverable(&self, error: &BackendError, subject: AlertSubject<'_>) {
        self.sim.state().note(|| format!("#{} {error} ({subject})", self.task));
    }
}
