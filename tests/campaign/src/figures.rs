//! The figures of a campaign, in JSON.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering::Relaxed;

use serde_json::{Value, json};

use super::report::{self, Facts};

pub(crate) fn of(facts: &Facts<'_>) -> Value {
    let judged = &facts.judgement;
    let findings: BTreeMap<_, _> = judged.faults().into_iter().map(|(name, found)| (name, found.count)).collect();
    json!({
        "command": report::command(facts.plan),
        "date": facts.course.began.strftime("%Y-%m-%d").to_string(),
        "reservations": facts.plan.reservations,
        "accounts": {"itep": facts.market.itep.len(), "truenorth": facts.market.truenorth.len()},
        "sold": judged.sales,
        "findings": findings,
        "doubled_by_operator": judged.doubled_by_operator.count,
        "ambiguous": {
            "calls": judged.ambiguous,
            "seen_in_doubt": judged.seen_in_doubt,
            "settled_early": judged.settled_early,
        },
        "were_in_doubt": judged.once_in_doubt,
        "settlements": judged.settlements,
        "results": judged.results,
        "kills": {"all": facts.kills.all.load(Relaxed), "in_mid_call": facts.kills.in_mid_call.load(Relaxed)},
        "struck": {
            "purchases": share(facts.calls_struck(true)),
            "readings": share(facts.calls_struck(false)),
            "aws": share(facts.aws_calls_struck()),
        },
        "at_the_end": judged.states,
    })
}

fn share((struck, calls): (u64, u64)) -> Value {
    json!({"struck": struck, "calls": calls, "percent": (struck as f64 * 1000.0 / calls.max(1) as f64).round() / 10.0})
}
