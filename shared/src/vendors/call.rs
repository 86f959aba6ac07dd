//! One HTTP call to a vendor, bounded in time and size, and what its failure
//! proves. A purchase uses a fresh connection, follows no redirect and is never
//! repeated by a client: a connection that froze with its Lambda would
//! manufacture doubt.

use std::sync::OnceLock;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::{Client, RequestBuilder, Response};
use shared_core::domain::deadline::Deadline;
use shared_core::domain::order::Order;
use shared_core::domain::reservation::{CallOutcome, Evidence, NotProcessed, Unknown};
use shared_core::domain::sensitive::Sensitive;
use shared_core::ports::Clock;

use super::json::BYTE_ORDER_MARK;

/// How long calls may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallTimeouts {
    /// Name look-up, connection and TLS together.
    pub connect: Duration,
    /// The whole call, from the first look-up to the answer's last byte.
    pub whole: Duration,
}

/// How long a vendor may take to show that it can be reached.
pub(crate) const REACHABILITY_TIMEOUT: Duration = Duration::from_secs(5);
/// The most that is read of a purchase's answer, in bytes.
pub(crate) const PURCHASE_ANSWER_MAX: usize = 256 * 1024;
/// The most that is read of any other answer that is held in memory, in bytes.
pub(crate) const READ_ANSWER_MAX: usize = 4 * 1024 * 1024;
/// How much of an answer is kept as evidence, in bytes.
const EVIDENCE_MAX: usize = 4 * 1024;
/// The longest wait that a vendor may ask for.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(3600);

pub(crate) struct PurchaseCall<'a> {
    pub(crate) order: &'a Order,
    pub(crate) call_no: u32,
    /// By when the answer must be there.
    pub(crate) deadline: Deadline,
}

/// The HTTP clients, built when first needed: loading the trusted roots costs
/// start-up time.
#[derive(Debug)]
pub struct Http {
    timeouts: CallTimeouts,
    purchases: OnceLock<Option<Client>>,
    reads: OnceLock<Option<Client>>,
}

impl Http {
    /// Clients for these times; none is built yet.
    pub fn new(timeouts: CallTimeouts) -> Self {
        Self { timeouts, purchases: OnceLock::new(), reads: OnceLock::new() }
    }

    /// How long calls may take.
    pub fn timeouts(&self) -> CallTimeouts {
        self.timeouts
    }

    /// How long a call may take that must end by a deadline.
    pub(crate) fn time_until(&self, deadline: Deadline, clock: &impl Clock) -> Duration {
        deadline.remaining(clock.now()).min(self.timeouts.whole)
    }

    /// The client of purchases: a fresh connection each time.
    ///
    /// # Errors
    /// [`CallError::NotSent`] where TLS cannot be set up at all.
    pub(crate) fn purchases(&self) -> Result<&Client, CallError> {
        self.purchases.get_or_init(|| build(self.timeouts, 0)).as_ref().ok_or_else(no_client)
    }

    /// The client of everything that may be asked twice.
    ///
    /// # Errors
    /// As [`Http::purchases`].
    pub(crate) fn reads(&self) -> Result<&Client, CallError> {
        self.reads.get_or_init(|| build(self.timeouts, 4)).as_ref().ok_or_else(no_client)
    }
}

fn no_client() -> CallError {
    CallError::NotSent { cause: "the HTTP client cannot be built".to_owned() }
}

