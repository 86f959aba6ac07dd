//! TrueNorth's rate limit, shared by every instance of every function: 5
//! requests in any second and 2,000 in any 20 minutes for each account
//! (Enterprise API, "Rate Limiting").
//!
//! Both windows are kept as points in time on one stored item, so that taking a
//! place is a single conditional update. The short window hands out slots 250 ms
//! apart: four a second, which leaves room for jitter on the way. The long one is
//! a GCRA bucket: a burst of B requests that refills at r a second, with
//! B + 1200·r just below 2,000 however late a booked request leaves.

use serde::{Deserialize, Serialize};

/// Milliseconds between two slots of the short window.
pub const SPACING_MS: i64 = 250;
/// Milliseconds in which the long window earns one request (r = 1.575 a second).
pub const EARN_MS: i64 = 635;
/// How many requests may go out in a row after a rest (B).
pub const BURST: i64 = 100;
/// How far ahead a slot may be booked. Waiting longer is worse than giving way.
const WAIT_MS: i64 = 5_000;

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Priority {
    /// Somebody waits for the answer.
    Interactive,
    /// Polling: may not take the reserve that is kept for the others.
    Background,
}

impl Priority {
    /// How far ahead of now the next free slot may lie.
    fn wait_ms(self) -> i64 {
        match self {
            Priority::Interactive => WAIT_MS,
            Priority::Background => WAIT_MS / 5,
        }
    }

    /// How much of the burst, in earning time, may be used up.
    fn tolerance_ms(self) -> i64 {
        let burst = match self {
            Priority::Interactive => BURST,
            Priority::Background => BURST / 2,
        };
        (burst - 1) * EARN_MS
    }
}

/// The stored state of an account's limiter, in Unix milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Levels {
    /// The next free slot of the short window.
    pub slot: i64,
    /// When the long window's bucket will be full again.
    pub bucket: i64,
}

/// On which side of now a level lies: decides the form of the update, since a
/// store can add but cannot take a maximum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// In the past: the new level starts from now.
    Rested,
    /// Ahead: the new level starts from the old one.
    Ahead,
}

/// One conditional update of an account's levels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Booking {
    /// When it is made, in Unix milliseconds.
    pub now: i64,
    /// Where the slot is expected.
    pub slot: Side,
    /// Where the bucket is expected.
    pub bucket: Side,
    /// The highest slot that may be taken.
    pub slot_max: i64,
    /// The highest bucket level at which a request may still go out.
    pub bucket_max: i64,
}

/// What to do, going by the levels as they were last seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plan {
    /// Try this update.
    Book(Booking),
    /// The limit is used up; try at that time (Unix milliseconds).
    Hold {
        /// When there may be room.
        until: i64,
    },
}

/// Plans a request. Levels only ever rise, so what was seen last may be old: then
/// the booking's condition fails and returns the levels to plan with again.
pub fn plan(seen: Option<Levels>, priority: Priority, now: i64) -> Plan {
    let seen = seen.unwrap_or_default();
    let (slot_max, bucket_max) = (now + priority.wait_ms(), now + priority.tolerance_ms());
    if seen.slot > slot_max || seen.bucket > bucket_max {
        let until = (seen.slot - priority.wait_ms()).max(seen.bucket - priority.tolerance_ms());
        return Plan::Hold { until };
    }
    let side = |level: i64| {
        if level < now { Side::Rested } else { Side::Ahead }
    };
    Plan::Book(Booking { now, slot: side(seen.slot), bucket: side(seen.bucket), slot_max, bucket_max })
}

impl Booking {
    /// Whether the stored levels are where the booking expects them.
    pub fn fits(&self, levels: Levels) -> bool {
        let fits = |side, level, max| match side {
            Side::Rested => level < self.now,
            Side::Ahead => level >= self.now && level <= max,
        };
        fits(self.slot, levels.slot, self.slot_max) && fits(self.bucket, levels.bucket, self.bucket_max)
    }

    /// The levels after the update, for stores that compute here.
    pub fn book(&self, levels: Levels) -> Levels {
        let from = |side, level| match side {
            Side::Rested => self.now,
            Side::Ahead => level,
        };
        Levels { slot: from(self.slot, levels.slot) + SPACING_MS, bucket: from(self.bucket, levels.bucket) + EARN_MS }
    }
}

impl Levels {
    /// When the request that these levels were booked for may leave.
    pub fn booked_slot(self) -> i64 {
        self.slot - SPACING_MS
    }

    /// The bucket level that holds everybody back until it has earned again: what
    /// a 429 means.
    pub fn emptied_bucket(now: i64) -> i64 {
        now + BURST * EARN_MS
    }
}

#[cfg(test)]
#[path = "limiter_tests.rs"]
mod tests;
