//! The simulated machine: virtual time, one list of things to come, the faults,
//! and [`Port`], through which an invocation reaches all of it.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use jiff::Timestamp;
use shared_core::domain::reservation::Alert;
use shared_core::domain::timeouts::Timeouts;
use shared_core::ports::BackendError;
use test_support::Memory;

use crate::bugs::Bug;
use crate::client::Request;
use crate::events::Event;
use crate::hooks::Message;
use crate::rng::Rng;
use crate::vendors::Vendors;

/// Virtual milliseconds since the world began.
pub(crate) type Ms = u64;

pub(crate) const SECOND: Ms = 1000;
pub(crate) const MINUTE: Ms = 60 * SECOND;
pub(crate) const HOUR: Ms = 60 * MINUTE;

/// When the world begins, in Unix milliseconds.
const BEGIN: i64 = 1_772_355_600_000;

/// A moment of the virtual time as the hub writes it.
pub(crate) fn at(time: Ms) -> Timestamp {
    Timestamp::from_millisecond(BEGIN + time as i64).expect("a time in range")
}

/// What goes wrong at one port call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It fails and nothing happened.
    ErrorBefore,
    /// It fails and yet it happened.
    ErrorAfter,
    /// It fails, and happens some time later.
    Late,
    /// The invocation dies before.
    CrashBefore,
    /// The invocation dies after.
    CrashAfter,
    Slow,
}

pub(crate) const FAULTS: [Fault; 6] =
    [Fault::ErrorBefore, Fault::ErrorAfter, Fault::Late, Fault::CrashBefore, Fault::CrashAfter, Fault::Slow];

/// How a world is made.
#[derive(Debug, Clone, Default)]
pub(crate) struct Options {
    pub(crate) seed: u64,
    pub(crate) bug: Option<Bug>,
    pub(crate) trace: bool,
    /// Instead of chance: the faults of these port calls, by their number.
    pub(crate) only: Option<Vec<(u64, Fault)>>,
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) now: Ms,
    pub(crate) rng: Rng,
    /// By time, then by chance, then in the order of coming.
    to_come: BTreeMap<(Ms, u64, u64), Event>,
    pushed: u64,
    /// Port calls so far.
    pub(crate) calls: u64,
    /// Faults per mille of port calls; 0 once it is quiet.
    pub(crate) level: u64,
    /// Vendor faults per mille of vendor calls.
    pub(crate) vendor_level: u64,
    pub(crate) quiet: bool,
    pub(crate) next_sweep: Option<Ms>,
    wakers: BTreeMap<usize, Vec<Waker>>,
    pub(crate) memory: Memory,
    pub(crate) messages: Vec<Message>,
    pub(crate) vendors: Vendors,
    pub(crate) requests: Vec<Request>,
    /// When the operator was last told of a doubt.
    pub(crate) doubt_told: Ms,
    /// [`Bug::ToldAfterwards`]: what an invocation has yet to tell.
    pub(crate) untold: BTreeMap<usize, Vec<(Alert, String)>>,
    pub(crate) violations: Vec<String>,
    pub(crate) injected: u64,
    pub(crate) trace: Option<Vec<String>>,
}

impl State {
    /// Has something happen, in a random order with what happens at the same time.
    pub(crate) fn push(&mut self, at: Ms, event: Event) {
        self.pushed += 1;
        let place = (at.max(self.now), self.rng.next() >> 32, self.pushed);
        self.to_come.insert(place, event);
    }

    /// Sees to it that a sweep comes in the minute when something is due.
    pub(crate) fn plan_sweep(&mut self) {
        let Some(due) = self.memory.reservations.values().filter_map(|reservation| reservation.due_at).min() else {
            return;
        };
        let due = u64::try_from(due.as_millisecond() - BEGIN).unwrap_or(0).max(self.now + 1);
        let tick = due.div_ceil(MINUTE) * MINUTE;
        if self.next_sweep.is_none_or(|next| tick < next) {
            self.next_sweep = Some(tick);
            self.push(tick, Event::Sweep);
        }
    }

    pub(crate) fn note(&mut self, line: impl FnOnce() -> String) {
        if let Some(trace) = &mut self.trace {
            let (s, ms) = (self.now / 1000, self.now % 1000);
            trace.push(format!("{:3}:{:02}:{:02}.{ms:03} {}", s / 3600, s / 60 % 60, s % 60, line()));
        }
    }

    pub(crate) fn violated(&mut self, what: String) {
        self.note(|| format!("VIOLATION {what}"));
        self.violations.push(what);
    }

    /// Remembers whom to wake beside an invocation: one of several futures within it.
    fn keep_waker(&mut self, task: usize, waker: &Waker) {
        if !waker.will_wake(Waker::noop()) {
            self.wakers.entry(task).or_default().push(waker.clone());
        }
    }

    /// Whom to wake with an invocation.
    pub(crate) fn wakers(&mut self, task: usize) -> Vec<Waker> {
        self.wakers.remove(&task).unwrap_or_default()
    }

    /// Whether chance has something of this many per mille happen, before it is quiet.
    pub(crate) fn trouble(&mut self, chance: u64) -> bool {
        self.level > 0 && self.rng.per_mille(chance)
    }
}

