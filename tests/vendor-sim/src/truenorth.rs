//! TrueNorth's Enterprise API, version 2020q1, as its document describes it.

mod assign;
mod control;
mod dotnet;
mod groups;
mod hooks;
mod links;
mod rate;
mod report;
mod scores;
mod state;
mod wire;

use std::sync::Arc;
use std::time::Instant;

use hyper::StatusCode;
use jiff::Timestamp;
use parking_lot::Mutex;

use self::state::State;
use self::wire::Endpoint;
use super::frontend::{CallResult, Frontend, IncomingCall, VendorWording};
use super::http::{Answer, Reply, Request};

pub(super) struct TrueNorth {
    frontend: Frontend,
    state: Mutex<State>,
}

impl TrueNorth {
    pub(super) fn new(log: bool) -> Self {
        let wording = VendorWording { refusal: wire::refusal, without_reference: wire::without_reference };
        Self { frontend: Frontend::new(wording, log), state: Mutex::default() }
    }

    pub(super) async fn answer(self: &Arc<Self>, request: Request) -> Answer {
        match request.segments().as_slice() {
            ["_sim", path @ ..] => control::answer(self, &request, path).await.into(),
            ["2020q1", path @ ..] => match Endpoint::find(&request.method, path) {
                Some(endpoint) => self.call(endpoint, &request).await,
                None => super::not_found().into(),
            },
            ["api", "users", "sign-in-with-token"] => self.sign_in(&request).into(),
            _ => super::not_found().into(),
        }
    }

    /// Key, then rate limit, then the work: a request that is too quick is not processed at all.
    async fn call(self: &Arc<Self>, endpoint: Endpoint, request: &Request) -> Answer {
        let sender = self.state.lock().sender(request);
        let visit = IncomingCall { request, account: sender.as_deref(), reservation_id: unique_identifier(request) };
        let Some(name) = &sender else {
            return self.frontend.turn_away(&visit, Reply::empty(StatusCode::UNAUTHORIZED));
        };
        if !self.admit(name) {
            return self.frontend.turn_away(&visit, Reply::empty(StatusCode::TOO_MANY_REQUESTS));
        }
        let work = |again| self.work(endpoint, name, request, again).unwrap_or_else(CallResult::from);
        self.frontend.serve(visit, endpoint.operation(), work).await
    }

    fn admit(&self, name: &str) -> bool {
        self.state
            .lock()
            .accounts
            .get_mut(name)
            .is_some_and(|account| !account.settings.rate_limit || account.rate.admit(Instant::now()))
    }

    fn work(
        self: &Arc<Self>,
        endpoint: Endpoint,
        name: &str,
        request: &Request,
        again: bool,
    ) -> Result<CallResult, Reply> {
        let mut state = self.state.lock();
        let State { accounts, links } = &mut *state;
        let account = accounts.get_mut(name).ok_or_else(wire::nothing)?;
        let reply = match endpoint {
            Endpoint::Assign => return account.assign(request, links, again),
            Endpoint::CreateSignInToken => account.sign_in_token(request, links)?,
            Endpoint::Assessments => account.list_assessments(),
            Endpoint::ListGroups => account.list_groups(),
            Endpoint::CreateGroup => account.create_group(request)?,
            Endpoint::Score => account.score(request)?,
            Endpoint::Scores => account.scores(request)?,
            Endpoint::ResponseAudio => account.audio(request),
            Endpoint::RegisterWebhook => account.register_webhook(request)?,
            Endpoint::GetWebhook => account.show_webhook(),
            Endpoint::DeleteWebhook => account.delete_webhook(),
            Endpoint::WebhookExample => self.send_later(name, account.example()?),
        };
        Ok(reply.into())
    }

    /// The caller does not learn what became of the event.
    fn send_later(self: &Arc<Self>, name: &str, parcel: super::outbox::Parcel) -> Reply {
        let (truenorth, name) = (Arc::clone(self), name.to_owned());
        tokio::spawn(async move { truenorth.frontend.deliver(&name, parcel).await });
        Reply::empty(StatusCode::OK)
    }

    fn sign_in(&self, request: &Request) -> Reply {
        let token = request.query.get("token").map_or("", String::as_str);
        self.state.lock().links.sign_in(token, Timestamp::now())
    }
}

/// The hub's own id in a request: it makes the reservation the user.
fn unique_identifier(request: &Request) -> Option<String> {
    let body: serde_json::Value = serde_json::from_slice(&request.body).ok()?;
    body["uniqueIdentifier"].as_str().map(str::to_owned)
}
