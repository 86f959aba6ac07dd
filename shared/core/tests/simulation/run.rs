//! Running a world: the schedules, the queues' deliveries and the clients' calls
//! become invocations of the use cases, each with its time-out.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use shared_core::domain::deadline::Deadline;
use shared_core::domain::ids::{Account, ReservationId, Vendor};
use shared_core::domain::reservation::Reservation;
use shared_core::ports::*;
use shared_core::usecases::cancel::cancel;
use shared_core::usecases::check_score::{CheckError, check_score};
use shared_core::usecases::purchase::record_outcome;
use shared_core::usecases::record_report::record_report;
use shared_core::usecases::reserve::reserve;
use shared_core::usecases::{Invocation, fulfil, poll_scores, sweep};
use test_support::World;
use test_support::fixtures::inbound_webhook;

use crate::bugs::{self, Bug};
use crate::client::Request;
use crate::events::Event;
use crate::hooks::Body;
use crate::imports;
use crate::sim::{HOUR, MINUTE, Ms, Port, SECOND, Sim, State};
use crate::world;

/// How often a queue delivers a message before it is put aside.
const RECEIVES: u32 = 5;
/// More than any world takes: one that goes on is stuck.
const EVENTS: u64 = 60_000;

type Job<'a> = Pin<Box<dyn Future<Output = Result<(), String>> + 'a>>;

/// What an invocation is for.
#[derive(Clone, Copy)]
enum Kind {
    Message(usize),
    Request(usize),
    Sweep,
    Other,
}

struct Task<'a> {
    job: Job<'a>,
    kind: Kind,
}

/// Runs one world to its end.
pub(crate) fn run(sim: &Sim) {
    world::begin(sim);
    let mut runner = Runner { sim, tasks: Vec::new(), sweeping: false };
    let mut events = 0;
    while let Some(event) = sim.pop() {
        events += 1;
        if events > EVENTS {
            sim.state().violated("the world never comes to rest".to_owned());
            break;
        }
        runner.take(event);
    }
}

struct Runner<'a> {
    sim: &'a Sim,
    tasks: Vec<Option<Task<'a>>>,
    sweeping: bool,
}

impl<'a> Runner<'a> {
    fn take(&mut self, event: Event) {
        match event {
            Event::Wake(task) => {
                let wakers = self.sim.state().wakers(task);
                wakers.into_iter().for_each(Waker::wake);
                self.poll(task);
            }
            Event::Kill(task, why) => self.kill(task, why),
            Event::Deliver(message) => self.deliver(message, false),
            Event::DeliverAgain(message) => self.deliver(message, true),
            Event::Effect(effect) => effect(&mut self.sim.state()),
            Event::Sweep => self.sweep(),
            Event::Poll => self.poll_scores(),
            Event::Request(number) => self.request(number),
            Event::Cancel(number) => self.cancel(number),
            Event::Webhook { doc } => self.webhook(doc),
            Event::Hint(id) => self.hint(id),
            Event::Quiet => world::quiet(&mut self.sim.state()),
            Event::Import => self.import(),
            Event::Finish => self.finish(),
        }
    }

    /// Starts an invocation; it dies at its time-out.
    fn spawn<F: Future<Output = Result<(), String>> + 'a>(
        &mut self,
        name: &'static str,
        kind: Kind,
        seconds: Ms,
        job: impl FnOnce(World<Port<'a>>) -> F,
    ) {
        let task = self.tasks.len();
        let skew = {
            let mut state = self.sim.state();
            let skew = if state.level > 0 { state.rng.within(0, 4000) as i64 - 2000 } else { 0 };
            let end = state.now + seconds * SECOND;
            state.push(end, Event::Kill(task, "time-out"));
            state.note(|| format!("#{task} begins: {name} (clock {skew:+} ms)"));
            skew
        };
        let port = World::new(Port { sim: self.sim, task, skew });
        self.tasks.push(Some(Task { job: Box::pin(job(port)), kind }));
        self.poll(task);
    }

    fn poll(&mut self, task: usize) {
        let Some(running) = self.tasks[task].as_mut() else { return };
        let mut context = Context::from_waker(Waker::noop());
        let Poll::Ready(done) = running.job.as_mut().poll(&mut context) else { return };
        let kind = running.kind;
        self.tasks[task] = None;
        let mut state = self.sim.state();
        state.note(|| format!("#{task} ends: {done:?}"));
        let untold = state.take_untold(task);
        state.memory.alerts.extend(untold);
        drop(state);
        self.ended(kind, done.is_ok());
    }