pub(crate) struct Sim {
    state: Mutex<State>,
    pub(crate) timeouts: Timeouts,
    pub(crate) options: Options,
}

impl Sim {
    pub(crate) fn new(options: Options, timeouts: Timeouts) -> Self {
        let mut memory = Memory::default();
        memory.unchecked = options.bug.and_then(Bug::unchecked);
        memory.polls.entry("default".parse().expect("a name")).or_default();
        let (rng, trace) = (Rng::new(options.seed), options.trace.then(Vec::new));
        let state = State { rng, memory, trace, ..State::default() };
        Self { state: Mutex::new(state), timeouts, options }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What comes next; time goes there.
    pub(crate) fn pop(&self) -> Option<Event> {
        let mut state = self.state();
        let ((time, ..), event) = state.to_come.pop_first()?;
        state.now = time;
        Some(event)
    }

    /// The vendors' latest sale after a call, as a multiple of what is assumed.
    pub(crate) fn lateness(&self) -> Ms {
        if self.has(Bug::SoldAfterQuiet) { 5 } else { 1 }
    }

    pub(crate) fn has(&self, bug: Bug) -> bool {
        self.options.bug == Some(bug)
    }
}

/// The world as one invocation sees it: with its own idea of the time.
#[derive(Clone, Copy)]
pub(crate) struct Port<'a> {
    pub(crate) sim: &'a Sim,
    pub(crate) task: usize,
    /// By how many milliseconds the invocation's clock is off.
    pub(crate) skew: i64,
}

struct Plan {
    before: Ms,
    after: Ms,
    fault: Option<Fault>,
    retried: bool,
}

impl Port<'_> {
    pub(crate) fn local_now(&self) -> Timestamp {
        let now = self.sim.state().now;
        at(now.saturating_add_signed(self.skew))
    }

    pub(crate) fn wait(&self, time: Ms) -> impl Future<Output = ()> + Send {
        let (until, mut is_armed) = (self.sim.state().now + time, false);
        poll_fn(move |context| {
            let mut state = self.sim.state();
            if state.now >= until {
                return Poll::Ready(());
            }
            state.keep_waker(self.task, context.waker());
            if !std::mem::replace(&mut is_armed, true) {
                state.push(until, Event::Wake(self.task));
            }
            Poll::Pending
        })
    }

    /// The invocation ends here, wherever it is.
    pub(crate) async fn crash(&self, why: &'static str) {
        self.sim.state().push(0, Event::Kill(self.task, why));
        std::future::pending().await
    }

    fn plan(&self) -> Plan {
        let mut state = self.sim.state();
        state.calls += 1;
        let number = state.calls;
        let (before, after) = (state.rng.within(1, 12), state.rng.within(0, 8));
        let level = state.level;
        let fault = match &self.sim.options.only {
            Some(only) => only.iter().find(|(call, _)| *call == number).map(|(_, fault)| *fault),
            None if state.rng.per_mille(level) => Some(state.rng.pick(&FAULTS)),
            None => None,
        };
        state.injected += u64::from(fault.is_some());
        let retried = state.rng.per_mille(500);
        let slow = if fault == Some(Fault::Slow) { state.rng.within(100, 30_000) } else { 0 };
        Plan {
            before: before + if retried { slow } else { 0 },
            after: after + if retried { 0 } else { slow },
            fault,
            retried,
        }
    }

    /// One port call. The world's SDKs repeat what failed, some of the time: the
    /// same `act` may run twice, and must know itself again.
    pub(crate) async fn op<T: Send + 'static>(
        &self,
        name: &'static str,
        act: impl Fn(&mut State) -> T + Send + 'static,
    ) -> Result<T, BackendError> {
        let plan = self.plan();
        self.wait(plan.before).await;
        self.say(name, &plan);
        match plan.fault {
            Some(Fault::CrashBefore) => self.crash(name).await,
            Some(Fault::ErrorBefore) if plan.retried => {}
            Some(Fault::ErrorBefore) => return Err(outage(name)),
            Some(Fault::Late) => {
                let mut state = self.sim.state();
                let later = state.now + state.rng.within(10, 20_000);
                let late = move |state: &mut State| {
                    state.note(|| format!("late: {name}"));
                    drop(act(state));
                };
                state.push(later, Event::Effect(Box::new(late)));
                return Err(outage(name));
            }
            _ => {}
        }
        let mut answer = act(&mut self.sim.state());
        self.wait(plan.after).await;
        match plan.fault {
            Some(Fault::CrashAfter) => self.crash(name).await,
            Some(Fault::ErrorAfter) if plan.retried => {
                self.wait(50).await;
                answer = act(&mut self.sim.state());
            }
            Some(Fault::ErrorAfter) => return Err(outage(name)),
            _ => {}
        }
        Ok(answer)
    }

    fn say(&self, name: &'static str, plan: &Plan) {
        let fault = plan.fault.map(|fault| format!(" !{fault:?}")).unwrap_or_default();
        let mut state = self.sim.state();
        let call = state.calls;
        state.note(|| format!("#{} {name}{fault} (≤{call})", self.task));
    }
}

fn outage(operation: &'static str) -> BackendError {
    BackendError::unavailable(operation, "a fault of the simulation")
}
