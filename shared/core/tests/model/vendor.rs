//! The vendor's steps, and what the hub hears of them.

use shared_core::domain::ids::Vendor;
use shared_core::domain::reservation::{CallOutcome, Event, Report, ReportedStatus, Reservation};
use shared_core::domain::test_result::TestResult;

use crate::protocol::{Protocol, QUIET, Says, heard_at, time};
use crate::world::{Answer, Doc, Fate, LookUpReason, LookUpRequest, Mail, Request, Sale, Worker, World, Written};

impl Protocol {
    /// Whether the vendor can be asked what it sold.
    pub(crate) fn asks(&self) -> bool {
        self.vendor == Vendor::Truenorth
    }

    /// The vendor commits a sale: of a new test, or of one that it sold before.
    pub(crate) fn sell(&self, world: &mut World, request: usize, again: bool) {
        let res = world.requests[request].res;
        let test = if again { world.sales[0].test } else { u8::try_from(world.sales.len()).expect("few sales") };
        world.sales.push(Sale { res, test, steps: 0 });
        self.decides(world, request, Fate::Sold(test));
    }

    pub(crate) fn decides(&self, world: &mut World, request: usize, fate: Fate) {
        world.requests[request].fate = fate;
        if world.requests[request].gone.is_some() {
            world.requests.remove(request);
        }
    }

    /// Nobody waits for a call's answer any more.
    pub(crate) fn abandon(&self, world: &mut World, res: u8, call: u8) {
        let now = world.now;
        let is_it = |request: &Request| request.res == res && request.call == call;
        world.requests.retain(|request| !is_it(request) || request.fate == Fate::Open);
        for request in world.requests.iter_mut().filter(|request| is_it(request)) {
            request.gone = Some(now);
        }
    }

    /// The answer to a call, once the vendor has decided.
    pub(crate) fn answer(&self, world: &World, res: u8, call: u8) -> Option<Answer> {
        let request = world.requests.iter().find(|request| request.res == res && request.call == call)?;
        match request.fate {
            Fate::Open => None,
            Fate::Sold(test) => Some(Answer::Confirmed(test)),
            Fate::Refused => Some(Answer::Refused),
            Fate::NotProcessed => Some(Answer::NotProcessed),
        }
    }

    /// Whether the clock would outrun a vendor: a request whose sender has gone
    /// is committed within the quiet time, or never.
    pub(crate) fn must_decide(world: &World) -> bool {
        let next = world.now + 1;
        world.requests.iter().any(|request| request.gone.is_some_and(|gone| next >= gone + QUIET))
    }

    /// A test goes on. iTEP tells of it; TrueNorth is asked.
    pub(crate) fn progress(&self, world: &mut World, sale: usize) {
        let Sale { test, steps, .. } = world.sales[sale];
        world.sales[sale].steps += 1;
        if !self.asks() {
            world.letters.insert(Doc { test, step: steps });
        }
    }

    /// A candidate does not sit again before the reset was told: sittings are
    /// days apart. Everything else may overtake.
    pub(crate) fn may_progress(&self, world: &World, sale: &Sale) -> bool {
        let awaits_reset =
            world.letters.iter().any(|doc| doc.test == sale.test && doc.step > 0 && self.says(*doc) == Says::Ready);
        usize::from(sale.steps) < self.script.len() && !awaits_reset
    }

    /// `itep-webhook`: a delivery gets its receipt and is queued.
    pub(crate) fn receive(&self, world: &mut World, doc: Doc, again: bool) {
        world.heard += 1;
        let place = world.heard;
        if again {
            world.left.repeats -= 1;
        } else {
            world.letters.remove(&doc);
        }
        world.first.entry(doc).or_insert(place);
        world.mail.insert(Mail { doc, receipt: place });
    }

    /// `record-result` reads a report and the reservation that it names.
    pub(crate) fn read_report(&self, world: &mut World, worker: usize, mail: Mail, again: bool) {
        if again {
            world.left.repeats -= 1;
        } else {
            world.mail.remove(&mail);
        }
        if let Some(sale) = world.sales.iter().find(|sale| sale.test == mail.doc.test) {
            let read = world.stored[usize::from(sale.res)].clone();
            world.workers[worker] = Worker::Reporting { mail, read };
        }
    }

