//! The script of a world: who asks for what, when it goes wrong, when it is quiet.

use std::time::Duration;

use shared_core::domain::timeouts::Timeouts;
use test_support::fixtures::TIMEOUTS;

use crate::bugs::Bug;
use crate::client::Request;
use crate::events::Event;
use crate::run::vendor;
use crate::sim::{HOUR, MINUTE, Ms, Options, Sim, State};

/// How long the longest life of a test, the longest expiry and the overdue
/// results take after the faults.
const REST: Ms = 100 * HOUR;

/// The production's times, with a shorter patience for overdue results.
pub(crate) fn times(options: &Options) -> Timeouts {
    let mut timeouts = TIMEOUTS;
    timeouts.policy.result_overdue =
        Duration::from_secs(if options.seed.is_multiple_of(3) { 20 * 60 } else { 24 * 3600 });
    if options.bug == Some(Bug::NoQuiet) {
        timeouts.policy.doubt_quiet = Duration::ZERO;
    }
    timeouts
}

pub(crate) fn begin(sim: &Sim) {
    let mut state = sim.state();
    let state = &mut *state;
    let by_chance = sim.options.only.is_none();
    state.level = if by_chance { state.rng.pick(&[0, 5, 20, 60, 150, 300]) } else { 0 };
    state.vendor_level = if by_chance { state.rng.pick(&[0, 100, 300, 700]) } else { 0 };
    let reservations = if by_chance { state.rng.within(1, 4) } else { 1 };
    let trouble = state.rng.pick(&[HOUR, 3 * HOUR, 8 * HOUR]);
    for number in 0..reservations as usize {
        let first = state.rng.within(0, trouble / 2);
        let vendor = vendor(state);
        let request = Request::draw(state, number, vendor, first);
        state.requests.push(request);
        state.push(first, Event::Request(number));
        if state.rng.per_mille(150) {
            let again = first + state.rng.pick(&[0, 20, 1000, MINUTE]);
            state.push(again, Event::Request(number));
        }
        if state.rng.per_mille(150) {
            let later = first + state.rng.pick(&[10, 400, MINUTE, HOUR]);
            state.push(later, Event::Cancel(number));
        }
    }
    let first = state.rng.within(0, HOUR);
    state.push(first, Event::Poll);
    state.plan_imports(sim.options.seed, trouble);
    state.push(trouble, Event::Quiet);
    state.push(trouble + REST, Event::Finish);
}

/// The faults stop, and the operator has what was put aside delivered again.
pub(crate) fn quiet(state: &mut State) {
    state.note(|| "the faults stop".to_owned());
    (state.level, state.vendor_level, state.quiet) = (0, 0, true);
    for number in 0..state.messages.len() {
        let message = &mut state.messages[number];
        message.received = 0;
        if std::mem::take(&mut message.dead) {
            let soon = state.now + MINUTE;
            state.push(soon, Event::Deliver(number));
        }
    }
}

/// Until when the schedules are simulated.
pub(crate) fn end(state: &State) -> Ms {
    let lives = state.vendors.sales.iter().flat_map(|sale| sale.life.last()).map(|step| step.at).max();
    lives.unwrap_or(0).max(20 * HOUR) + 4 * HOUR
}

impl State {
    /// A client that was not answered asks again.
    pub(crate) fn answered(&mut self, number: usize, well: bool) {
        let request = &mut self.requests[number];
        request.answered |= well;
        if !request.answered && request.tries < 20 {
            let again = self.now + self.rng.within(1, 10) * MINUTE;
            self.push(again, Event::Request(number));
        }
    }
}