/// Without trusted roots on the machine there is still plain HTTP to a
/// simulator: every TLS connection then fails before a byte has left.
fn build(timeouts: CallTimeouts, idle: usize) -> Option<Client> {
    // An earlier provider of the process is as good.
    drop(rustls::crypto::ring::default_provider().install_default());
    let builder = || {
        Client::builder()
            .user_agent(concat!("english-test-hub/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .http1_only()
            .connect_timeout(timeouts.connect)
            .pool_max_idle_per_host(idle)
            .pool_idle_timeout(Duration::from_secs(20))
    };
    builder().build().or_else(|_| builder().tls_certs_only([]).build()).ok()
}

/// An answer that was read to its end.
pub(crate) struct VendorResponse {
    pub(crate) status: u16,
    /// How long the vendor asks to wait, where it says so in seconds.
    pub(crate) retry_after: Option<Duration>,
    pub(crate) body: Vec<u8>,
}

impl VendorResponse {
    /// Whether the status is a 2xx.
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The answer as evidence of a call that may have sold a test.
    pub(crate) fn evidence(&self, call_no: u32, at: Timestamp, unknown: Unknown) -> CallOutcome {
        CallOutcome::Unknown(Evidence {
            http_status: Some(self.status),
            body: evidence_text(&self.body),
            ..Evidence::without_answer(call_no, at, unknown)
        })
    }
}

/// Why a call brought no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    /// No connection came about: not a byte of the request has left.
    #[error("could not connect: {cause}")]
    NotSent {
        /// Why, in a few words without addresses.
        cause: String,
    },
    /// The time was over.
    #[error("no answer in time")]
    TimedOut {
        /// The answer's status, if that much had come.
        status: Option<u16>,
    },
    #[error("the connection was lost")]
    Lost {
        /// The answer's status, if that much had come.
        status: Option<u16>,
    },
    /// The answer is longer than what is read.
    #[error("the answer is too long")]
    TooLong {
        /// The answer's status.
        status: u16,
        /// The beginning of the answer.
        start: Vec<u8>,
    },
}

impl CallError {
    /// What the failure says of a purchase.
    pub(crate) fn outcome(self, call_no: u32, at: Timestamp) -> CallOutcome {
        let (unknown, http_status, body) = match self {
            CallError::NotSent { cause } => {
                let why = NotProcessed::Unreachable;
                return CallOutcome::NotProcessed { why, retry_after: None, detail: Some(cause) };
            }
            CallError::TimedOut { status } => (Unknown::TimedOut, status, None),
            CallError::Lost { status } => (Unknown::ConnectionLost, status, None),
            CallError::TooLong { status, start } => (Unknown::Unreadable, Some(status), evidence_text(&start)),
        };
        CallOutcome::Unknown(Evidence { http_status, body, ..Evidence::without_answer(call_no, at, unknown) })
    }

    fn new(error: &reqwest::Error, status: Option<u16>) -> Self {
        if status.is_none() && error.is_dns() {
            return CallError::NotSent { cause: "the name look-up failed".to_owned() };
        }
        if status.is_none() && error.is_connect() {
            let cause = if error.is_timeout() { "no connection in time" } else { "connecting failed" };
            return CallError::NotSent { cause: cause.to_owned() };
        }
        if error.is_builder() {
            return CallError::NotSent { cause: "the request cannot be built".to_owned() };
        }
        if error.is_timeout() { CallError::TimedOut { status } } else { CallError::Lost { status } }
    }
}

/// Sends a request and reads its answer to the end, within a time and a size.
///
/// # Errors
/// [`CallError`], which tells whether a byte may have left.
pub(crate) async fn exchange(
    request: RequestBuilder,
    time: Duration,
    max_bytes: usize,
) -> Result<VendorResponse, CallError> {
    let mut response = open(request, time).await?;
    let status = response.status().as_u16();
    let retry_after = retry_after(&response);
    let mut body = Vec::new();
    while let Some(chunk) = next_chunk(&mut response).await? {
        body.extend_from_slice(&chunk);
        if body.len() > max_bytes {
            return Err(CallError::TooLong { status, start: body });
        }
    }
    let body = if body.starts_with(BYTE_ORDER_MARK) { body.split_off(BYTE_ORDER_MARK.len()) } else { body };
    Ok(VendorResponse { status, retry_after, body })
}

/// Sends a request and returns once the answer's head is there.
///
/// # Errors
/// As [`exchange`].
pub(crate) async fn open(request: RequestBuilder, time: Duration) -> Result<Response, CallError> {
    request.timeout(time).send().await.map_err(|error| CallError::new(&error, None))
}

/// The next piece of an answer's body; `None` at its end.
///
/// # Errors
/// As [`exchange`].
pub(crate) async fn next_chunk(response: &mut Response) -> Result<Option<bytes::Bytes>, CallError> {
    let status = response.status().as_u16();
    response.chunk().await.map_err(|error| CallError::new(&error, Some(status)))
}

/// `Retry-After` in seconds; a date is not read.
pub(crate) fn retry_after(response: &Response) -> Option<Duration> {
    let seconds = response.headers().get(reqwest::header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds).min(RETRY_AFTER_MAX))
}

/// The beginning of a body, as text.
fn evidence_text(body: &[u8]) -> Option<Sensitive<String>> {
    let start = &body[..body.len().min(EVIDENCE_MAX)];
    (!start.is_empty()).then(|| Sensitive::new(String::from_utf8_lossy(start).into_owned()))
}

/// Cuts a text to so many bytes, at a character.
pub(crate) fn cut(text: &str, max: usize) -> &str {
    &text[..text.floor_char_boundary(max)]
}

#[cfg(test)]
mod tests;
