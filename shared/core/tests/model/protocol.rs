//! What is checked: a vendor, its script, what may go wrong, and the bug, if any,
//! that is put in.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use shared_core::domain::backoff::Backoff;
use shared_core::domain::ids::{Vendor, VendorReference};
use shared_core::domain::order::Order;
use shared_core::domain::reservation::{Lease, Policy, Reservation};
use test_support::fixtures;

use crate::bugs::Bug;
use crate::frozen::Frozen;
use crate::world::{Budget, Doc, Worker, World};

/// Ticks that a lease lasts. A worker is dead by its end.
pub(crate) const LEASE: u8 = 1;
/// Ticks after a call's end in which the vendor may still come to sell.
pub(crate) const QUIET: u8 = 1;
/// Ticks after which an awaited result is overdue.
pub(crate) const OVERDUE: u8 = 1;

const TICK: i64 = 3600;

pub(crate) fn time(tick: u8) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_secs(TICK * i64::from(tick))
}

/// The time of hearing. Reports are only compared with each other, so their times
/// need not be on the scale of ticks: their order is all there is to them.
pub(crate) fn heard_at(place: u8) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_secs(i64::from(place))
}

/// The place in the order of hearing: [`heard_at`] backwards.
pub(crate) fn place_of(heard: Timestamp) -> u8 {
    u8::try_from(heard.as_second()).expect("few reports")
}

fn ticks(n: u8) -> Duration {
    Duration::from_secs(TICK.unsigned_abs() * u64::from(n))
}

/// A statement in a vendor's script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Says {
    Ready,
    InProgress,
    Finished,
    Complete,
    /// Graded, and no score can be read.
    Unreadable,
}

impl Says {
    /// Whether it says that the test was graded.
    pub(crate) fn grades(self) -> bool {
        matches!(self, Says::Complete | Says::Unreadable)
    }
}

/// A configuration of the model.
#[derive(Debug, Clone)]
pub(crate) struct Protocol {
    pub(crate) vendor: Vendor,
    pub(crate) reservations: u8,
    /// What the vendor says of a test, in its order.
    pub(crate) script: &'static [Says],
    /// Whether the vendor may hand out a test twice.
    pub(crate) reuses: bool,
    /// What may go wrong.
    pub(crate) budget: Budget,
    /// The tick at which an unused test expires.
    pub(crate) expiry: u8,
    /// From this tick on nothing goes wrong and the vendor's tests rest.
    pub(crate) calm: u8,
    /// The last tick; enough after `calm` for every lease, quiet time and wait.
    pub(crate) end: u8,
    pub(crate) bug: Option<Bug>,
}

impl Protocol {
    pub(crate) fn policy(&self) -> Policy {
        let backoff = Backoff { base: Duration::ZERO, cap: Duration::ZERO };
        let doubt_quiet = if self.has(Bug::SkipQuietTime) { Duration::ZERO } else { ticks(QUIET) };
        Policy { backoff, result_overdue: ticks(OVERDUE), doubt_quiet }
    }

    pub(crate) fn has(&self, bug: Bug) -> bool {
        self.bug == Some(bug)
    }

    pub(crate) fn may_fail(&self, world: &World) -> bool {
        world.now < self.calm && world.left.faults > 0
    }

    pub(crate) fn says(&self, doc: Doc) -> Says {
        self.script[usize::from(doc.step)]
    }

    pub(crate) fn reference(&self, test: u8) -> VendorReference {
        match self.vendor {
            Vendor::Itep => VendorReference::itep(&format!("T{test}")),
            Vendor::Truenorth => VendorReference::truenorth(&format!("t{test}"), "u"),
        }
    }

    /// The number of a reference's test: [`Self::reference`] backwards.
    pub(crate) fn test(reference: &VendorReference) -> u8 {
        reference.test()[1..].parse().expect("a test of the model's")
    }

    fn order(&self, res: u8) -> Order {
        Order { expires_at: time(self.expiry), ..fixtures::order_at(self.vendor, &res.to_string()) }
    }

    /// Each reservation was just accepted: with its lease, and a worker that is to
    /// call at once; or, where calling is what is checked, queued.
    pub(crate) fn beginnings(&self) -> Vec<World> {
        let mut worlds = vec![self.beginning(true)];
        if self.budget.faults > 0 {
            worlds.push(self.beginning(false));
        }
        worlds.iter_mut().for_each(World::level);
        worlds
    }

    fn beginning(&self, inline: bool) -> World {
        let mut world = World {
            left: self.budget,
            alerted: vec![false; usize::from(self.reservations)],
            shown_since: vec![0; usize::from(self.reservations)],
            ..World::default()
        };
        for res in 0..self.reservations {
            let reservation = if inline {
                let lease = Lease { holder: holder(false, 1), until: time(LEASE) };
                Reservation::calling(self.order(res), lease, time(0))
            } else {
                Reservation::queued(self.order(res), time(0), time(0))
            };
            let read = Frozen::new(reservation);
            world.stored.push(read.clone());
            if inline {
                world.workers[usize::from(res)] = Worker::Leased { res, read };
            }
        }
        world
    }
}

/// An invocation's unique id, as far as it matters: no two that read a reservation
/// before its n-th call, and are both alive, have the same.
pub(crate) fn holder(second: bool, call: u32) -> String {
    format!("{call}{}", if second { "b" } else { "a" })
}
