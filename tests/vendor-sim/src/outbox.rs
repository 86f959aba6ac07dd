//! The vendors' own calls to the hub, and the faults that strike them on the way.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use hyper::Method;
use parking_lot::Mutex;
use serde::Serialize;

use super::client::{self, SendError};
use super::faults::{Fault, Operation, Order};
use super::frontend::Frontend;

/// A webhook as it goes on the wire.
#[derive(Clone, Debug)]
pub(crate) struct Parcel {
    pub(crate) url: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Bytes,
    /// How long the vendor waits for an answer.
    pub(crate) patience: Duration,
}

/// What became of a webhook.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct WebhookDelivery {
    pub(crate) sent: bool,
    /// What the receiver answered to the last sending of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<u16>,
    /// Every answer, in the order of sending, those to held-back webhooks included.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) answers: Vec<u16>,
    /// Why it was not sent, or why there is no answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
}

impl WebhookDelivery {
    /// For a webhook that does not go out.
    pub(crate) fn unsent(reason: &str) -> Self {
        Self { reason: Some(reason.to_owned()), ..Self::default() }
    }

    fn add(&mut self, outcome: Result<client::Received, SendError>) {
        self.sent = true;
        match outcome {
            Ok(received) => {
                self.status = Some(received.status.as_u16());
                self.answers.push(received.status.as_u16());
            }
            Err(error) => self.reason = Some(error.to_string()),
        }
    }
}

/// Webhooks that are held back until the account's next one.
#[derive(Default)]
pub(crate) struct Outbox(Mutex<BTreeMap<String, Vec<Parcel>>>);

impl Frontend {
    /// Sends a webhook, under the fault that is ordered for it if there is one.
    pub(crate) async fn deliver(&self, account: &str, parcel: Parcel) -> WebhookDelivery {
        let order = self.faults.lock().take(account, Operation::Webhook);
        match order.as_ref().map(|order| order.fault) {
            Some(Fault::Withhold) => return WebhookDelivery::unsent("withheld"),
            Some(Fault::Reorder) => {
                self.outbox.hold(account, parcel);
                return WebhookDelivery::unsent("held back until the next one");
            }
            _ => {}
        }
        self.send_now(account, parcel, order.as_ref()).await
    }

    async fn send_now(&self, account: &str, parcel: Parcel, order: Option<&Order>) -> WebhookDelivery {
        let mut receipt = WebhookDelivery::default();
        if let Some(Order { fault: Fault::Delay, ms, .. }) = order {
            tokio::time::sleep(Duration::from_millis(ms.unwrap_or(1000))).await;
        }
        let twice = order.is_some_and(|order| order.fault == Fault::Duplicate);
        for _ in 0..=u8::from(twice) {
            receipt.add(send(&parcel).await);
        }
        let own = receipt.status;
        for held in self.outbox.release(account) {
            receipt.add(send(&held).await);
        }
        WebhookDelivery { status: own, ..receipt }
    }
}

/// Sends a test's last webhook as it is, whatever is ordered.
pub(crate) async fn resend(last: Option<&Parcel>) -> WebhookDelivery {
    let Some(parcel) = last else { return WebhookDelivery::unsent("there was none") };
    let mut receipt = WebhookDelivery::default();
    receipt.add(send(parcel).await);
    receipt
}

impl Outbox {
    fn hold(&self, account: &str, parcel: Parcel) {
        self.0.lock().entry(account.to_owned()).or_default().push(parcel);
    }

    fn release(&self, account: &str) -> Vec<Parcel> {
        self.0.lock().remove(account).unwrap_or_default()
    }
}

async fn send(parcel: &Parcel) -> Result<client::Received, SendError> {
    client::send(Method::POST, &parcel.url, &parcel.headers, parcel.body.clone(), parcel.patience).await
}
