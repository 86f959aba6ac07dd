//! The promises.

use std::collections::BTreeSet;

use shared_core::domain::reservation::{Reason, State};
use stateright::{Model, Property};

use crate::grades;
use crate::protocol::Protocol;
use crate::world::World;

pub(crate) const SOLD_ONCE: &str = "at most one sale per reservation";
pub(crate) const CONFIRMATIONS_KEPT: &str = "no confirmation is dropped";
pub(crate) const GRADES_KEPT: &str = "no graded result is dropped or overwritten by an older one";
pub(crate) const STAYS_SAT: &str = "a graded test is neither launched nor given up";
pub(crate) const ONE_OWNER: &str = "no reference has two owners";
pub(crate) const SETTLES: &str = "every reservation settles, or stands in doubt with an alert";

/// The promises, and examples which show that a run came to where they matter.
pub(crate) fn all(model: &Protocol) -> Vec<Property<Protocol>> {
    let mut all = vec![
        Property::always(SOLD_ONCE, is_sold_once),
        Property::always(CONFIRMATIONS_KEPT, |_, world: &World| are_confirmations_kept(world)),
        Property::always(GRADES_KEPT, |model: &Protocol, world: &World| {
            !world.overwritten && grades::are_kept(model, world)
        }),
        Property::always(STAYS_SAT, grades::stay_sat),
        Property::always(ONE_OWNER, |_, world: &World| has_one_owner(world)),
        Property::always(SETTLES, settles),
    ];
    if model.bug.is_none() {
        all.extend(examples(model));
    }
    all
}

fn examples(model: &Protocol) -> Vec<Property<Protocol>> {
    let mut examples = Vec::new();
    if model.budget.faults > 0 {
        examples.push(Property::sometimes("a purchase is in doubt", |_, world: &World| {
            world.stored.iter().any(|r| matches!(r.state, State::InDoubt { .. }))
        }));
    }
    if model.budget.faults > 0 && model.asks() {
        examples.push(Property::sometimes("a doubt is settled and the test bought again", |_, world: &World| {
            world.stored.iter().any(|r| r.calls > 1 && r.reference.is_some())
        }));
    }
    if model.budget.cancels > 0 {
        examples.push(Property::sometimes("a result comes late", |_, world: &World| {
            world.stored.iter().any(|r| r.attempt().late && r.result().is_some())
        }));
    }
    examples
}

/// Each decision of the operator's may buy one more.
fn is_sold_once(model: &Protocol, world: &World) -> bool {
    let decided = usize::from(model.budget.decisions - world.left.decisions);
    let sold = |res: u8| world.sales.iter().filter(|sale| sale.res == res).count();
    (0..).zip(&world.stored).all(|(res, _)| sold(res) <= 1 + decided)
}

fn are_confirmations_kept(world: &World) -> bool {
    world.told.iter().all(|(res, test)| {
        let reservation = &world.stored[usize::from(*res)];
        let known = reservation.reference.iter().chain(reservation.surplus.iter().map(|surplus| &surplus.reference));
        let taken = reservation.evidence.iter().filter_map(|evidence| evidence.reference.as_ref());
        known.chain(taken).any(|reference| Protocol::test(reference) == *test)
    })
}

fn has_one_owner(world: &World) -> bool {
    let mut owned = BTreeSet::new();
    world.stored.iter().all(|reservation| {
        let surplus = reservation.surplus.iter().map(|surplus| &surplus.reference);
        reservation.reference.iter().chain(surplus).all(|reference| owned.insert(Protocol::test(reference)))
    })
}

/// A state from which no step leads is where everything ends up. Every step uses
/// something up (time, a message, a fault), so there are no other ends.
fn settles(model: &Protocol, world: &World) -> bool {
    if world.now < model.end {
        return true;
    }
    let mut steps = Vec::new();
    model.actions(world, &mut steps);
    !steps.is_empty() || (0..).zip(&world.stored).all(|(res, _)| is_settled(model, world, res))
}

fn is_settled(model: &Protocol, world: &World, res: u8) -> bool {
    let reservation = &world.stored[usize::from(res)];
    let rests = match &reservation.state {
        State::Queued { .. } | State::Calling { .. } => false,
        State::InDoubt { .. } => {
            world.alerted[usize::from(res)]
                && (!model.asks() || reservation.reason == Some(Reason::ReferenceTaken) || is_disputed(world, res))
        }
        State::Ready => reservation.was_sat(),
        State::AwaitingScore { .. } | State::UnderReview { .. } => reservation.is_overdue(),
        _ => true,
    };
    rests && grades::newest_shows(model, world, res)
}

/// What the vendor sold to this reservation belongs to another one: the operator's.
fn is_disputed(world: &World, res: u8) -> bool {
    let own = world.sales.iter().filter(|sale| sale.res == res);
    own.into_iter().any(|sale| world.claims.get(&sale.test).is_some_and(|owner| *owner != res))
}
