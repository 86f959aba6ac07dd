//! Which steps there are, and what each does.

use shared_core::domain::reservation::{Event, State};
use stateright::{Model, Property};

use crate::hub::{call_of, is_due};
use crate::properties;
use crate::protocol::{Protocol, Says, time};
use crate::world::{Answer, Fate, LookUpReason, Step, Worker, World};

impl Model for Protocol {
    type State = World;
    type Action = Step;

    fn init_states(&self) -> Vec<World> {
        self.beginnings()
    }

    fn actions(&self, world: &World, steps: &mut Vec<Step>) {
        for worker in 0..world.workers.len() {
            self.worker_steps(world, worker, steps);
        }
        self.queue_steps(world, steps);
        self.vendor_steps(world, steps);
        // Before the calm, anything may take any time. From then on everything
        // that can happen does so before time goes on.
        if self.may_tick(world) && (world.now < self.calm || steps.is_empty()) {
            steps.push(Step::Tick);
        }
    }

    fn next_state(&self, world: &World, step: Step) -> Option<World> {
        let mut next = world.clone();
        self.take(&mut next, step);
        next.level();
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties::all(self)
    }
}

impl Protocol {
    /// The clock waits for the living: a worker ends before its lease does, and a
    /// vendor comes to a request within the quiet time.
    fn may_tick(&self, world: &World) -> bool {
        let next = time(world.now + 1);
        let is_alive = |worker: &Worker| match worker {
            Worker::Leased { read, .. } | Worker::Waiting { read, .. } => {
                matches!(&read.state, State::Calling { lease, .. } if lease.until <= next)
            }
            _ => false,
        };
        world.now < self.end && !world.workers.iter().any(is_alive) && !Self::must_decide(world)
    }

    fn worker_steps(&self, world: &World, worker: usize, steps: &mut Vec<Step>) {
        let fails = self.may_fail(world);
        steps.extend(self.unclaimed(world, worker).map(|_| Step::Claim(worker)));
        match &world.workers[worker] {
            Worker::Idle => return self.idle_steps(world, worker, steps),
            Worker::Read { .. } => steps.push(Step::Start(worker)),
            Worker::Leased { .. } => {
                steps.push(Step::Send(worker));
                steps.extend(fails.then_some(Step::NotSent(worker)));
            }
            Worker::Waiting { res, read } => {
                steps.extend(self.answer(world, *res, call_of(read)).map(|_| Step::Answer(worker)));
                steps.extend(fails.then_some(Step::LoseAnswer(worker)));
            }
            Worker::Answered { .. } if fails => {
                steps.extend([Step::Write(worker), Step::WriteUnacknowledged(worker), Step::EnqueueOutcome(worker)]);
            }
            _ => steps.push(Step::Write(worker)),
        }
        steps.extend(fails.then_some(Step::Crash(worker)));
    }

    /// What an invocation may begin with.
    fn idle_steps(&self, world: &World, worker: usize, steps: &mut Vec<Step>) {
        for (res, reservation) in (0..).zip(&world.stored) {
            if reservation.may_call(time(world.now)) {
                steps.push(Step::Fulfil(worker, res));
            }
            let swept = |worker: &Worker| matches!(worker, Worker::Sweeping { res: other, .. } if *other == res);
            let due = is_due(reservation, world.now);
            if due && self.sweeps(world, res).is_some() && !world.workers.iter().any(swept) {
                steps.push(Step::Sweep(worker, res));
            }
            if self.asks() {
                self.asking_steps(world, worker, res, due, steps);
            }
        }
        for mail in &world.mail {
            steps.push(Step::Report(worker, *mail, false));
            steps.extend((world.left.repeats > 0).then_some(Step::Report(worker, *mail, true)));
        }
    }

    fn asking_steps(&self, world: &World, worker: usize, res: u8, due: bool, steps: &mut Vec<Step>) {
        let why = match world.stored[usize::from(res)].state {
            State::InDoubt { .. } if due => Some(LookUpReason::Doubt),
            State::Ready if due => Some(LookUpReason::Expiry),
            _ => None,
        };
        let asked = |worker: &Worker| matches!(worker, Worker::LookedUp { res: other, .. } if *other == res);
        let asked = world.workers.iter().any(asked);
        let spare = world.left.lookups > 0 && world.now < self.calm;
        if let Some(why) = why.filter(|_| !asked || spare) {
            steps.push(Step::LookUp(worker, res, why));
        }
        if spare || (self.has_news(world, res) && !asked) {
            steps.push(Step::LookUp(worker, res, LookUpReason::Poll));
        }
    }

    fn queue_steps(&self, world: &World, steps: &mut Vec<Step>) {
        steps.extend(world.outcomes.keys().map(|outcome| Step::Deliver(*outcome)));
        for (res, reservation) in (0..).zip(&world.stored) {
            let in_doubt = matches!(reservation.state, State::InDoubt { .. });
            if in_doubt && world.left.decisions > 0 && world.now < self.calm {
                steps.extend([Step::BuyAgain(res), Step::GiveUp(res)]);
            }
            let withdrawable = matches!(reservation.state, State::Queued { .. } | State::Ready);
            if withdrawable && world.left.cancels > 0 && world.now < self.calm {
                steps.push(Step::Cancel(res));
            }
        }
    }

