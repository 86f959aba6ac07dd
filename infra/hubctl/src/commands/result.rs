//! `hubctl result`.

use anyhow::Context;
use serde_json::json;
use shared::aws::DynamoStore;
use shared::core::domain::ids::Vendor;
use shared::core::domain::result::{CefrBand, Scale, Score, TestResult};
use shared::core::domain::sensitive::Sensitive;
use shared::core::ports::Store;
use shared::core::usecases::enter_result::EnterError;

use crate::asking;
use crate::cli::{EnteredResult, ResultCommand, ScaleName};
use crate::desk::{Desk, confirm};
use crate::output::Output;

pub(crate) async fn run(store: &DynamoStore, out: Output, command: &ResultCommand) -> anyhow::Result<()> {
    let ResultCommand::Enter(entered) = command;
    let id = &entered.reservation;
    let desk = Desk::new(store)?;
    let reservation = asking(store.reservation(id).await)?.with_context(|| format!("there is no reservation {id}"))?;
    let result = result(entered, reservation.vendor());
    let status = reservation.status().as_str();
    confirm(entered.decision.yes, &format!("{id} is {status}. Complete it with {}?", entered.overall))?;
    let done = match desk.settling().enter_result(&reservation, result, entered.decision.by.clone()).await {
        Err(EnterError::Outage(outage)) => asking(Err(outage))?,
        done => done.with_context(|| id.to_string())?,
    };
    let status = done.status().as_str();
    let json = json!({ "reservation_id": id, "status": status, "by": entered.decision.by });
    Ok(out.say(&json, &format!("{id} is {status} now."))?)
}

fn result(entered: &EnteredResult, vendor: Vendor) -> TestResult {
    let scale = match (entered.scale, vendor) {
        (Some(ScaleName::Itep), _) | (None, Vendor::Itep) => Scale::Itep,
        (Some(ScaleName::Truenorth), _) | (None, Vendor::Truenorth) => Scale::Truenorth,
        (Some(ScaleName::Webcape), _) => Scale::Webcape,
    };
    let cefr = entered.cefr.as_deref().and_then(CefrBand::read);
    TestResult {
        overall: Some(Score { scale, value: Some(entered.overall), cefr }),
        report_url: entered.report_url.clone().map(Sensitive::new),
        ..TestResult::default()
    }
}
