//! The use cases, one file each. They apply events to the state machine and carry out
//! its decisions through the ports.

pub mod breaker;
pub mod cancel;
pub mod check_score;
pub mod commit;
pub mod correct_reference;
pub mod enter_result;
pub mod fulfil;
pub mod history;
pub mod import_inventory;
pub mod launch;
pub mod poll_scores;
pub mod purchase;
pub mod record_report;
pub mod reprocess;
pub mod reserve;
pub mod settle_doubt;
pub mod sweep;

use crate::domain::deadline::{Deadline, later};
use crate::domain::reservation::Lease;
use crate::ports::Env;

/// The invocation of a function that runs a use case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invocation {
    /// Unique: it marks the lease of a purchase call.
    pub id: String,
    pub deadline: Deadline,
}

impl Invocation {
    /// A lease on one purchase call.
    fn lease<E: Env>(&self, env: &E) -> Lease {
        Lease { holder: self.id.clone(), until: later(env.now(), env.timeouts().lease) }
    }
}
