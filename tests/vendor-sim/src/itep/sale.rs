//! iTEP's fulfilment: who signs, what is sold, who gets mail.

use hyper::header::HeaderName;
use jiff::Timestamp;

use super::state::{Account, Mail, Route, State, Status, Test};
use super::wire::{self, Purchase, Refusal};
use crate::frontend::{CallResult, digest};
use crate::http::Request;
use crate::ledger::Sold;

/// Whose signature a request bears, and in which header.
pub(super) struct Sender {
    pub(super) account: String,
    pub(super) route: Route,
}

impl State {
    /// Identifies the sender by the signature, as the document says.
    pub(super) fn sender(&self, request: &Request) -> Option<Sender> {
        let signed = |account: &Account, name: &str| {
            let settings = &account.settings;
            let expected = wire::signature(&settings.api_key, &request.body, settings.encoding);
            let name = HeaderName::from_bytes(name.as_bytes()).ok();
            name.and_then(|name| request.headers.get(name))
                .is_some_and(|sent| sent.as_bytes() == format!("{}{expected}", settings.prefix).as_bytes())
        };
        self.accounts.iter().find_map(|(name, account)| {
            let headers = &account.settings.headers;
            let routes = [(Route::Get, &headers.get), (Route::Send, &headers.send)];
            let (route, _) = routes.into_iter().find(|(_, header)| signed(account, header))?;
            Some(Sender { account: name.clone(), route })
        })
    }

    /// Sells a test, or says why not. With `again` the previous sale's test is handed out.
    pub(super) fn sell(&mut self, sender: &Sender, body: &[u8], again: bool) -> CallResult {
        self.try_sell(sender, body, again).unwrap_or_else(|refusal| refusal.reply().into())
    }

    fn try_sell(&mut self, sender: &Sender, body: &[u8], again: bool) -> Result<CallResult, Refusal> {
        let account = self.accounts.get_mut(&sender.account).ok_or(Refusal::BadSignature)?;
        let digest = digest(body);
        if account.processed.contains(&digest) {
            return Err(Refusal::Replay);
        }
        let purchase = wire::read(body, sender.route)?;
        let test_id = account.next_test(&purchase.product, again)?;
        account.processed.insert(digest);
        let product = purchase.product.clone();
        let bcc = purchase.bcc.clone();
        let test = account.assign(test_id, purchase);
        if sender.route == Route::Send {
            self.mailbox.push(mail(&sender.account, &test, bcc));
        }
        let sold = Sold {
            product,
            reference: test.test_id.clone(),
            password: Some(test.password.clone()),
            status: test.status.name(),
        };
        Ok(CallResult { reply: wire::sold(&test.test_id, &test.password), sold: Some(sold) })
    }
}

impl Account {
    fn next_test(&mut self, product: &str, again: bool) -> Result<String, Refusal> {
        let free = self.stock.get_mut(product);
        let free = free.ok_or_else(|| Refusal::UnknownProduct(product.to_owned()))?;
        match self.last_sold.clone().filter(|_| again) {
            Some(test_id) => Ok(test_id),
            None => free.pop_front().ok_or_else(|| Refusal::OutOfTests(product.to_owned())),
        }
    }

    fn assign(&mut self, test_id: String, purchase: Purchase) -> Test {
        let earlier = self.tests.get(&test_id).map(|test| test.password.clone());
        let test = Test {
            test_id: test_id.clone(),
            password: earlier.unwrap_or_else(|| password(&self.settings.password_prefix)),
            product: purchase.product,
            status: Status::Ready,
            sat: false,
            track: purchase.track,
            email: purchase.email,
            assigned_to: purchase.assigned_to,
            registration: purchase.registration,
            sold_at: Timestamp::now(),
            last_webhook: None,
        };
        self.last_sold = Some(test_id.clone());
        self.tests.insert(test_id, test.clone());
        test
    }
}

/// The hub's own id in a request: iTEP keeps it without knowing what it is.
pub(super) fn reservation_id(body: &[u8]) -> Option<String> {
    let fields: serde_json::Value = serde_json::from_slice(body).ok()?;
    let nested = |name: &str| match &fields[name] {
        serde_json::Value::String(text) => serde_json::from_str(text).unwrap_or_default(),
        other => other.clone(),
    };
    let external = nested("registration")["trExternal_ID"].as_str().map(str::to_owned);
    external.filter(|id| !id.is_empty()).or_else(|| {
        let assigned = nested("assigned-to");
        let mut values = assigned.as_object()?.values().filter_map(|value| value.as_str());
        values.find(|value| value.starts_with("res_")).map(str::to_owned)
    })
}

fn mail(account: &str, test: &Test, bcc: Option<String>) -> Mail {
    Mail {
        account: account.to_owned(),
        to: test.email.clone().unwrap_or_default(),
        bcc,
        product: test.product.clone(),
        test_id: test.test_id.clone(),
        password: test.password.clone(),
        at: Timestamp::now(),
    }
}

/// Five digits, as in the document's list of available tests.
fn password(prefix: &str) -> String {
    format!("{prefix}{}", fastrand::u32(10_000..100_000))
}
