//! The ports of the use cases, in domain types. The `shared` crate has the adapters,
//! and tests bring their own.

mod messages;
mod sender;
mod store;
mod vendor_api;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

pub use messages::{CheckReason, Dismissal, InboundWebhook, ParsedReport, Quarantined, ResultMessage, ScoreCheck};
pub use sender::{AuthOutcome, SenderCredentials};
pub use store::{
    BookingOutcome, Breakers, ClaimOutcome, InsertOutcome, LinkCountOutcome, LinkCounts, ListQuery, Page, PollMark,
    Polls, Quarantine, RateLimits, RawDocument, ReplaceOutcome, Store, Worklist, WriteOutcome,
};
pub use vendor_api::{
    AccountTerms, BoxFuture, LookupError, LookupFuture, ObservedTest, OrderFuture, OrderProblem, ProductOffer,
    ResendOutcome, TimeSpan, VendorApi,
};

use crate::domain::ids::{Account, Mode, ReservationId};
use crate::domain::reservation::Alert;
use crate::domain::sensitive::Sensitive;
use crate::domain::timeouts::Timeouts;
pub use crate::error::{BackendError, BackendErrorKind, ErrorChain};

/// What every use case works in. What a use case needs of storage beyond [`Store`]
/// stands in its bounds, such as `E: Env<Store: Polls>`.
pub trait Env: Sync {
    type Store: Store;
    type Queue: Queue;
    type Alerts: Alerts;
    type Clock: Clock;

    fn store(&self) -> &Self::Store;
    fn queue(&self) -> &Self::Queue;
    fn alerts(&self) -> &Self::Alerts;
    fn clock(&self) -> &Self::Clock;
    fn timeouts(&self) -> &Timeouts;

    fn now(&self) -> Timestamp {
        self.clock().now()
    }
}

/// What those use cases work in that speak to vendors. It is apart from [`Env`], so
/// that a function that neither buys nor looks up links no connector.
pub trait VendorEnv: Env {
    type Breakers: Breakers;

    fn breakers(&self) -> &Self::Breakers;
    /// Who sells on an account.
    fn vendor(&self, account: &Account) -> &dyn VendorApi;
}

/// What those functions work in that receive vendors' webhooks: secrets, to authenticate
/// who sends them.
pub trait WebhookEnv: Env {
    type Secrets: Secrets;

    fn secrets(&self) -> &Self::Secrets;
}

pub trait Clock: Sync {
    fn now(&self) -> Timestamp;
    fn sleep(&self, time: Duration) -> impl Future<Output = ()> + Send;
}

/// Tells the operator. It never fails and never blocks.
pub trait Alerts: Sync {
    fn raise(&self, alert: Alert, subject: AlertSubject<'_>);
    /// Logs a failure that the hub makes up for without the operator.
    fn log_recoverable(&self, error: &BackendError, subject: AlertSubject<'_>);
}

/// What an alert is about; prints its id.
#[derive(Debug, Clone, Copy)]
pub enum AlertSubject<'a> {
    Reservation(&'a ReservationId),
    Account(&'a Account),
    InboundWebhook(&'a InboundWebhook),
}

impl fmt::Display for AlertSubject<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AlertSubject::Reservation(id) => id.fmt(f),
            AlertSubject::Account(account) => account.fmt(f),
            AlertSubject::InboundWebhook(webhook) => webhook.id.fmt(f),
        }
    }
}

impl AlertSubject<'_> {
    /// Whose business it is: what happens in test mode is not the operator's.
    pub fn mode(&self) -> Mode {
        match self {
            AlertSubject::Reservation(id) => id.mode(),
            AlertSubject::Account(account) => account.mode(),
            AlertSubject::InboundWebhook(webhook) => webhook.account.mode(),
        }
    }
}

/// Messages between the functions. They are hints: the truth is in the store.
pub trait Queue: Sync {
    /// Asks `fulfil` to buy for a reservation.
    fn fulfil(&self, id: &ReservationId) -> impl Future<Output = Result<(), BackendError>> + Send;
    /// Hands something to `record-result`, after a delay.
    fn record(&self, message: &ResultMessage, delay: Duration)
    -> impl Future<Output = Result<(), BackendError>> + Send;
    /// Asks `score-poller` to look a test up, after a delay.
    fn check_score(&self, check: &ScoreCheck, delay: Duration)
    -> impl Future<Output = Result<(), BackendError>> + Send;
}

/// Secrets by name, such as `hub/itep/default`.
pub trait Secrets: Sync {
    /// The secret's text, fetched once and kept for a while; `None` if there is
    /// no such secret.
    fn secret(&self, name: &str) -> impl Future<Output = Result<Option<Arc<Sensitive<String>>>, BackendError>> + Send;
}

#[cfg(test)]
mod tests;
