//! iTEP, as its integration document describes it: one endpoint that sells tests from stock, and a
//! results webhook. What the document leaves open is invented here and marked as such in `wire`.

mod control;
mod rules;
mod sale;
mod state;
mod webhook;
mod wire;

use hyper::{Method, StatusCode};
use parking_lot::Mutex;

use self::state::State;
use self::wire::Refusal;
use super::faults::Operation;
use super::frontend::{Frontend, IncomingCall, VendorWording};
use super::http::{Answer, Reply, Request};

pub(super) struct Itep {
    frontend: Frontend,
    state: Mutex<State>,
}

impl Itep {
    pub(super) fn new(log: bool) -> Self {
        let wording = VendorWording {
            refusal: |text| Refusal::Other(text.to_owned()).reply(),
            without_reference: wire::sold_without_reference,
        };
        Self { frontend: Frontend::new(wording, log), state: Mutex::default() }
    }

    pub(super) async fn answer(&self, request: Request) -> Answer {
        match request.segments().as_slice() {
            ["_sim", path @ ..] => control::answer(self, &request, path).await.into(),
            ["requests", "ecommerce_webhook.php"] => self.purchase(&request).await,
            _ => super::not_found().into(),
        }
    }

    async fn purchase(&self, request: &Request) -> Answer {
        let sender = self.state.lock().sender(request);
        let visit = IncomingCall {
            request,
            account: sender.as_ref().map(|sender| sender.account.as_str()),
            reservation_id: sale::reservation_id(&request.body),
        };
        if request.method != Method::POST {
            return self.frontend.turn_away(&visit, Reply::empty(StatusCode::METHOD_NOT_ALLOWED));
        }
        let Some(sender) = &sender else {
            return self.frontend.turn_away(&visit, Refusal::BadSignature.reply());
        };
        let work = |again| self.state.lock().sell(sender, &request.body, again);
        self.frontend.serve(visit, Operation::Purchase, work).await
    }
}
