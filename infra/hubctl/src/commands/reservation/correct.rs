//! `hubctl reservation correct-reference`.

use anyhow::Context;
use serde_json::json;
use shared::aws::DynamoStore;
use shared_core::usecases::correct_reference::{CorrectError, Correction, correct_reference, plan_correction};

use super::find_one;
use crate::asking;
use crate::cli::CorrectReference;
use crate::commands::settle::reference;
use crate::context::{OperatorContext, confirm};
use crate::output::Output;

pub(super) async fn run(store: &DynamoStore, out: Output, wanted: &CorrectReference) -> anyhow::Result<()> {
    let (id, context) = (&wanted.reservation, OperatorContext::new(store)?);
    let reservation = find_one(store, id).await?;
    let correction = Correction {
        reference: reference(reservation.vendor(), &wanted.to)?,
        reason: wanted.why.clone(),
        operator: wanted.by.clone().unwrap_or_default(),
    };
    let planned = told(plan_correction(&context, &reservation, &correction).await, id.as_str())?;
    let from = reservation.reference.as_ref().map_or("-", |reference| reference.test());
    let (to, status) = (correction.reference.test(), planned.after.status().as_str());
    let change = format!("{id}: test {from} becomes {to}, {} becomes {status}", reservation.status().as_str());
    let mut json = json!({ "reservation_id": id, "from": from, "to": to, "status": status, "dry_run": wanted.dry_run });
    if wanted.dry_run {
        return Ok(out.say(&json, &format!("{change}. Nothing was changed."))?);
    }
    confirm(wanted.yes, &format!("{change}. Correct it?"))?;
    let done = told(correct_reference(&context, &reservation, &correction).await, id.as_str())?;
    json["by"] = json!(wanted.by);
    json["status"] = json!(done.status().as_str());
    Ok(out.say(
        &json,
        &format!("{change}. If reports on the test are quarantined, replay them: `hubctl quarantine list`."),
    )?)
}

fn told<T>(outcome: Result<T, CorrectError>, id: &str) -> anyhow::Result<T> {
    match outcome {
        Err(CorrectError::Backend(error)) => asking(Err(error)),
        outcome => outcome.with_context(|| id.to_owned()),
    }
}
