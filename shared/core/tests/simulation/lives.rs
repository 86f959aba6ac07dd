//! What becomes of a test after it is sold, and how the vendor tells of it.

use shared_core::domain::ids::Vendor;
use shared_core::domain::reservation::ReportedStatus;
use shared_core::domain::test_result::{Scale, Score, TestResult};

use crate::events::Event;
use crate::rng::Rng;
use crate::sim::{HOUR, MINUTE, Ms, State};
use crate::vendors::{Doc, digest};

pub(crate) struct Step {
    pub(crate) at: Ms,
    pub(crate) status: ReportedStatus,
}

fn graded(value: usize) -> ReportedStatus {
    let score = Score::new(Scale::Items, Some(value as f64), None);
    ReportedStatus::Completed(Box::new(TestResult { overall: Some(score), ..TestResult::default() }))
}

const REVIEW: ReportedStatus = ReportedStatus::UnderReview { problem: false };
const PROBLEM: ReportedStatus = ReportedStatus::UnderReview { problem: true };

/// A life: most tests are sat and graded, some twice, some never.
pub(crate) fn life(rng: &mut Rng, vendor: Vendor, sold: Ms, number: usize) -> Vec<Step> {
    use ReportedStatus::{AwaitingScore, CompletedWithoutScores, InProgress, Invalidated, Ready};
    let first = number * 10;
    let status = match vendor {
        Vendor::Truenorth => match rng.below(7) {
            0 => vec![],
            1 => vec![InProgress],
            2 => vec![InProgress, AwaitingScore],
            3 => vec![InProgress, PROBLEM, graded(first)],
            4 => vec![InProgress, AwaitingScore, CompletedWithoutScores],
            _ => vec![InProgress, AwaitingScore, graded(first)],
        },
        Vendor::Itep => match rng.below(14) {
            0 | 1 => vec![],
            2 => vec![AwaitingScore],
            3 => vec![graded(first)],
            4 => vec![AwaitingScore, REVIEW, graded(first)],
            5 => vec![AwaitingScore, graded(first), graded(first + 1)],
            6 => vec![AwaitingScore, graded(first), Ready, AwaitingScore, graded(first + 1)],
            7 => vec![PROBLEM, Ready, AwaitingScore, graded(first)],
            8 => vec![AwaitingScore, Invalidated],
            9 => vec![AwaitingScore, CompletedWithoutScores, graded(first)],
            10 => vec![AwaitingScore, graded(first), REVIEW],
            11 => vec![CompletedWithoutScores],
            12 => vec![graded(first), CompletedWithoutScores],
            _ => vec![AwaitingScore, graded(first)],
        },
    };
    let mut at = sold;
    status
        .into_iter()
        .map(|status| {
            at += rng.pick(&[MINUTE, 5 * MINUTE, 40 * MINUTE, 2 * HOUR]) + rng.below(MINUTE);
            Step { at, status }
        })
        .collect()
}

/// Has the vendor tell of a test's life: iTEP by a webhook for each step, late,
/// twice and in any order; TrueNorth by a hint when it is graded, if at all.
pub(crate) fn announce(state: &mut State, sale: usize) {
    let vendor = state.vendors.sales[sale].vendor;
    let steps: Vec<_> = state.vendors.sales[sale].life.iter().map(|step| (step.at, step.status.clone())).collect();
    for (at, status) in steps {
        let times = deliveries(state, at);
        if vendor == Vendor::Itep {
            let doc = state.vendors.docs.len();
            let names_oid = !state.rng.per_mille(150);
            state.vendors.docs.push(Doc { sale, status, names_oid, digest: digest(doc), tried: 0, kept: Vec::new() });
            times.into_iter().for_each(|at| state.push(at, Event::Webhook { doc }));
        } else if matches!(status, ReportedStatus::Completed(_)) && !state.trouble(200) {
            let id = state.vendors.sales[sale].reservation.clone();
            times.into_iter().for_each(|at| state.push(at, Event::Hint(id.clone())));
        }
    }
}

fn deliveries(state: &mut State, at: Ms) -> Vec<Ms> {
    let late = if state.trouble(100) { state.rng.within(0, 3 * HOUR) } else { state.rng.within(0, 5000) };
    let mut times = vec![at + late];
    while state.trouble(150) {
        times.push(at + late + state.rng.within(0, HOUR));
    }
    times
}
