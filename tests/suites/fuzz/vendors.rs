//! Both vendors' connectors over ports that live in memory, and a server that answers
//! as the input says.

use std::future::Future;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use shared::vendors::{CallTimeouts, Connectors};
use shared_core::domain::ids::{Account, AccountName, ReservationId, Vendor};
use shared_core::domain::limiter::{Booking, Levels};
use shared_core::domain::order::Order;
use shared_core::domain::sensitive::Sensitive;
use shared_core::ports::{BackendError, BookingOutcome, Clock, RateLimits, Secrets};
use test_support::fixtures;
use tokio::runtime::{Builder, Runtime};

use crate::server::{HttpResponse, serve};

/// Our reservation, in every target.
pub(crate) const OURS: &str = "res_0123456789abcdefghjkmnpqrs";

/// The vendors, and what their server answers next.
pub(crate) struct Stage {
    pub(crate) connectors: Connectors<Profiles, NoLimits, Ticking>,
    clock: Ticking,
    next: Arc<Mutex<Hostile>>,
    runtime: Runtime,
}

/// An answer as an input describes it: a first line with the status, seconds to wait
/// and the size of the pieces, then the body.
#[derive(Clone, Default)]
pub(crate) struct Hostile {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    retry_after: Option<u64>,
    piece: usize,
}

impl Hostile {
    pub(crate) fn read(input: &[u8]) -> Self {
        let end = input.iter().position(|byte| *byte == b'\n').unwrap_or(input.len());
        let line = String::from_utf8_lossy(&input[..end]).into_owned();
        let mut numbers = line.split_whitespace().map(|word| word.parse::<u64>().ok());
        let status = numbers.next().flatten().and_then(|n| u16::try_from(n).ok()).unwrap_or(200);
        Self {
            status: if (200..600).contains(&status) { status } else { 200 },
            retry_after: numbers.next().flatten(),
            piece: numbers.next().flatten().map_or(0, |n| usize::try_from(n % 4096).unwrap_or_default()),
            body: input.get(end + 1..).unwrap_or_default().to_vec(),
        }
    }

    fn answer(&self) -> HttpResponse {
        let Self { status, body, retry_after, piece } = self.clone();
        HttpResponse { status, retry_after, body, piece }
    }
}

impl Stage {
    pub(crate) fn open() -> Self {
        let next = Arc::new(Mutex::new(Hostile::default()));
        let told = Arc::clone(&next);
        let address = serve(move |_| told.lock().unwrap_or_else(PoisonError::into_inner).answer());
        let times = CallTimeouts { connect: Duration::from_secs(5), whole: Duration::from_secs(10) };
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let clock = Ticking::default();
        let connectors = Connectors::new(Profiles(address), NoLimits, clock.clone(), times);
        Self { connectors, clock, next, runtime }
    }

    /// Does something while the server answers so.
    pub(crate) fn play<T>(&self, answer: Hostile, work: impl Future<Output = T>) -> T {
        self.clock.0.fetch_add(REST, Ordering::Relaxed);
        *self.next.lock().unwrap_or_else(PoisonError::into_inner) = answer;
        self.runtime.block_on(work)
    }

    /// The time of the last play.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

/// The local profiles, with the server's address in them.
#[derive(Clone)]
pub(crate) struct Profiles(String);

/// The iTEP profile of the targets, as its secret.
pub(crate) fn itep_profile(url: &str) -> String {
    let sample = include_str!("../../../shared/src/vendors/itep/samples/profile.json");
    sample.replace("http://127.0.0.1:9", url)
}

impl Secrets for Profiles {
    async fn secret(&self, name: &str) -> Result<Option<Arc<Sensitive<String>>>, BackendError> {
        let secret = match name {
            "hub/itep/default" => itep_profile(&self.0),
            "hub/truenorth/default" => format!(r#"{{"api_key":"sim-key","url":"{}/2020q1"}}"#, self.0),
            _ => return Ok(None),
        };
        Ok(Some(Arc::new(Sensitive::new(secret))))
    }
}

/// A rate limit that holds nobody.
pub(crate) struct NoLimits;

impl RateLimits for NoLimits {
    async fn book(&self, _: &AccountName, booking: &Booking) -> Result<BookingOutcome, BackendError> {
        Ok(BookingOutcome::Done(Levels { slot: booking.now, bucket: booking.now, ..Levels::default() }))
    }
    async fn empty(&self, _: &AccountName, _: Timestamp) -> Result<(), BackendError> {
        Ok(())
    }
}

/// Seconds between two plays: so long, a limiter that a 429 has emptied is full again.
const REST: i64 = 120;

/// A clock that stands still during a play.
#[derive(Clone, Default)]
pub(crate) struct Ticking(Arc<AtomicI64>);

impl Clock for Ticking {
    fn now(&self) -> Timestamp {
        // Billions of plays end before time does.
        Timestamp::from_second(1_795_435_200 + self.0.load(Ordering::Relaxed)).unwrap_or(Timestamp::MAX)
    }
    async fn sleep(&self, _: Duration) {}
}

/// The vendors' account of every target.
pub(crate) fn account(vendor: Vendor) -> Account {
    Account { vendor, name: "default".parse().expect("a name") }
}

/// An order of everybody's favourite candidate.
pub(crate) fn order(vendor: Vendor, product: &str) -> Order {
    let expires_at = "2027-01-31T00:00:00Z".parse().expect("a time");
    let order = fixtures::order("order-42");
    Order { id: ours(), account: account(vendor), product: product.to_owned(), expires_at, ..order }
}

pub(crate) fn ours() -> ReservationId {
    OURS.parse().expect("an id")
}
