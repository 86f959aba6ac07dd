//! The simulated vendors behave as the vendors' documents say, and fail as ordered.

#![allow(clippy::unwrap_used, reason = "a test's helpers may panic like the test itself")]

mod faults;
mod itep;
mod truenorth;
mod world;
