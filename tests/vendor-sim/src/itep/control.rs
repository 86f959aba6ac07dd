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
    match (&request.method, path) {
        (&Method::PUT, ["accounts", name]) => put_account(itep, request, name),
        (&Method::PUT, ["accounts", name, "stock"]) => put_stock(itep, request, name),
        (&Method::PUT, ["stock"]) => put_stock(itep, request, DEFAULT_ACCOUNT),
        (&Method::GET, ["accounts", name, "stock"]) => stock(&itep.state(), name),
        (&Method::GET, ["mailbox"]) => mailbox(&itep.state(), account),
        (&Method::GET, ["tests", id]) => match itep.state().find(account, id) {
            Some((name, test)) => Reply::json(StatusCode::OK, &json!({ "account": name, "test": test })),
            None => no_test(),
        },
        (&Method::POST, ["tests", id, "resend"]) => resend(itep, account, id).await,
        (&Method::POST, ["tests", id, verb]) => act(itep, request, account, id, verb).await,
        _ => Reply::complaint(StatusCode::NOT_FOUND, "no such control"),
    }
}

fn put_account(itep: &Itep, request: &Request, name: &str) -> Reply {
    let settings: Settings = match request.json() {
        Ok(settings) => settings,
        Err(error) => return Reply::complaint(StatusCode::BAD_REQUEST, error.to_string()),
    };
    let mut state = itep.state();
    let taken = |(other, account): (&String, &Account)| other != name && account.settings.api_key == settings.api_key;
    if state.accounts.iter().any(taken) {
        return Reply::complaint(StatusCode::CONFLICT, "another account has this key");
    }
    match state.accounts.get_mut(name) {
        Some(account) => account.settings = settings.clone(),
        None => _ = state.accounts.insert(name.to_owned(), Account::new(settings.clone())),
    }
    Reply::json(StatusCode::OK, &settings)
}

fn put_stock(itep: &Itep, request: &Request, name: &str) -> Reply {
    let stock_wanted: Stock = match request.json() {
        Ok(wanted) => wanted,
        Err(error) => return Reply::complaint(StatusCode::BAD_REQUEST, error.to_string()),
    };
    let mut state = itep.state();
    let made = state.make_ids(stock_wanted.count);
    let Some(account) = state.accounts.get_mut(name) else { return no_account() };
    let ids = stock_wanted.test_ids.into_iter().chain(made).collect();
    account.stock.insert(stock_wanted.product, ids);
    stock(&state, name)
}

fn stock(state: &State, name: &str) -> Reply {
    match state.accounts.get(name) {
        Some(account) => Reply::json(StatusCode::OK, &json!({ "stock": account.stock })),
        None => no_account(),
    }
}

fn mailbox(state: &State, account: Option<&str>) -> Reply {
    let ours = |mail: &&super::state::Mail| account.is_none_or(|name| name == mail.account);
    let mails: Vec<_> = state.mailbox.iter().filter(ours).collect();
    Reply::json(StatusCode::OK, &json!({ "mails": mails }))
}

async fn act(itep: &Itep, request: &Request, account: Option<&str>, id: &str, verb: &str) -> Reply {
    let replaced: Document = match request.json() {
        Ok(replaced) => replaced,
        Err(error) => return Reply::complaint(StatusCode::BAD_REQUEST, error.to_string()),
    };
    let Some((status, tells)) = verb_means(verb) else {
        return Reply::complaint(StatusCode::NOT_FOUND, "no such verb");
    };
    let Some((name, parcel)) = change(&mut itep.state(), account, id, status, &replaced) else {
        return no_test();
    };
    itep.frontend.ledger().status(&name, id, status.name());
    let receipt = match parcel {
        _ if !tells => WebhookDelivery::unsent("the document names no webhook for this"),
        Ok(parcel) => itep.frontend.deliver(&name, parcel).await,
        Err(reason) => WebhookDelivery::unsent(reason),
    };
    Reply::json(StatusCode::OK, &json!({ "status": status.name(), "webhook": receipt }))
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

async fn resend(itep: &Itep, account: Option<&str>, id: &str) -> Reply {
    let found = itep.state().find(account, id).map(|(_, test)| (test.status, test.last_webhook.clone()));
    let Some((status, last)) = found else { return no_test() };
    let receipt = match last {
        Some(parcel) => outbox::resend(&parcel).await,
        None => WebhookDelivery::unsent("there was none"),
    };
    Reply::json(StatusCode::OK, &json!({ "status": status.name(), "webhook": receipt }))
}

fn no_account() -> Reply {
    Reply::complaint(StatusCode::NOT_FOUND, "no such account")
}

fn no_test() -> Reply {
    Reply::complaint(StatusCode::NOT_FOUND, "no such test was sold")
}