    fn vendor_steps(&self, world: &World, steps: &mut Vec<Step>) {
        for (at, request) in world.requests.iter().enumerate().filter(|(_, request)| request.fate == Fate::Open) {
            steps.push(Step::Sell(at));
            match request.gone {
                Some(_) => steps.push(Step::Forget(at)),
                None if self.may_fail(world) => steps.extend([Step::Refuse(at), Step::Decline(at)]),
                None => {}
            }
            if self.reuses && !world.sales.is_empty() && self.may_fail(world) {
                steps.push(Step::SellAgain(at));
            }
        }
        // Tests rest from the calm on: some are never begun, some stop half way.
        if world.now < self.calm {
            let goes_on = world.sales.iter().enumerate().filter(|(_, sale)| self.may_progress(world, sale));
            steps.extend(goes_on.map(|(at, _)| Step::Progress(at)));
        }
        for doc in &world.letters {
            steps.push(Step::Receive(*doc, false));
            // A vendor repeats a reset only while it is the last word.
            let is_last = world.sales.iter().any(|sale| sale.test == doc.test && sale.steps == doc.step + 1);
            let repeats = world.left.repeats > 0 && (is_last || self.says(*doc) != Says::Ready);
            steps.extend(repeats.then_some(Step::Receive(*doc, true)));
        }
    }

    fn take(&self, world: &mut World, step: Step) {
        if step.is_fault() {
            world.left.faults -= 1;
        }
        match step {
            Step::Tick => world.now += 1,
            Step::Crash(worker) => self.crash(world, worker),
            Step::Fulfil(worker, res) => self.fulfil(world, worker, res),
            Step::Start(worker) => self.start(world, worker),
            Step::Send(worker) => self.send(world, worker),
            Step::NotSent(worker) => self.ends(world, worker, Answer::NotProcessed),
            Step::Answer(worker) => self.take_answer(world, worker),
            Step::LoseAnswer(worker) => self.lose_answer(world, worker),
            Step::Claim(worker) => self.claim(world, worker),
            Step::Write(worker) => self.take_write(world, worker),
            Step::WriteUnacknowledged(worker) => self.write(world, worker, false),
            Step::EnqueueOutcome(worker) => self.enqueue_outcome(world, worker),
            Step::Deliver(outcome) => self.deliver(world, outcome),
            Step::Sweep(worker, res) => {
                let read = world.stored[usize::from(res)].clone();
                let Some(event) = self.sweeps(world, res) else { return };
                world.workers[worker] = Worker::Sweeping { res, event, read };
            }
            Step::Cancel(res) => self.cancel(world, res),
            Step::BuyAgain(res) => self.settle_by_hand(world, res, &Event::NothingSold),
            Step::GiveUp(res) => self.settle_by_hand(world, res, &Event::GivenUp),
            step => self.take_vendor(world, step),
        }
    }

    fn take_vendor(&self, world: &mut World, step: Step) {
        match step {
            Step::LookUp(worker, res, why) => self.look_up(world, worker, res, why),
            Step::Sell(request) => self.sell(world, request, false),
            Step::SellAgain(request) => self.sell(world, request, true),
            Step::Refuse(request) => self.decides(world, request, Fate::Refused),
            Step::Decline(request) => self.decides(world, request, Fate::NotProcessed),
            Step::Forget(request) => drop(world.requests.remove(request)),
            Step::Progress(sale) => self.progress(world, sale),
            Step::Receive(doc, again) => self.receive(world, doc, again),
            Step::Report(worker, mail, again) => self.read_report(world, worker, mail, again),
            _ => {}
        }
    }

    fn take_answer(&self, world: &mut World, worker: usize) {
        let Worker::Waiting { res, read } = world.workers[worker].clone() else { return };
        let call = call_of(&read);
        let Some(answer) = self.answer(world, res, call) else { return };
        world.requests.retain(|request| request.res != res || request.call != call);
        self.ends(world, worker, answer);
    }

    fn lose_answer(&self, world: &mut World, worker: usize) {
        let Worker::Waiting { res, read } = world.workers[worker].clone() else { return };
        self.abandon(world, res, call_of(&read));
        self.ends(world, worker, Answer::Unknown(world.now));
    }

    fn take_write(&self, world: &mut World, worker: usize) {
        match world.workers[worker] {
            Worker::Sweeping { .. } => self.sweep(world, worker),
            Worker::Reporting { .. } => self.report(world, worker),
            Worker::LookedUp { .. } => self.apply_found(world, worker),
            _ => self.write(world, worker, true),
        }
    }
}

impl Step {
    fn is_fault(self) -> bool {
        matches!(
            self,
            Step::Crash(_)
                | Step::NotSent(_)
                | Step::LoseAnswer(_)
                | Step::WriteUnacknowledged(_)
                | Step::EnqueueOutcome(_)
                | Step::SellAgain(_)
                | Step::Refuse(_)
                | Step::Decline(_)
        )
    }
}