    /// `Recording::record`: a report on another test is quarantined, which no
    /// property minds: it is kept and told.
    pub(crate) fn report(&self, world: &mut World, worker: usize) {
        let Worker::Reporting { mail, read } = world.dismiss(worker) else { return };
        let doc = mail.doc;
        let Some(sale) = world.sales.iter().find(|sale| sale.test == doc.test).copied() else { return };
        if read.reference.as_ref().is_some_and(|own| Self::test(own) != doc.test) {
            return;
        }
        let written = match self.drops(&read.state) {
            true => Written::Duplicate,
            false => self.settle(world, sale.res, &read, &self.reported(mail)),
        };
        let own = world.stored[usize::from(sale.res)].reference.as_ref().map(Self::test);
        let is_ruled = !matches!(written, Written::ReferenceTaken) && own.is_none_or(|own| own == doc.test);
        if is_ruled && self.says(doc).grades() {
            world.ruled.insert(doc);
        }
    }

    pub(crate) fn reported(&self, Mail { doc, receipt }: Mail) -> Event {
        Event::Reported(Box::new(Report {
            receipt: Some(receipt.to_string().parse().expect("a receipt id")),
            observed_at: heard_at(receipt),
            ..self.statement(doc, self.says(doc))
        }))
    }

    fn statement(&self, doc: Doc, says: Says) -> Report {
        let result = TestResult { placement: Some(doc.step.to_string()), ..TestResult::default() };
        Report {
            receipt: None,
            digest: Self::digest(doc),
            reference: self.reference(doc.test),
            observed_at: time(0),
            unreadable: Vec::new(),
            status: match says {
                Says::Ready => ReportedStatus::Ready,
                Says::InProgress => ReportedStatus::InProgress,
                Says::Finished => ReportedStatus::AwaitingScore,
                Says::Complete => ReportedStatus::Completed(Box::new(result)),
                Says::Unreadable => ReportedStatus::CompletedWithoutScores,
            },
        }
    }

    /// A look-up reads the ledger.
    pub(crate) fn look_up(&self, world: &mut World, worker: usize, res: u8, why: LookUpReason) {
        if why == LookUpReason::Poll && !self.has_news(world, res) {
            world.left.lookups -= 1;
        }
        world.heard += 1;
        let at = LookUpRequest { tick: world.now, heard: world.heard };
        let sold = world.sales.iter().filter(|sale| sale.res == res);
        let found = sold.map(|sale| Doc { test: sale.test, step: sale.steps }).collect();
        let read = world.stored[usize::from(res)].clone();
        world.workers[worker] = Worker::LookedUp { res, found, at, why, read };
    }

    /// Whether the ledger has something begun that the reservation has not heard:
    /// the poll asks for all that was begun.
    pub(crate) fn has_news(&self, world: &World, res: u8) -> bool {
        let attempt = world.stored[usize::from(res)].attempt();
        world.sales.iter().any(|sale| {
            let digest = Some(Self::digest(Doc { test: sale.test, step: sale.steps }));
            sale.res == res && sale.steps > 0 && attempt.applied != digest && attempt.noted != digest
        })
    }

    /// What a look-up found is applied: `check_score::settle_doubt`, `check_before_expiry`,
    /// and what a poll does.
    pub(crate) fn apply_found(&self, world: &mut World, worker: usize) {
        let Worker::LookedUp { res, found, at, why, mut read } = world.dismiss(worker) else { return };
        if found.is_empty() && why == LookUpReason::Doubt {
            self.settle(world, res, &read, &Event::NothingFound { asked_at: time(at.tick) });
        }
        for doc in found {
            self.settle(world, res, &read, &self.found(&read, doc, at));
            if self.looked_up(doc).grades() {
                world.ruled.insert(doc);
            }
            read = world.stored[usize::from(res)].clone();
        }
        if why == LookUpReason::Expiry {
            self.settle(world, res, &read, &Event::ExpiryReached);
        }
    }

    /// What TrueNorth says after so many steps: before the first, "not started".
    fn looked_up(&self, doc: Doc) -> Says {
        if doc.step == 0 { Says::Ready } else { self.script[usize::from(doc.step) - 1] }
    }

    /// What a look-up says of a sale: of the reservation's own test, or of another.
    pub(crate) fn found(&self, read: &Reservation, doc: Doc, at: LookUpRequest) -> Event {
        let is_own = read.reference.as_ref().is_none_or(|own| Self::test(own) == doc.test);
        if is_own { self.sighting(doc, at) } else { self.other_sale(read, doc.test) }
    }

    fn sighting(&self, doc: Doc, at: LookUpRequest) -> Event {
        Event::Reported(Box::new(Report {
            observed_at: heard_at(at.heard),
            ..self.statement(doc, self.looked_up(doc))
        }))
    }

    fn other_sale(&self, read: &Reservation, test: u8) -> Event {
        let outcome = CallOutcome::Confirmed { reference: self.reference(test), launch: None };
        Event::CallEnded { call_no: read.calls, outcome }
    }
}
