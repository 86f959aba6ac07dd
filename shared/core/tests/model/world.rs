//! The state of the model: the store, the workers, the queues, the vendor.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::frozen::Frozen;

#[derive(Debug, Default, Clone, PartialEq, Eq, Hash)]
pub(crate) struct World {
    /// The clock, in ticks.
    pub(crate) now: u8,
    /// How many reports were received and look-ups sent: the order of hearing.
    pub(crate) heard: u8,
    /// The store: the reservations, and whose each reference is.
    pub(crate) stored: Vec<Frozen>,
    pub(crate) claims: BTreeMap<u8, u8>,
    pub(crate) workers: [Worker; 2],
    /// Outcomes on the `results` queue, with the deliveries left of each.
    pub(crate) outcomes: BTreeMap<Outcome, u8>,
    /// Received reports on the `results` queue.
    pub(crate) mail: BTreeSet<Mail>,
    /// Purchase calls that are out, or whose sender has gone.
    pub(crate) requests: Vec<Request>,
    /// The vendor's ledger.
    pub(crate) sales: Vec<Sale>,
    /// Webhooks that the vendor has sent and nobody has received.
    pub(crate) letters: BTreeSet<Doc>,
    /// What may still go wrong.
    pub(crate) left: Budget,
    /// Whether the operator was told of a reservation's doubt.
    pub(crate) alerted: Vec<bool>,
    /// For the properties: confirmations that were written down, by reservation.
    pub(crate) told: BTreeSet<(u8, u8)>,
    /// For the properties: when a graded report (or a reset) was first heard.
    pub(crate) first: BTreeMap<Doc, u8>,
    /// For the properties: graded reports that were ruled on.
    pub(crate) ruled: BTreeSet<Doc>,
    /// For the properties: when the report was heard whose grade shows, by reservation.
    pub(crate) shown_since: Vec<u8>,
    /// For the properties: a newer grade gave way to an older one, or vanished.
    pub(crate) overwritten: bool,
}

impl World {
    /// A worker is done, or dead: what it was about to do.
    pub(crate) fn dismiss(&mut self, worker: usize) -> Worker {
        std::mem::take(&mut self.workers[worker])
    }

    /// Workers do not differ, so their order is levelled.
    pub(crate) fn level(&mut self) {
        let print = |worker: &Worker| {
            let mut hasher = DefaultHasher::new();
            worker.hash(&mut hasher);
            hasher.finish()
        };
        if self.workers.contains(&Worker::Idle) {
            if self.workers[0] == Worker::Idle {
                self.workers.swap(0, 1);
            }
        } else if print(&self.workers[0]) > print(&self.workers[1]) {
            self.workers.swap(0, 1);
        }
    }
}

/// How often things may still go wrong or be wished for.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Budget {
    /// Crashes, lost answers, failed writes, refusals, requests not processed.
    pub(crate) faults: u8,
    /// Reports that the vendor or the queue delivers once more.
    pub(crate) repeats: u8,
    pub(crate) cancels: u8,
    /// Look-ups beyond those that are due.
    pub(crate) lookups: u8,
    /// Decisions of the operator's on doubts, right or wrong.
    pub(crate) decisions: u8,
}

/// A document of the vendor's: one step of the script for one test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Doc {
    pub(crate) test: u8,
    pub(crate) step: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Mail {
    pub(crate) doc: Doc,
    pub(crate) receipt: u8,
}

/// An outcome on its way through the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Outcome {
    pub(crate) res: u8,
    pub(crate) call: u8,
    pub(crate) answer: Answer,
}

/// How a call ended: the production `CallOutcome` in small.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Answer {
    Confirmed(u8),
    Refused,
    NotProcessed,
    /// Lost, at a tick.
    Unknown(u8),
}

/// What an invocation is about to do; [`Frozen`] is what it read.
#[derive(Debug, Default, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Worker {
    #[default]
    Idle,
    /// Read a reservation that may be called for; `second` tells two that did.
    Read { res: u8, second: bool, read: Frozen },
    /// Wrote the lease; nothing has left yet.
    Leased { res: u8, read: Frozen },
    /// A request is out.
    Waiting { res: u8, read: Frozen },
    /// The call has ended; its outcome is not written.
    Answered { res: u8, call: u8, answer: Answer, read: Frozen },
    /// The sweep decided on an event.
    Sweeping { res: u8, event: Sweep, read: Frozen },
    /// Read a report and its reservation.
    Reporting { mail: Mail, read: Frozen },
    /// TrueNorth is asked.
    LookedUp { res: u8, found: Vec<Doc>, at: LookUpRequest, why: LookUpReason, read: Frozen },
}

/// When a look-up was sent: its tick, and its place in the order of hearing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct LookUpRequest {
    pub(crate) tick: u8,
    pub(crate) heard: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum LookUpReason {
    Doubt,
    Expiry,
    Poll,
}

/// What the sweep changes by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Sweep {
    Lapse(u8),
    Expire,
    Overdue,
}

/// A purchase call as the vendor sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Request {
    pub(crate) res: u8,
    pub(crate) call: u8,
    pub(crate) fate: Fate,
    /// Since when nobody waits for the answer.
    pub(crate) gone: Option<u8>,
}

/// What the vendor made of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Fate {
    Open,
    Sold(u8),
    Refused,
    NotProcessed,
}

/// A sale in the vendor's ledger, and how far the candidate is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Sale {
    pub(crate) res: u8,
    pub(crate) test: u8,
    /// How many steps of the script are done.
    pub(crate) steps: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Step {
    Tick,
    Crash(usize),
    /// A fulfilment message is delivered while there is a call to make. How often,
    /// how late and by whom it was sent (two deliveries of each, the sweep) is all
    /// one: a delivery at any other time does nothing.
    Fulfil(usize, u8),
    Start(usize),
    Send(usize),
    /// No connection came about.
    NotSent(usize),
    Answer(usize),
    LoseAnswer(usize),
    /// What the vendor named is claimed; the write comes later, or never.
    Claim(usize),
    Write(usize),
    /// The write takes place, and its acknowledgement is lost.
    WriteUnacknowledged(usize),
    /// The write fails; the outcome goes to the queue.
    EnqueueOutcome(usize),
    Deliver(Outcome),
    /// The sweep reads a reservation that is due.
    Sweep(usize, u8),
    LookUp(usize, u8, LookUpReason),
    Sell(usize),
    /// The vendor hands out a test that it sold before.
    SellAgain(usize),
    Refuse(usize),
    Decline(usize),
    /// The vendor never comes to a request whose sender has gone.
    Forget(usize),
    /// The test goes on at the vendor.
    Progress(usize),
    /// A webhook arrives; `true`: the vendor will send it once more.
    Receive(Doc, bool),
    /// A report is read; `true`: the queue will deliver it once more.
    Report(usize, Mail, bool),
    Cancel(u8),
    /// The operator decides that nothing was sold.
    BuyAgain(u8),
    GiveUp(u8),
}

/// What became of a write, and who holds the lease on a call that is out since.
pub(crate) enum Written {
    Done { holder: Option<String> },
    Duplicate,
    ReferenceTaken,
}
