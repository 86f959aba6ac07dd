//! The use cases over a world in memory, each by itself.
#![allow(clippy::unwrap_used, reason = "a test that meets an error has failed")]

mod breaker;
mod cancel;
mod check_score;
mod commit;
mod correct_reference;
mod enter_result;
mod fulfil;
mod history;
mod import_inventory;
mod launch;
mod poll_scores;
mod purchase;
mod record_report;
mod reprocess;
mod reserve;
mod settle_doubt;
mod sweep;

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use shared_core::domain::breaker::{Breaker, BreakerDecision, CallSignal};
use shared_core::domain::deadline::{Deadline, later};
use shared_core::domain::ids::{Account, Digest, Fingerprint, Vendor, VendorReference};
use shared_core::domain::launch::Launch;
use shared_core::domain::order::Order;
use shared_core::domain::reservation::{
    Alert, CallOutcome, Event, EventName, NoteReason, Reason, Refusal, Report, ReportedStatus, Reservation, Source,
    State, Status, Surplus,
};
use shared_core::domain::sensitive::Sensitive;
use shared_core::domain::test_result::{Scale, Score, TestResult};
use shared_core::ports::*;
use shared_core::usecases;
use test_support::World;
use test_support::fixtures::{self, *};