    fn kill(&mut self, task: usize, why: &'static str) {
        let Some(running) = self.tasks[task].take() else { return };
        self.sim.state().note(|| format!("#{task} dies: {why}"));
        self.ended(running.kind, false);
    }

    fn ended(&mut self, kind: Kind, well: bool) {
        let mut state = self.sim.state();
        match kind {
            Kind::Message(message) if well => state.messages[message].done = true,
            Kind::Request(number) => state.answered(number, well),
            Kind::Sweep => self.sweeping = false,
            Kind::Message(_) | Kind::Other => {}
        }
    }

    fn deliver(&mut self, number: usize, again: bool) {
        let body = {
            let mut state = self.sim.state();
            let message = &mut state.messages[number];
            if message.dead || (message.done && !again) {
                return;
            }
            if !again {
                message.received += 1;
            }
            message.done |= self.sim.has(Bug::DeletedBeforeDone);
            if message.received > RECEIVES {
                message.dead = true;
                if state.quiet {
                    state.violated(format!("message {number} is poison"));
                }
                return;
            }
            message.body.clone()
        };
        let kind = if again { Kind::Other } else { Kind::Message(number) };
        let seconds = match body {
            Body::Record(_) => 30,
            _ => 60,
        };
        if !again {
            let mut state = self.sim.state();
            let visible = state.now + seconds * 6 * SECOND;
            state.push(visible, Event::Deliver(number));
        }
        match body {
            Body::Fulfil(id) => self.spawn("fulfil", kind, seconds, |port| fulfil(port, id)),
            Body::Record(message) => self.spawn("record-result", kind, seconds, |port| record(port, message)),
            Body::Check(check) => self.spawn("score-poller", kind, seconds, |port| look_up(port, check)),
        }
    }

    /// The sweep runs alone; where nothing is due, none is simulated.
    fn sweep(&mut self) {
        {
            let mut state = self.sim.state();
            if state.next_sweep != Some(state.now) {
                return;
            }
            state.next_sweep = None;
            state.plan_sweep();
        }
        if !self.sweeping {
            self.sweeping = true;
            self.spawn("expire-reservations", Kind::Sweep, 50, sweep);
        }
    }

    fn finish(&mut self) {
        self.spawn("the last sweep", Kind::Other, 50, sweep);
    }

    fn import(&mut self) {
        let (listing, exported_at, age) = self.sim.state().export();
        let seconds = age / SECOND + 600;
        self.spawn("hubctl inventory import", Kind::Other, seconds, move |port| {
            imports::import(port, listing, exported_at, age)
        });
    }

    fn poll_scores(&mut self) {
        let mut state = self.sim.state();
        let next = state.now + state.rng.pick(&[20 * MINUTE, HOUR, 3 * HOUR]);
        if next < world::end(&state) {
            state.push(next, Event::Poll);
        }
        drop(state);
        self.spawn("score-poller's schedule", Kind::Other, 60, poll_accounts);
    }

    fn request(&mut self, number: usize) {
        let (order, respond_async) = {
            let mut state = self.sim.state();
            let Request { order, respond_async, .. } = &state.requests[number];
            let mut request = (order.clone(), *respond_async);
            if self.sim.has(Bug::RepeatIsNew) {
                request.0.id = bugs::another_id(number, state.requests[number].tries);
            }
            state.requests[number].tries += 1;
            request
        };
        let kind = Kind::Request(number);
        self.spawn("provision", kind, 29, move |port| async move {
            reserve(&port, order, &port.invocation(29), respond_async).await.map(drop).map_err(|e| e.to_string())
        });
    }

    fn cancel(&mut self, number: usize) {
        let id = self.sim.state().requests[number].order.id.clone();
        self.spawn("provision: cancel", Kind::Other, 29, move |port| async move {
            let Some(mut reservation) = port.reservation(&id).await.map_err(text)? else { return Ok(()) };
            if port.sim.has(Bug::CallsWithdrawn) {
                reservation = bugs::unleased(reservation);
            }
            cancel(&port, reservation).await.map(drop).map_err(text)
        });
    }

