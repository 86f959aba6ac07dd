//! The domain: ids, orders, reservations, results.

pub mod backoff;
pub mod base32;
pub mod breaker;
pub mod candidate;
pub mod capabilities;
pub mod deadline;
pub mod forward;
pub mod ids;
pub mod json_pointer;
pub mod launch;
pub mod limiter;
pub mod order;
pub mod reservation;
pub mod sensitive;
pub mod test_result;
pub mod timeouts;
