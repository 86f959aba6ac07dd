//! What both vendors do with a call: books it and what it sells, and lets ordered faults strike.

use std::time::Duration;

use data_encoding::HEXLOWER;
use hyper::StatusCode;
use jiff::Timestamp;
use parking_lot::Mutex;
use sha2::{Digest, Sha256};

use super::faults::{Fault, Faults, Operation, Order};
use super::http::{Answer, Reply, Request};
use super::ledger::{Call, Ledger, Sold};
use super::outbox::Outbox;

/// The sending end of [`Frontend::serve`]: what a call is and who makes it.
pub(crate) struct IncomingCall<'a> {
    pub(crate) request: &'a Request,
    pub(crate) account: Option<&'a str>,
    pub(crate) reservation_id: Option<String>,
}

/// What the vendor did: its answer, and the sale if there was one.
pub(crate) struct CallResult {
    pub(crate) reply: Reply,
    pub(crate) sold: Option<Sold>,
}

impl From<Reply> for CallResult {
    fn from(reply: Reply) -> Self {
        Self { reply, sold: None }
    }
}

/// How a vendor spells the answers that a fault asks of it.
#[derive(Clone, Copy)]
pub(crate) struct VendorWording {
    pub(crate) refusal: fn(&str) -> Reply,
    /// The answer to a sale without the test's reference.
    pub(crate) without_reference: fn(Reply) -> Reply,
}

pub(crate) struct Frontend {
    wording: VendorWording,
    log: bool,
    pub(crate) ledger: Mutex<Ledger>,
    pub(crate) faults: Mutex<Faults>,
    pub(crate) outbox: Outbox,
}

impl Frontend {
    /// An empty frontend; with `log` each call is printed as a line of JSON when it is answered.
    pub(crate) fn new(wording: VendorWording, log: bool) -> Self {
        Self { wording, log, ledger: Mutex::default(), faults: Mutex::default(), outbox: Outbox::default() }
    }

    /// Books a call that got no further than the door.
    pub(crate) fn turn_away(&self, visit: &IncomingCall<'_>, reply: Reply) -> Answer {
        let seq = self.ledger.lock().open(entry(visit));
        self.leave(seq, reply.into(), None)
    }

    /// Serves a call, under the fault that is ordered for it if there is one. `work` does what the
    /// vendor does; it is told whether to hand out the previous sale's reference again.
    pub(crate) async fn serve(
        &self,
        visit: IncomingCall<'_>,
        operation: Operation,
        work: impl FnOnce(bool) -> CallResult,
    ) -> Answer {
        let seq = self.ledger.lock().open(entry(&visit));
        let order = visit.account.and_then(|account| self.faults.lock().take(account, operation));
        let Some(order) = order else {
            let reply = self.work(seq, work, false);
            return self.leave(seq, reply.into(), None);
        };
        let after = order.after.unwrap_or(false);
        wait(&order, !after).await;
        let again = order.fault == Fault::SameReference;
        let reply = order.commits().then(|| self.work(seq, work, again));
        wait(&order, after).await;
        self.leave(seq, self.spoil(&order, reply), Some(order.fault))
    }

    fn work(&self, seq: u64, work: impl FnOnce(bool) -> CallResult, again: bool) -> Reply {
        let done = work(again);
        if let Some(sold) = done.sold {
            self.ledger.lock().sell(seq, sold);
        }
        done.reply
    }

    fn leave(&self, seq: u64, answer: Answer, fault: Option<Fault>) -> Answer {
        let call = self.ledger.lock().close(seq, &answer.outcome(), fault);
        if self.log
            && let Some(line) = call.and_then(|call| serde_json::to_string(&call).ok())
        {
            println!("{line}");
        }
        answer
    }

    fn spoil(&self, order: &Order, reply: Option<Reply>) -> Answer {
        let text = order.body.as_deref();
        match order.fault {
            Fault::ResetBefore | Fault::ResetAfter => Answer::Reset,
            Fault::Hang => Answer::Hang,
            Fault::Refuse => (self.wording.refusal)(text.unwrap_or("The request was refused.")).into(),
            Fault::ErrorBefore | Fault::ErrorAfter => plain(order, 500, "Internal Server Error").into(),
            Fault::Status => plain(order, 503, "").into(),
            Fault::Garbage => garbage(text).into(),
            Fault::NoReference => match reply {
                Some(reply) if reply.status.is_success() => (self.wording.without_reference)(reply).into(),
                other => whole(other).into(),
            },
            _ => whole(reply).into(),
        }
    }
}

/// SHA-256 in lower-case hexadecimal.
pub(crate) fn digest(bytes: &[u8]) -> String {
    HEXLOWER.encode(&Sha256::digest(bytes))
}

fn entry(visit: &IncomingCall<'_>) -> Call {
    Call {
        seq: 0,
        account: visit.account.map(str::to_owned),
        method: visit.request.method.to_string(),
        path: visit.request.path.clone(),
        reservation_id: visit.reservation_id.clone(),
        request_digest: digest(&visit.request.body),
        outcome: "open".to_owned(),
        fault: None,
        at: Timestamp::now(),
        took_ms: None,
    }
}

async fn wait(order: &Order, now: bool) {
    if now && order.fault == Fault::Delay {
        tokio::time::sleep(Duration::from_millis(order.ms.unwrap_or(1000))).await;
    }
}

fn whole(reply: Option<Reply>) -> Reply {
    reply.unwrap_or_else(|| Reply::empty(StatusCode::OK))
}

fn garbage(text: Option<&str>) -> Reply {
    let page = text.unwrap_or("<!DOCTYPE html><html><body><h1>Down for maintenance</h1></body></html>");
    Reply::typed(StatusCode::OK, "text/html; charset=UTF-8", page.to_owned())
}

fn plain(order: &Order, status: u16, body: &str) -> Reply {
    let status = StatusCode::from_u16(order.status.unwrap_or(status)).unwrap_or_default();
    let body = order.body.clone().unwrap_or_else(|| body.to_owned());
    let json = body.starts_with(['{', '[']);
    let kind = if json { "application/json" } else { "text/html; charset=UTF-8" };
    let location = status.is_redirection().then(|| "/elsewhere".to_owned());
    Reply { location, ..Reply::typed(status, kind, body) }
}
