//! iTEP's part of the control API: accounts, stock, mailbox, and what happens to a test.

use hyper::{Method, StatusCode};
use serde::Deserialize;
use serde_json::json;

use super::state::{Account, Settings, State, Status, Test};
use super::{Itep, webhook};
use crate::control::{self, DEFAULT_ACCOUNT};
use crate::document::Document;
use crate::http::{Reply, Request};
use crate::outbox::{self, Parcel, WebhookDelivery};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stock {
    product: String,
    #[serde(default)]
    test_ids: Vec<String>,
    /// As many new test IDs besides.
    #[serde(default)]
    count: u32,
}

/// Answers a control request; `path` is what follows `/_sim`.
pub(super) async fn answer(itep: &Itep, request: &Request, path: &[&str]) -> Reply {
    if let Some(reply) = control::answer(&itep.frontend, "itep", request, path) {
        return reply;
    }
    let account = request.query.get("account").map(String::as_str);
    let answered = match (&request.method, path) {
        (&Method::PUT, ["accounts", name]) => put_account(itep, request, name),
        (&Method::PUT, ["accounts", name, "stock"]) => put_stock(itep, request, name),
        (&Method::PUT, ["stock"]) => put_stock(itep, request, DEFAULT_ACCOUNT),
        (&Method::GET, ["accounts", name, "stock"]) => stock(&itep.state.lock(), name),
        (&Method::GET, ["mailbox"]) => Ok(mailbox(&itep.state.lock(), account)),
        (&Method::GET, ["tests", id]) => show(&mut itep.state.lock(), account, id),
        (&Method::POST, ["tests", id, "resend"]) => resend(itep, account, id).await,
        (&Method::POST, ["tests", id, verb]) => act(itep, request, account, id, verb).await,
        _ => Err(Reply::complaint(StatusCode::NOT_FOUND, "no such control")),
    };
    answered.unwrap_or_else(|complaint| complaint)
}

fn put_account(itep: &Itep, request: &Request, name: &str) -> Result<Reply, Reply> {
    let settings: Settings = request.order()?;
    let mut state = itep.state.lock();
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

fn put_stock(itep: &Itep, request: &Request, name: &str) -> Result<Reply, Reply> {
    let wanted: Stock = request.order()?;
    let mut state = itep.state.lock();
    let made = state.make_ids(wanted.count);
    let account = state.accounts.get_mut(name).ok_or_else(no_account)?;
    account.stock.insert(wanted.product, wanted.test_ids.into_iter().chain(made).collect());
    stock(&state, name)
}

fn stock(state: &State, name: &str) -> Result<Reply, Reply> {
    let account = state.accounts.get(name).ok_or_else(no_account)?;
    Ok(Reply::json(StatusCode::OK, &json!({ "stock": account.stock })))
}

fn show(state: &mut State, account: Option<&str>, id: &str) -> Result<Reply, Reply> {
    let (name, test) = state.find(account, id).ok_or_else(no_test)?;
    Ok(Reply::json(StatusCode::OK, &json!({ "account": name, "test": test })))
}

fn mailbox(state: &State, account: Option<&str>) -> Reply {
    let ours = |mail: &&super::state::Mail| account.is_none_or(|name| name == mail.account);
    let mails: Vec<_> = state.mailbox.iter().filter(ours).collect();
    Reply::json(StatusCode::OK, &json!({ "mails": mails }))
}

async fn act(itep: &Itep, request: &Request, account: Option<&str>, id: &str, verb: &str) -> Result<Reply, Reply> {
    let replaced: Document = request.order()?;
    let unknown = || Reply::complaint(StatusCode::NOT_FOUND, "no such verb");
    let (status, tells) = verb_means(verb).ok_or_else(unknown)?;
    let (name, parcel) = change(&mut itep.state.lock(), account, id, status, &replaced).ok_or_else(no_test)?;
    itep.frontend.ledger.lock().status(&name, id, status.name());
    let receipt = match parcel {
        _ if !tells => WebhookDelivery::unsent("the document names no webhook for this"),
        Ok(parcel) => itep.frontend.deliver(&name, parcel).await,
        Err(reason) => WebhookDelivery::unsent(reason),
    };
    Ok(Reply::json(StatusCode::OK, &json!({ "status": status.name(), "webhook": receipt })))
}

/// The state that a verb leads to, and whether the document names a webhook for it.
fn verb_means(verb: &str) -> Option<(Status, bool)> {
    Some(match verb {
        "start" => (Status::Incomplete, false),
        "finish" => (Status::Finished, true),
        "grade" => (Status::Complete, true),
        "reset" => (Status::Ready, true),
        "review" => (Status::Review, true),
        "problem" => (Status::Problem, true),
        "invalidate" => (Status::Invalidated, true),
        "disable" => (Status::Disabled, false),
        _ => return None,
    })
}

type Change = (String, Result<Parcel, &'static str>);

fn change(state: &mut State, account: Option<&str>, id: &str, status: Status, replaced: &Document) -> Option<Change> {
    let (name, _) = state.find(account, id)?;
    let account = state.accounts.get_mut(&name)?;
    let test: &mut Test = account.tests.get_mut(id)?;
    test.status = status;
    match status {
        Status::Finished | Status::Complete => test.sat = true,
        Status::Ready | Status::Incomplete => test.sat = false,
        _ => {}
    }
    let parcel = webhook::parcel(&account.settings, test, &webhook::data(test, replaced));
    if let Ok(parcel) = &parcel
        && !matches!(status, Status::Incomplete | Status::Disabled)
    {
        test.last_webhook = Some(parcel.clone());
    }
    Some((name, parcel))
}

async fn resend(itep: &Itep, account: Option<&str>, id: &str) -> Result<Reply, Reply> {
    let found = itep.state.lock().find(account, id).map(|(_, test)| (test.status, test.last_webhook.clone()));
    let (status, last) = found.ok_or_else(no_test)?;
    let receipt = outbox::resend(last.as_ref()).await;
    Ok(Reply::json(StatusCode::OK, &json!({ "status": status.name(), "webhook": receipt })))
}

fn no_account() -> Reply {
    Reply::complaint(StatusCode::NOT_FOUND, "no such account")
}

fn no_test() -> Reply {
    Reply::complaint(StatusCode::NOT_FOUND, "no such test was sold")
}
