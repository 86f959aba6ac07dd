//! TrueNorth's part of the control API: accounts, and what happens to a test.

use std::sync::Arc;
use std::time::Duration;

use hyper::{Method, StatusCode};
use jiff::Timestamp;
use serde_json::json;

use super::TrueNorth;
use super::report::{Status, UserScores};
use super::state::{Account, Settings, State};
use crate::control;
use crate::document::Document;
use crate::http::{Reply, Request};
use crate::outbox::{self, WebhookDelivery};

/// Answers a control request; `path` is what follows `/_sim`.
pub(super) async fn answer(truenorth: &Arc<TrueNorth>, request: &Request, path: &[&str]) -> Reply {
    if let Some(reply) = control::answer(&truenorth.frontend, "truenorth", request, path) {
        return reply;
    }
    let account = request.query.get("account").map(String::as_str);
    let answered = match (&request.method, path) {
        (&Method::PUT, ["accounts", name]) => put_account(truenorth, request, name),
        (&Method::GET, ["mailbox"]) => Ok(Reply::json(StatusCode::OK, &json!({ "mails": [] }))),
        (&Method::GET, ["tests", id]) => show(&mut truenorth.state.lock(), account, id),
        (&Method::POST, ["tests", id, "resend"]) => resend(truenorth, account, id).await,
        (&Method::POST, ["tests", id, verb]) => act(truenorth, request, account, id, verb).await,
        _ => Err(Reply::complaint(StatusCode::NOT_FOUND, "no such control")),
    };
    answered.unwrap_or_else(|complaint| complaint)
}

fn put_account(truenorth: &TrueNorth, request: &Request, name: &str) -> Result<Reply, Reply> {
    let settings: Settings = request.order()?;
    let mut state = truenorth.state.lock();
    let taken = |(other, account): (&String, &Account)| other != name && account.settings.api_key == settings.api_key;
    if state.accounts.iter().any(taken) {
        return Err(Reply::complaint(StatusCode::CONFLICT, "another account has this key"));
    }
    match state.accounts.get_mut(name) {
        Some(account) => account.settings = settings.clone(),
        None => _ = state.accounts.insert(name.to_owned(), Account::new(settings.clone())),
    }
    Ok(Reply::json(StatusCode::OK, &settings))
}

fn show(state: &mut State, account: Option<&str>, id: &str) -> Result<Reply, Reply> {
    let (name, account) = state.owner(account, id).ok_or_else(no_test)?;
    let (user, index) = account.report(id).ok_or_else(no_test)?;
    let shown = &user.reports[index].user_assessment_id;
    let test = UserScores::new(user, |report| report.user_assessment_id == *shown);
    // Not through a JSON value: that would lose the report's spelling.
    let mut document = Document::default();
    document.set("account", name);
    document.set("test", test);
    Ok(Reply::json(StatusCode::OK, &document))
}

async fn act(
    truenorth: &Arc<TrueNorth>,
    request: &Request,
    account: Option<&str>,
    id: &str,
    verb: &str,
) -> Result<Reply, Reply> {
    let replaced: Document = request.order()?;
    let status = match verb {
        "start" => Status::InProgress,
        "finish" => Status::ScorePending,
        "grade" => Status::Completed,
        "reset" => Status::NotStarted,
        "review" | "problem" => Status::NeedsReview,
        "invalidate" => return Err(Reply::complaint(StatusCode::CONFLICT, "TrueNorth has no such state")),
        _ => return Err(Reply::complaint(StatusCode::NOT_FOUND, "no such verb")),
    };
    let (name, scoring_ms) = enter(truenorth, account, id, status, replaced).ok_or_else(no_test)?;
    if status == Status::ScorePending && scoring_ms > 0 {
        tokio::spawn(score_later(Arc::clone(truenorth), name.clone(), id.to_owned(), scoring_ms));
    }
    let receipt = match status {
        Status::Completed => tell(truenorth, &name, id).await,
        _ => WebhookDelivery::unsent("the document names no event for this"),
    };
    Ok(Reply::json(StatusCode::OK, &json!({ "status": status.name(), "webhook": receipt })))
}

fn enter(
    truenorth: &TrueNorth,
    account: Option<&str>,
    id: &str,
    status: Status,
    replaced: Document,
) -> Option<(String, u64)> {
    let mut state = truenorth.state.lock();
    let (name, account) = state.owner(account, id)?;
    let report = account.report_mut(id)?;
    report.enter(status, replaced, Timestamp::now());
    truenorth.frontend.ledger.lock().status(&name, &report.user_assessment_id, status.name());
    Some((name, account.settings.scoring_ms))
}

/// Scores a finished test by itself, unless something else happened to it meanwhile.
async fn score_later(truenorth: Arc<TrueNorth>, name: String, id: String, ms: u64) {
    tokio::time::sleep(Duration::from_millis(ms)).await;
    let replaced = {
        let mut state = truenorth.state.lock();
        let report = state.accounts.get_mut(&name).and_then(|account| account.report_mut(&id));
        report.filter(|report| report.status == Status::ScorePending).map(|report| report.replaced.clone())
    };
    let Some(replaced) = replaced else { return };
    if enter(&truenorth, Some(&name), &id, Status::Completed, replaced).is_some() {
        tell(&truenorth, &name, &id).await;
    }
}

async fn tell(truenorth: &TrueNorth, name: &str, id: &str) -> WebhookDelivery {
    let parcel = {
        let mut state = truenorth.state.lock();
        let account = state.accounts.get_mut(name);
        account.and_then(|account| {
            let parcel = account.scored_event(id)?;
            account.report_mut(id)?.last_webhook = Some(parcel.clone());
            Some(parcel)
        })
    };
    match parcel {
        Some(parcel) => truenorth.frontend.deliver(name, parcel).await,
        None => WebhookDelivery::unsent("no webhook is registered"),
    }
}

async fn resend(truenorth: &TrueNorth, account: Option<&str>, id: &str) -> Result<Reply, Reply> {
    let found = {
        let mut state = truenorth.state.lock();
        let report = state.owner(account, id).and_then(|(_, account)| account.report_mut(id));
        report.map(|report| (report.status, report.last_webhook.clone()))
    };
    let (status, last) = found.ok_or_else(no_test)?;
    let receipt = outbox::resend(last.as_ref()).await;
    Ok(Reply::json(StatusCode::OK, &json!({ "status": status.name(), "webhook": receipt })))
}

fn no_test() -> Reply {
    Reply::complaint(StatusCode::NOT_FOUND, "no such test was assigned")
}