    fn webhook(&mut self, doc: usize) {
        self.sim.state().vendors.docs[doc].tried += 1;
        self.spawn("itep-webhook", Kind::Other, 10, move |port| async move {
            let received_at = port.local_now();
            let receipt = inbound_webhook(&format!("r{}", port.task), received_at, &doc.to_le_bytes());
            let answer = |state: &mut State| state.vendors.docs[doc].kept.push(received_at);
            if port.sim.has(Bug::AnsweredBeforeKept) {
                answer(&mut port.sim.state());
            }
            port.record(&ResultMessage::InboundWebhook(receipt), Duration::ZERO).await.map_err(text)?;
            answer(&mut port.sim.state());
            Ok(())
        });
    }

    fn hint(&mut self, reservation_id: ReservationId) {
        self.spawn("truenorth-webhook", Kind::Other, 5, move |port| async move {
            let account = "default".parse().map_err(|_| "a name")?;
            let check = ScoreCheck::new(account, reservation_id, CheckReason::Webhook);
            port.check_score(&check, Duration::ZERO).await.map_err(text)
        });
    }
}

fn text(outage: BackendError) -> String {
    outage.to_string()
}

impl Port<'_> {
    fn invocation(&self, seconds: u64) -> Invocation {
        let deadline = Deadline::after(self.local_now(), Duration::from_secs(seconds));
        Invocation { id: format!("i{}", self.task), deadline }
    }
}

async fn fulfil(port: World<Port<'_>>, id: ReservationId) -> Result<(), String> {
    fulfil::fulfil(&port, &id, &port.invocation(60)).await.map(drop).map_err(text)
}

async fn record(port: World<Port<'_>>, message: ResultMessage) -> Result<(), String> {
    match message {
        ResultMessage::InboundWebhook(mut receipt) => {
            if port.sim.has(Bug::DatedWhenProcessed) {
                receipt.received_at = port.local_now();
            }
            let report = parse_report(&port, &receipt);
            record_report(&port, receipt, report).await.map(drop).map_err(text)
        }
        ResultMessage::Outcome { reservation_id, call_no, outcome } => {
            let found: Option<Reservation> = port.reservation(&reservation_id).await.map_err(text)?;
            let reservation = found.ok_or("the reservation is gone")?;
            record_outcome(&port, reservation, call_no, &outcome).await.map(drop).map_err(text)
        }
        ResultMessage::LowStock { .. } => Ok(()),
    }
}

/// What the receipt's bytes say.
fn parse_report(port: &Port<'_>, receipt: &InboundWebhook) -> ParsedReport {
    let number = receipt.body.as_slice().try_into().map(usize::from_le_bytes).expect("a document's number");
    let state = port.sim.state();
    let doc = &state.vendors.docs[number];
    let sale = &state.vendors.sales[doc.sale];
    ParsedReport {
        reservation_id: doc.names_oid.then(|| sale.reservation.clone()),
        reference: sale.reference.clone(),
        status: doc.status.clone(),
        unreadable: Vec::new(),
        raw: RawDocument { digest: doc.digest.clone(), bytes: Vec::new() },
    }
}

async fn look_up(port: World<Port<'_>>, check: ScoreCheck) -> Result<(), String> {
    match check_score(&port, &check).await {
        // The function leaves these to the next sweep.
        Err(CheckError::LookUp(_)) if matches!(check.reason, CheckReason::Expiry | CheckReason::Doubt) => Ok(()),
        checked => checked.map(drop).map_err(|e| e.to_string()),
    }
}

async fn poll_accounts(port: World<Port<'_>>) -> Result<(), String> {
    for name in port.accounts().await.map_err(text)? {
        let account = Account { vendor: Vendor::Truenorth, name };
        poll_scores::poll_scores(&port, &account).await.map(drop).map_err(|e| e.to_string())?;
    }
    Ok(())
}

async fn sweep(port: World<Port<'_>>) -> Result<(), String> {
    sweep::sweep(&port, port.invocation(50).deadline).await.map(drop).map_err(text)
}

/// Which vendor a reservation is bought from.
pub(crate) fn vendor(state: &mut State) -> Vendor {
    if state.rng.per_mille(550) { Vendor::Itep } else { Vendor::Truenorth }
}
