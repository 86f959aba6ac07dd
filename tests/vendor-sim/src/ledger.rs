//! What a simulated vendor was asked and what it sold: the judge of "bought once".

use jiff::Timestamp;
use serde::Serialize;

use super::faults::Fault;

/// One request to the vendor's API, refused ones included.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Call {
    pub(crate) seq: u64,
    /// `null` where the sender could not be identified.
    pub(crate) account: Option<String>,
    pub(crate) method: String,
    pub(crate) path: String,
    /// The hub's own id, where the request named one.
    pub(crate) reservation_id: Option<String>,
    pub(crate) request_digest: String,
    /// `open` until answered, then the HTTP status, `reset` or `hang`.
    pub(crate) outcome: String,
    pub(crate) fault: Option<Fault>,
    pub(crate) at: Timestamp,
    /// From coming in to being answered, in milliseconds.
    pub(crate) took_ms: Option<u64>,
}

/// One test sold. Its `seq` is that of the call that bought it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Sale {
    pub(crate) seq: u64,
    pub(crate) account: String,
    pub(crate) product: String,
    pub(crate) reference: String,
    pub(crate) reservation_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) password: Option<String>,
    pub(crate) request_digest: String,
    /// The test's status now, in the vendor's words.
    pub(crate) status: String,
    pub(crate) answered: String,
    pub(crate) at: Timestamp,
}

/// What a vendor hands over when it sells.
#[derive(Clone, Debug)]
pub(crate) struct Sold {
    pub(crate) product: String,
    pub(crate) reference: String,
    pub(crate) password: Option<String>,
    pub(crate) status: &'static str,
}

#[derive(Default)]
pub(crate) struct Ledger {
    calls: Vec<Call>,
    sales: Vec<Sale>,
}

/// The ledger, or one account's part of it.
#[derive(Serialize)]
pub(crate) struct Page {
    sales: Vec<Sale>,
    calls: Vec<Call>,
}

impl Ledger {
    /// Books a call as it comes in and numbers it.
    pub(crate) fn open(&mut self, mut call: Call) -> u64 {
        let seq = self.calls.len() as u64 + 1;
        call.seq = seq;
        self.calls.push(call);
        seq
    }

    /// Books what the call `seq` sold.
    pub(crate) fn sell(&mut self, seq: u64, sold: Sold) {
        let Some(call) = self.call(seq).cloned() else { return };
        self.sales.push(Sale {
            seq,
            account: call.account.unwrap_or_default(),
            product: sold.product,
            reference: sold.reference,
            reservation_id: call.reservation_id,
            password: sold.password,
            request_digest: call.request_digest,
            status: sold.status.to_owned(),
            answered: call.outcome,
            at: Timestamp::now(),
        });
    }

    /// Books how the call `seq` was answered, and gives the finished entry back.
    pub(crate) fn close(&mut self, seq: u64, outcome: &str, fault: Option<Fault>) -> Option<Call> {
        if let Some(sale) = self.sales.iter_mut().find(|sale| sale.seq == seq) {
            outcome.clone_into(&mut sale.answered);
        }
        let call = self.call(seq)?;
        outcome.clone_into(&mut call.outcome);
        call.fault = fault;
        let took = Timestamp::now().duration_since(call.at);
        call.took_ms = u64::try_from(took.as_millis()).ok();
        Some(call.clone())
    }

    pub(crate) fn status(&mut self, account: &str, reference: &str, status: &str) {
        let same = |sale: &&mut Sale| sale.account == account && sale.reference == reference;
        for sale in self.sales.iter_mut().filter(same) {
            status.clone_into(&mut sale.status);
        }
    }

    pub(crate) fn page(&self, account: Option<&str>) -> Page {
        let ours = |name: Option<&str>| account.is_none() || account == name;
        Page {
            sales: self.sales.iter().filter(|sale| ours(Some(&sale.account))).cloned().collect(),
            calls: self.calls.iter().filter(|call| ours(call.account.as_deref())).cloned().collect(),
        }
    }

    fn call(&mut self, seq: u64) -> Option<&mut Call> {
        self.calls.get_mut(usize::try_from(seq).ok()?.checked_sub(1)?)
    }
}
