//! A world for scripts: time stands still, and everything goes as the test says.

mod vendor;

use std::collections::HashSet;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use jiff::Timestamp;
use shared_core::domain::ids::{Account, Digest, ReservationId, Vendor};
use shared_core::domain::reservation::{Alert, CallOutcome, HistoryEntry, Reservation, Status};
use shared_core::domain::timeouts::Timeouts;
use shared_core::ports::{AlertSubject, Alerts, BackendError, Clock, ObservedTest, ResendOutcome, TimeSpan, VendorApi};

use vendor::ScriptedVendor;

use crate::fixtures::{TIMEOUTS, at, order};
use crate::memory::Memory;
use crate::world::{Hooks, World};

/// What the world keeps and how it goes, for tests to arrange and to look at.
#[derive(Default)]
pub struct Kept {
    memory: Memory,
    now: i64,
    pub slept: Vec<Duration>,
    asked: Vec<&'static str>,
    pub failing: HashSet<&'static str>,
    /// After how many changes no more can be written.
    pub writes_at_most: Option<usize>,
    /// How many writes somebody else is about to overtake.
    pub overtaken: usize,
    /// What somebody else makes of a reservation right before the next write.
    pub overtaken_by: Option<Reservation>,
    /// Whether writes never end.
    pub is_stuck: bool,
    /// What the vendor says to a purchase, and to one that is sent again.
    pub answer: Option<CallOutcome>,
    pub answer_again: Option<ResendOutcome>,
    /// How many seconds a purchase, or the check of an order, takes.
    pub purchase_takes: i64,
    pub validation_takes: i64,
    calls: Vec<PurchaseCall>,
    pub is_silent: bool,
    pub asked_for_a_sign: usize,
    /// The digest of each purchase's request, at a vendor that refuses repetitions.
    pub request_digest: Option<Digest>,
    /// What TrueNorth knows.
    pub observed: Vec<(ReservationId, ObservedTest)>,
    pub looked_up: Vec<ReservationId>,
    pub swept: Vec<TimeSpan>,
    /// Tests to which a link can be made.
    pub links: HashSet<String>,
}

impl Deref for Kept {
    type Target = Memory;

    fn deref(&self) -> &Memory {
        &self.memory
    }
}

impl DerefMut for Kept {
    fn deref_mut(&mut self) -> &mut Memory {
        &mut self.memory
    }
}

impl Kept {
    /// How often an operation was asked for.
    pub fn count(&self, operation: &str) -> usize {
        self.asked.iter().filter(|asked| **asked == operation).count()
    }

    fn fails(&self, operation: &str) -> bool {
        let is_full = operation == "write" && self.writes_at_most.is_some_and(|most| self.changes.len() >= most);
        is_full || self.failing.contains(operation)
    }

    /// Lets somebody else write first.
    fn overtake(&mut self) {
        if let Some(other) = self.overtaken_by.take() {
            self.reservations.insert(other.id().clone(), other);
        }
        if self.overtaken > 0 {
            self.overtaken -= 1;
            self.reservations.values_mut().for_each(|reservation| reservation.seq += 1);
            self.breakers.values_mut().for_each(|breaker| breaker.seq += 1);
        }
    }
}

pub struct Script {
    kept: Arc<Mutex<Kept>>,
    vendors: [ScriptedVendor; 2],
}

impl World {
    /// Storage with these reservations, at second 0.
    pub fn with(reservations: impl IntoIterator<Item = Reservation>) -> Self {
        let kept = Arc::new(Mutex::new(Kept { memory: Memory::with(reservations), ..Kept::default() }));
        let vendors = [Vendor::Itep, Vendor::Truenorth].map(|vendor| ScriptedVendor { vendor, kept: kept.clone() });
        Self::new(Script { kept, vendors })
    }

    /// The same, at another second.
    pub fn at(self, seconds: i64) -> Self {
        self.kept().now = seconds;
        self
    }

    /// The same, with operations that fail.
    pub fn failing(self, operations: &[&'static str]) -> Self {
        self.kept().failing.extend(operations);
        self
    }
}

impl Script {
    /// What is kept, for one look at a time.
    pub fn kept(&self) -> MutexGuard<'_, Kept> {
        look(&self.kept)
    }

    pub fn reservation_of(&self, key: &str) -> Reservation {
        self.kept().reservations[&order(key).id].clone()
    }

    pub fn status_of(&self, key: &str) -> Status {
        self.reservation_of(key).status()
    }

    pub fn last_entry(&self) -> HistoryEntry {
        self.kept().entries().next_back().cloned().unwrap()
    }

    /// The owner of an iTEP test.
    pub fn owner_of(&self, test_id: &str) -> Option<ReservationId> {
        self.kept().claims.get(&(order("").account, test_id.to_owned())).cloned()
    }

    pub fn raised(&self) -> Vec<Alert> {
        self.kept().alerts.iter().map(|(alert, _)| *alert).collect()
    }

    /// The numbers of the purchase calls that were made.
    pub fn calls(&self) -> Vec<u32> {
        self.kept().calls.iter().map(|call| call.call_no).collect()
    }

    /// How long the vendor had to answer each purchase call.
    pub fn times_to_answer(&self) -> Vec<Duration> {
        self.kept().calls.iter().map(|call| call.time_to_answer).collect()
    }

    pub fn writes(&self) -> usize {
        self.kept().changes.len()
    }
}

/// A purchase call that was made, or sent again.
struct PurchaseCall {
    call_no: u32,
    time_to_answer: Duration,
}

/// For one look at a time.
fn look(kept: &Mutex<Kept>) -> MutexGuard<'_, Kept> {
    kept.try_lock().expect("nobody else is looking")
}

impl Hooks for Script {
    async fn call<T: Send + 'static>(
        &self,
        operation: &'static str,
        work: impl Fn(&mut Memory) -> T + Send + 'static,
    ) -> Result<T, BackendError> {
        if operation == "write" && self.kept().is_stuck {
            return std::future::pending().await;
        }
        let mut kept = self.kept();
        kept.asked.push(operation);
        if kept.fails(operation) {
            return Err(BackendError::unavailable(operation, "it cannot be reached"));
        }
        if matches!(operation, "write" | "replace") {
            kept.overtake();
        }
        Ok(work(&mut kept))
    }

    fn timeouts(&self) -> &Timeouts {
        &TIMEOUTS
    }

    fn vendor(&self, account: &Account) -> &dyn VendorApi {
        self.vendors.iter().find(|scripted| scripted.vendor == account.vendor).expect("both vendors")
    }
}

impl Alerts for Script {
    fn raise(&self, alert: Alert, subject: AlertSubject<'_>) {
        self.kept().alerts.push((alert, subject.to_string()));
    }

    fn log_recoverable(&self, _: &BackendError, subject: AlertSubject<'_>) {
        self.kept().recoverable_errors.push(subject.to_string());
    }
}

/// Time stands still but for what takes time.
impl Clock for Script {
    fn now(&self) -> Timestamp {
        at(self.kept().now)
    }

    async fn sleep(&self, time: Duration) {
        self.kept().slept.push(time);
    }
}
