//! The hub's steps: the production transition function, and around it the use
//! cases (`fulfil`, `purchase`, `attend_due`, `commit`) in the small.

use jiff::Timestamp;
use shared_core::domain::reservation::{
    Alert, CallOutcome, Change, Decision, Effect, Event, Evidence, Lease, NotProcessed, Refusal, Reservation, State,
    Unknown,
};

use crate::bugs::Bug;
use crate::frozen::Frozen;
use crate::grades;
use crate::protocol::{LEASE, Protocol, holder, time};
use crate::world::{Answer, Fate, Outcome, Request, Sweep, Worker, World, Written};

impl Protocol {
    /// `apply_and_commit`: decides on what was read, writes if that is still what is
    /// stored, and decides anew on a conflict. What follows a conflict is one step
    /// here: the last round of any execution decides on what it then overwrites.
    pub(crate) fn settle(&self, world: &mut World, res: u8, read: &Frozen, event: &Event) -> Written {
        let slot = usize::from(res);
        let change = match self.decide(read, event, world.now) {
            Decision::Duplicate => return Written::Duplicate,
            Decision::Write(change) if *read == world.stored[slot] => change,
            Decision::Write(_) => match self.decide(&world.stored[slot], event, world.now) {
                Decision::Duplicate => return Written::Duplicate,
                Decision::Write(change) => change,
            },
        };
        let claims: Vec<u8> = change.claims().map(Self::test).collect();
        if !self.has(Bug::SkipClaims) {
            if claims.iter().any(|test| world.claims.get(test).is_some_and(|owner| *owner != res)) {
                return Written::ReferenceTaken;
            }
            world.claims.extend(claims.into_iter().map(|test| (test, res)));
        }
        self.store(world, res, event, &change)
    }

    /// What a worker is about to write names a test that nobody has claimed. A reservation
    /// that is alone has nobody to dispute it, so there it is no step of its own.
    pub(crate) fn unclaimed(&self, world: &World, worker: usize) -> Option<(u8, u8)> {
        if world.stored.len() < 2 {
            return None;
        }
        let (res, read, event) = match &world.workers[worker] {
            Worker::Answered { res, call, answer, read } => {
                let outcome = self.outcome(*call, *answer);
                (*res, read, Event::CallEnded { call_no: u32::from(*call), outcome })
            }
            Worker::Reporting { mail, read } => {
                let sale = world.sales.iter().find(|sale| sale.test == mail.doc.test)?;
                (sale.res, read, self.reported(*mail))
            }
            Worker::LookedUp { res, found, at, read, .. } => (*res, read, self.found(read, *found.first()?, *at)),
            _ => return None,
        };
        let Decision::Write(change) = self.decide(read, &event, world.now) else { return None };
        let test = change.claims().map(Self::test).find(|test| !world.claims.contains_key(test))?;
        Some((res, test))
    }

    pub(crate) fn claim(&self, world: &mut World, worker: usize) {
        let Some((res, test)) = self.unclaimed(world, worker) else { return };
        world.claims.insert(test, res);
    }

    fn store(&self, world: &mut World, res: u8, event: &Event, change: &Change) -> Written {
        let slot = usize::from(res);
        let after = Frozen::new(change.after.clone());
        if let Event::Reported(report) = event {
            grades::watch(self, world, res, &after, report);
        }
        world.stored[slot] = after;
        // Alerts are raised before the write: of what is written, somebody was told.
        world.alerted[slot] |= change.effects.contains(&Effect::Alert(Alert::InDoubt));
        // `Effect::Fulfil` is left to the sweep, which may come at any time: a
        // queue that is as quick as can be is one of its executions.
        Written::Done { holder: held_by(&change.after) }
    }

    /// `fulfil` reads a reservation that may be called for.
    pub(crate) fn fulfil(&self, world: &mut World, worker: usize, res: u8) {
        let read = world.stored[usize::from(res)].clone();
        let is_first = |worker: &Worker| matches!(worker, Worker::Read { second: false, read: other, .. } if other.calls == read.calls);
        let second = world.workers.iter().any(is_first);
        world.workers[worker] = Worker::Read { res, second, read };
    }

    pub(crate) fn start(&self, world: &mut World, worker: usize) {
        let Worker::Read { res, second, read } = world.workers[worker].clone() else { return };
        let invocation = holder(second, read.calls + 1);
        let lease = Lease { holder: invocation.clone(), until: time(world.now + LEASE) };
        let written = self.settle(world, res, &read, &Event::CallStarted(lease));
        world.workers[worker] = match written {
            Written::Done { holder: Some(holder) } if holder == invocation => {
                Worker::Leased { res, read: world.stored[usize::from(res)].clone() }
            }
            _ => Worker::Idle,
        };
    }

    pub(crate) fn send(&self, world: &mut World, worker: usize) {
        let Worker::Leased { res, read } = world.workers[worker].clone() else { return };
        world.requests.push(Request { res, call: call_of(&read), fate: Fate::Open, gone: None });
        world.workers[worker] = Worker::Waiting { res, read };
    }

    /// A call ends, with an answer or without.
    pub(crate) fn ends(&self, world: &mut World, worker: usize, answer: Answer) {
        let (Worker::Leased { res, read } | Worker::Waiting { res, read }) = world.workers[worker].clone() else {
            return;
        };
        world.workers[worker] = Worker::Answered { res, call: call_of(&read), answer, read };
    }

