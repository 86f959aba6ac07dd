//! TrueNorth's rate limit, shared by every instance of every function: 5
//! requests in any second and 2,000 in any 20 minutes for each account
//! (Enterprise API, "Rate Limiting").
//!
//! Both windows are kept as points in time on one stored item, so that taking a
//! place is a single conditional update. The short window hands out slots 250 ms
//! apart: four a second, which leaves room for jitter on the way. The long one is
//! a GCRA bucket: a burst of B requests that refills at r a second, with
//! B + 1200·r just below 2,000 however late a booked request leaves.
//!
//! Who may take what is decided by how far a request may push both windows.
//! Polling stops first, then launches, then purchases, and within the last two a
//! client that has used up its share stops before the others. So nobody's launches
//! hold up a purchase, and no client takes everything.

use std::collections::BTreeMap;

use super::ids::ClientId;

/// Milliseconds between two slots of the short window.
pub const SPACING_MS: i64 = 250;
/// Milliseconds in which the long window earns one request (r = 1.575 a second).
pub const EARN_MS: i64 = 635;
/// How many requests may go out in a row after a rest (B).
pub const BURST: i64 = 100;
/// Milliseconds in which a client's share earns one request: a quarter of the whole.
pub const SHARE_EARN_MS: i64 = 4 * EARN_MS;
/// How many requests in a row are within a client's share after a rest.
pub const SHARE_BURST: i64 = BURST / 4;

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Priority {
    /// A purchase, and what must be known before it.
    Purchase,
    /// Somebody else waits for the answer, such as a candidate for a link.
    Interactive,
    Background,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caller<'a> {
    pub priority: Priority,
    /// Whose share it uses; `None` where it is the hub's own business.
    pub client: Option<&'a ClientId>,
}

impl Caller<'_> {
    /// How far ahead of now both levels may lie for this caller. Waiting longer than
    /// five seconds for a slot is worse than giving way.
    fn reach(self, is_within_share: bool) -> Reach {
        let (slot_ms, burst) = match (self.priority, is_within_share) {
            (Priority::Purchase, true) => (5_000, BURST),
            (Priority::Purchase, false) => (4_000, 85),
            (Priority::Interactive, true) => (3_000, 70),
            (Priority::Interactive, false) => (2_000, 60),
            (Priority::Background, _) => (1_000, 50),
        };
        Reach { slot_ms, bucket_ms: (burst - 1) * EARN_MS }
    }
}

/// How far ahead of now the levels may lie, in milliseconds.
#[derive(Debug, Clone, Copy)]
struct Reach {
    slot_ms: i64,
    bucket_ms: i64,
}

impl Reach {
    /// When a request may go out, going by the levels.
    fn free_from(self, levels: &Levels) -> i64 {
        (levels.slot - self.slot_ms).max(levels.bucket - self.bucket_ms)
    }
}

/// How far ahead of now a client's level may lie within its share.
const SHARE_MS: i64 = (SHARE_BURST - 1) * SHARE_EARN_MS;

/// The stored state of an account's limiter, in Unix milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Levels {
    /// The next free slot of the short window.
    pub slot: i64,
    /// When the long window's bucket will be full again.
    pub bucket: i64,
    /// When the share of each client will be whole again.
    pub shares: BTreeMap<ClientId, i64>,
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

/// One level's part in a booking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rise {
    /// Where the level is expected.
    pub side: Side,
    /// The highest level at which a request may still go out.
    pub max: i64,
    /// By how much a request raises it.
    pub step: i64,
}

/// One conditional update of an account's levels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Booking {
    /// When it is made, in Unix milliseconds.
    pub now: i64,
    /// The short window's.
    pub slot: Rise,
    /// The long window's.
    pub bucket: Rise,
    /// The client's; `None` where no share is used.
    pub share: Option<(ClientId, Rise)>,
}

/// What to do, going by the levels as they were last seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Plan {
    Book(Booking),
    /// The limit is used up; try at that time (Unix milliseconds).
    Hold {
        /// When there may be room.
        until: i64,
    },
}

/// Plans a request. Levels only ever rise, so what was seen last may be old: then
/// the booking's condition fails and returns the levels to plan with again.
///
/// Beyond its share a client takes only what the others leave, and that is not
/// counted against it: what was idle anyway need not be paid back.
pub fn plan(seen: &Levels, caller: Caller<'_>, now: i64) -> Plan {
    let (within, beyond) = (caller.reach(true), caller.reach(false));
    let share = caller.client.map_or(0, |client| seen.share(client));
    let within_from = within.free_from(seen).max(share - SHARE_MS);
    let beyond_from = beyond.free_from(seen);
    let (reach, client) = match (within_from <= now, beyond_from <= now) {
        (true, _) => (within, caller.client),
        (false, true) => (beyond, None),
        (false, false) => return Plan::Hold { until: within_from.min(beyond_from) },
    };
    let rise = |level, reach, step| {
        let side = if level < now { Side::Rested } else { Side::Ahead };
        Rise { side, max: now + reach, step }
    };
    Plan::Book(Booking {
        now,
        slot: rise(seen.slot, reach.slot_ms, SPACING_MS),
        bucket: rise(seen.bucket, reach.bucket_ms, EARN_MS),
        share: client.map(|client| (client.clone(), rise(share, SHARE_MS, SHARE_EARN_MS))),
    })
}

impl Rise {
    fn fits(&self, level: i64, now: i64) -> bool {
        match self.side {
            Side::Rested => level < now,
            Side::Ahead => level >= now && level <= self.max,
        }
    }

    fn raise(&self, level: i64, now: i64) -> i64 {
        let from = match self.side {
            Side::Rested => now,
            Side::Ahead => level,
        };
        from + self.step
    }
}

impl Booking {
    /// Whether the stored levels are where the booking expects them.
    pub fn fits(&self, levels: &Levels) -> bool {
        let share = self.share.as_ref();
        self.slot.fits(levels.slot, self.now)
            && self.bucket.fits(levels.bucket, self.now)
            && share.is_none_or(|(client, rise)| rise.fits(levels.share(client), self.now))
    }

    /// The levels after the update, for stores that compute here.
    pub fn book(&self, mut levels: Levels) -> Levels {
        levels.slot = self.slot.raise(levels.slot, self.now);
        levels.bucket = self.bucket.raise(levels.bucket, self.now);
        if let Some((client, rise)) = &self.share {
            let raised = rise.raise(levels.share(client), self.now);
            levels.shares.insert(client.clone(), raised);
        }
        levels
    }
}

impl Levels {
    fn share(&self, client: &ClientId) -> i64 {
        self.shares.get(client).copied().unwrap_or_default()
    }

    /// When the request that these levels were booked for may leave.
    pub fn booked_slot(&self) -> i64 {
        self.slot - SPACING_MS
    }

    /// The bucket level that holds everybody back until it has earned again: what
    /// a 429 means.
    pub fn emptied_bucket(now: i64) -> i64 {
        now + BURST * EARN_MS
    }
}

#[cfg(test)]
mod tests;
