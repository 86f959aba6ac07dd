//! `hubctl result`.

use anyhow::{Context, bail};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::json;
use shared::aws::DynamoStore;
use shared::vendors::bounds;
use shared_core::domain::ids::Vendor;
use shared_core::domain::sensitive::Sensitive;
use shared_core::domain::test_result::{Scale, Score, SkillScore, TestResult};
use shared_core::ports::Store;
use shared_core::usecases::enter_result::{EnterError, enter_result};

use crate::asking;
use crate::cli::{EnteredResult, EnteredSkill, ResultCommand, ScaleName};
use crate::context::{OperatorContext, confirm};
use crate::output::Output;

pub(crate) async fn run(store: &DynamoStore, out: Output, command: &ResultCommand) -> anyhow::Result<()> {
    let ResultCommand::Enter(entered) = command;
    let id = &entered.reservation;
    let context = OperatorContext::new(store)?;
    let reservation =
        asking(store.reservation(id).await)?.with_context(|| format!("no reservation has the id {id}"))?;
    let result = result(entered, reservation.vendor())?;
    let status = reservation.status().as_str();
    confirm(entered.decision.yes, &format!("{id} is {status}. Complete it with {}?", entered.overall))?;
    let done = match enter_result(&context, &reservation, result, entered.decision.by.clone()).await {
        Err(EnterError::Backend(error)) => asking(Err(error))?,
        done => done.with_context(|| id.to_string())?,
    };
    let status = done.status().as_str();
    let json = json!({ "reservation_id": id, "status": status, "by": entered.decision.by });
    Ok(out.say(&json, &format!("{id} is now {status}."))?)
}

fn result(entered: &EnteredResult, vendor: Vendor) -> anyhow::Result<TestResult> {
    let scale = match entered.scale {
        Some(ScaleName::Itep) => Scale::Itep,
        Some(ScaleName::Truenorth) => Scale::Truenorth,
        Some(ScaleName::Webcape) => Scale::Webcape,
        None => vendor.capabilities().scales[0],
    };
    let report_url =
        entered.report_url.clone().map(|url| bounds::link(url).context("--report-url is not a web address"));
    if entered.finished_on.is_some_and(|day| day > Timestamp::now().to_zoned(TimeZone::UTC).date()) {
        bail!("--finished-on is in the future");
    }
    let mut skills: Vec<SkillScore> = Vec::new();
    for EnteredSkill { skill, value, cefr } in &entered.skills {
        if skills.iter().any(|known| known.skill == *skill) {
            bail!("--skill names {skill:?} twice");
        }
        let score = Score::new(scale, Some(*value), cefr.clone());
        skills.push(SkillScore { skill: *skill, score, raw_score: None, percent: None, correct: None, total: None });
    }
    Ok(TestResult {
        overall: Some(Score::new(scale, Some(entered.overall), entered.cefr.clone())),
        skills,
        finished_on: entered.finished_on,
        report_url: report_url.transpose()?.map(Sensitive::new),
        ..TestResult::default()
    })
}