    /// `record_outcome` by the worker that called.
    pub(crate) fn write(&self, world: &mut World, worker: usize, acknowledged: bool) {
        let Worker::Answered { res, call, answer, read } = world.dismiss(worker) else { return };
        let outcome = Outcome { res, call, answer };
        self.record(world, &read, outcome);
        if !acknowledged {
            world.outcomes.insert(outcome, 2);
        }
    }

    pub(crate) fn enqueue_outcome(&self, world: &mut World, worker: usize) {
        let Worker::Answered { res, call, answer, .. } = world.dismiss(worker) else { return };
        world.outcomes.insert(Outcome { res, call, answer }, 2);
    }

    /// An outcome comes back from the queue, twice. Reading and writing are one
    /// step: a call's outcome that is a duplicate once is one ever after.
    pub(crate) fn deliver(&self, world: &mut World, outcome: Outcome) {
        match world.outcomes.get_mut(&outcome) {
            Some(left) if *left > 1 => *left -= 1,
            _ => drop(world.outcomes.remove(&outcome)),
        }
        let read = world.stored[usize::from(outcome.res)].clone();
        self.record(world, &read, outcome);
    }

    fn record(&self, world: &mut World, read: &Frozen, outcome: Outcome) {
        let Outcome { res, call, answer } = outcome;
        if let Answer::Confirmed(test) = answer {
            world.told.insert((res, test));
            let is_late = !matches!(world.stored[usize::from(res)].state, State::Calling { .. });
            if is_late && self.has(Bug::DiscardLateConfirmation) {
                return;
            }
        }
        let event = Event::CallEnded { call_no: u32::from(call), outcome: self.outcome(call, answer) };
        let written = self.settle(world, res, read, &event);
        if matches!(written, Written::ReferenceTaken) && !self.has(Bug::ForgetTaken) {
            let mut evidence = Evidence::without_answer(call.into(), time(world.now), Unknown::ReferenceTaken);
            if let Answer::Confirmed(test) = answer {
                evidence.reference = Some(self.reference(test));
            }
            let event = Event::CallEnded { call_no: call.into(), outcome: CallOutcome::Unknown(evidence) };
            self.settle(world, res, read, &event);
        }
    }

    fn outcome(&self, call: u8, answer: Answer) -> CallOutcome {
        match answer {
            Answer::Confirmed(test) => CallOutcome::Confirmed { reference: self.reference(test), launch: None },
            Answer::Refused => CallOutcome::Refused(Refusal { out_of_tests: false, vendor_reason: "no".into() }),
            Answer::NotProcessed => not_processed(),
            Answer::Unknown(at) => {
                CallOutcome::Unknown(Evidence::without_answer(call.into(), time(at), Unknown::TimedOut))
            }
        }
    }

    /// The operator decides what became of a doubt, and may be wrong.
    pub(crate) fn settle_by_hand(&self, world: &mut World, res: u8, event: &Event) {
        world.left.decisions -= 1;
        let read = world.stored[usize::from(res)].clone();
        self.settle(world, res, &read, event);
    }

    pub(crate) fn cancel(&self, world: &mut World, res: u8) {
        world.left.cancels -= 1;
        let read = world.stored[usize::from(res)].clone();
        self.settle(world, res, &read, &Event::Cancel);
    }

    /// What the sweep changes by itself, as `Attending::need` says.
    pub(crate) fn sweeps(&self, world: &World, res: u8) -> Option<Sweep> {
        let reservation = &world.stored[usize::from(res)];
        match &reservation.state {
            State::Queued { .. } if reservation.is_past_expiry(time(world.now)) => Some(Sweep::Expire),
            State::Calling { .. } => Some(Sweep::Lapse(call_of(reservation))),
            State::Ready if !self.asks() => Some(Sweep::Expire),
            State::AwaitingScore { .. } | State::UnderReview { .. } => Some(Sweep::Overdue),
            _ => None,
        }
    }

    pub(crate) fn sweep(&self, world: &mut World, worker: usize) {
        let Worker::Sweeping { res, event, read } = world.dismiss(worker) else { return };
        let event = match event {
            Sweep::Lapse(call) => Event::LeaseLapsed { call_no: call.into() },
            Sweep::Expire => Event::ExpiryReached,
            Sweep::Overdue => Event::ResultOverdue,
        };
        self.settle(world, res, &read, &event);
    }

    /// A worker dies. What it held of the vendor's is on its own from then on; a
    /// report goes back to its queue; a fulfilment message is left to the sweep.
    pub(crate) fn crash(&self, world: &mut World, worker: usize) {
        match world.dismiss(worker) {
            Worker::Waiting { res, read } => self.abandon(world, res, call_of(&read)),
            Worker::Reporting { mail, .. } => drop(world.mail.insert(mail)),
            _ => {}
        }
    }
}

pub(crate) fn call_of(reservation: &Reservation) -> u8 {
    u8::try_from(reservation.calls).expect("few calls")
}

pub(crate) fn is_due(reservation: &Reservation, now: u8) -> bool {
    reservation.due_at.is_some_and(|due: Timestamp| due <= time(now))
}

fn held_by(reservation: &Reservation) -> Option<String> {
    match &reservation.state {
        State::Calling { lease, .. } => Some(lease.holder.clone()),
        _ => None,
    }
}

fn not_processed() -> CallOutcome {
    CallOutcome::NotProcessed { why: NotProcessed::Busy, retry_after: None, detail: None }
}
