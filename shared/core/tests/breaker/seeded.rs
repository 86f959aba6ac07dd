//! Bugs that a vendor's bad hour must show; `SEEDED_BUGS.md` lists all methods' bugs.

use std::collections::BTreeMap;
use std::time::Duration;

use shared_core::domain::breaker::{Breaker, UNKNOWNS_TO_OPEN};
use shared_core::domain::ids::Account;
use shared_core::domain::reservation::Status;

use test_support::World;

use crate::hour::Hour;
use crate::{HOUR, PURCHASES, runs_until};

/// Mistakes that a maintainer could make; the tests below say each in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bug {
    CountsNothing,
    ProbesBlindly,
    ProbesAtOnce,
    StaysOpen,
    ShortLease,
}

impl Bug {
    /// Has a write of the breakers end as it does with the bug.
    pub(crate) fn spoil(self, before: &BTreeMap<Account, Breaker>, breakers: &mut BTreeMap<Account, Breaker>) {
        for (account, breaker) in breakers {
            let before = before.get(account).cloned().unwrap_or_default();
            if self.forgets(&before, breaker) {
                *breaker = before;
            }
            if let (Bug::ProbesAtOnce, Some(open)) = (self, &mut breaker.open) {
                open.probe = None;
            }
        }
    }

    /// Whether a write is left out by the bug.
    fn forgets(self, before: &Breaker, after: &Breaker) -> bool {
        match self {
            Bug::CountsNothing => after.unknowns > before.unknowns,
            Bug::StaysOpen => before.open.is_some() && after.open.is_none(),
            _ => false,
        }
    }
}

const DOUBTS: &str = "more doubts than three";
const PROBES: &str = "more than one probe at a time";
const LATE: &str = "not all is sold twenty minutes after the vendor is back";
const GROUNDLESS: &str = "doubts of a vendor that answers in time";

/// The first promise that is broken: by a vendor that hangs for an hour, or one
/// that takes its time and answers nevertheless.
fn broken(bug: Option<Bug>, hangs: bool) -> Option<(&'static str, String)> {
    let (hangs_for, takes) = if hangs { (HOUR, 1) } else { (Duration::ZERO, 15) };
    let mut hour = Hour { bug, takes: Duration::from_secs(takes), ..Hour::hanging_for(hangs_for) };
    if bug == Some(Bug::ShortLease) {
        hour.timeouts.lease = hour.timeouts.call / 2;
    }
    let world = World::new(hour);
    let limit = if hangs { HOUR + Duration::from_secs(1200) } else { HOUR * 5 };
    runs_until(&world, 1, limit);
    let (sold, doubts, probes) = (world.count(Status::Ready), world.doubts(), world.kept().most_probes);
    let allowed = if hangs { UNKNOWNS_TO_OPEN as usize } else { 0 };
    match () {
        () if probes > 1 => Some((PROBES, format!("{probes} at a time"))),
        () if doubts > allowed => Some((if hangs { DOUBTS } else { GROUNDLESS }, format!("{doubts} doubts"))),
        () if sold < PURCHASES => Some((LATE, format!("{sold} of {PURCHASES} sold"))),
        () => None,
    }
}

/// What comes of a bug, where that is what is expected; without it all is well.
fn found(bug: Bug, verdict: &str) -> Option<String> {
    let hangs = bug != Bug::ShortLease;
    assert_eq!(broken(None, hangs), None, "without the bug");
    let (promise, figures) = broken(Some(bug), hangs)?;
    assert_eq!(promise, verdict, "{figures}");
    Some(format!("{promise}: {figures}"))
}

test_support::seeded_bugs! { "breaker", found;
    unknown_outcomes_are_not_counted: Bug::CountsNothing, DOUBTS;
    a_probe_buys_without_a_sign_of_life: Bug::ProbesBlindly, DOUBTS;
    any_number_of_probes_goes_out: Bug::ProbesAtOnce, PROBES;
    a_breaker_stays_open_when_the_vendor_answers: Bug::StaysOpen, LATE;
    a_lease_ends_before_its_call: Bug::ShortLease, GROUNDLESS;
}
