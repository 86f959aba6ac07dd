//! Which of two graded reports is the newer one, and whether each is kept.

use std::sync::LazyLock;

use shared_core::domain::ids::Digest;
use shared_core::domain::reservation::{Attempt, Reason, Report, Reservation, State};

use crate::protocol::{Protocol, Says, place_of};
use crate::world::{Doc, World};

/// Digests by test and step; the properties ask for them in every state.
static DIGESTS: LazyLock<Vec<Vec<Digest>>> = LazyLock::new(|| {
    (0..4).map(|test| (0..16).map(|step| Digest::sha256(format!("{test}/{step}").as_bytes())).collect()).collect()
});

impl Protocol {
    pub(crate) fn digest(doc: Doc) -> Digest {
        DIGESTS[usize::from(doc.test)][usize::from(doc.step)].clone()
    }

    /// The place of a report in the order of news: when iTEP's was first received
    /// (its documents tell no order), what TrueNorth's ledger had come to.
    fn age(&self, world: &World, doc: Doc) -> u8 {
        if self.asks() { doc.step } else { world.first.get(&doc).copied().unwrap_or_default() }
    }

    /// The document whose grade an attempt shows.
    fn shown(&self, reservation: &Reservation, attempt: &Attempt) -> Option<Doc> {
        let step = attempt.result.as_ref()?.placement.as_ref()?.parse().ok()?;
        Some(Doc { test: Self::test(reservation.reference.as_ref()?), step })
    }
}

/// Notes whether a write lets a grade vanish, or replaces it by an older one: one
/// that came with a report heard earlier, or that was ruled on before. (That the
/// vendor's own webhooks overtook each other on the way, nobody can tell.)
pub(crate) fn watch(model: &Protocol, world: &mut World, res: u8, after: &Reservation, report: &Report) {
    let before = world.stored[usize::from(res)].clone();
    let heard = place_of(report.observed_at);
    for (old, new) in before.attempts.iter().zip(&after.attempts) {
        world.overwritten |= match (model.shown(&before, old), model.shown(after, new)) {
            (Some(_), None) => true,
            (Some(old), Some(new)) if old != new => {
                heard < world.shown_since[usize::from(res)] || world.ruled.contains(&new)
            }
            _ => false,
        };
    }
    if model.shown(after, after.attempt()) != model.shown(&before, before.attempt()) {
        world.shown_since[usize::from(res)] = heard;
    }
}

/// Whether every graded report that was ruled on is there: shown, superseded, or
/// noted as older than one that is.
pub(crate) fn are_kept(model: &Protocol, world: &World) -> bool {
    world.ruled.iter().all(|doc| {
        let digest = Protocol::digest(*doc);
        let Some(sale) = world.sales.iter().find(|sale| sale.test == doc.test) else { return true };
        let reservation = &world.stored[usize::from(sale.res)];
        reservation.attempts.iter().any(|attempt| {
            let newer = model.shown(reservation, attempt).map(|shown| model.age(world, shown));
            attempt.graded.as_ref() == Some(&digest)
                || attempt.unreadable_grade.as_ref().is_some_and(|unreadable| unreadable.digest == digest)
                || attempt.superseded.contains(&digest)
                || newer.is_some_and(|newer| newer > model.age(world, *doc))
        })
    })
}

/// Whether no test that was graded, readably or not, could be launched or may expire.
/// Where it may be sat again, that is open.
pub(crate) fn stay_sat(model: &Protocol, world: &World) -> bool {
    let may_be_reset = model.script.contains(&Says::Ready);
    let is_own = |reservation: &Reservation, test| reservation.reference.as_ref().map(Protocol::test) == Some(test);
    may_be_reset
        || world.ruled.iter().all(|doc| {
            let mut owners = world.stored.iter().filter(|reservation| is_own(reservation, doc.test));
            owners.all(|owner| matches!(owner.state, State::UnderReview { .. } | State::Completed))
        })
}

/// At rest: whether the reservation shows the newest grade that was heard, unless
/// a reset was heard after it. Where reports are repeated, what is newest is open.
pub(crate) fn newest_shows(model: &Protocol, world: &World, res: u8) -> bool {
    let reservation = &world.stored[usize::from(res)];
    let Some(own) = reservation.reference.as_ref().map(Protocol::test) else { return true };
    let heard = world.first.iter().filter(|(doc, _)| doc.test == own).max_by_key(|(_, place)| **place);
    let last = match model.asks() {
        true => world.sales.iter().find(|sale| sale.test == own && sale.steps > 0).map(|sale| sale.steps),
        false => heard.map(|(doc, _)| doc.step),
    };
    let Some(step) = last else { return true };
    let said = if model.asks() { step - 1 } else { step };
    let is_ambiguous = model.budget.repeats > 0;
    match model.script[usize::from(said)] {
        _ if is_ambiguous => return true,
        Says::Complete => {}
        Says::Unreadable => return reservation.reason == Some(Reason::ResultUnreadable),
        _ => return true,
    }
    reservation.result().is_some() && model.shown(reservation, reservation.attempt()) == Some(Doc { test: own, step })
}
