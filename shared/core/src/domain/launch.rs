//! What a candidate needs to begin a test.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::sensitive::Sensitive;

/// How many links a reservation gets in any [`LINK_WINDOW`]. A double click gets its
/// second one; a loop must not use up the account's rate limit.
pub const LINKS: usize = 3;
/// The time in which they count.
pub const LINK_WINDOW: Duration = Duration::from_secs(10);

/// Launch material. It opens a test, so it is never logged and never part of a
/// reservation that is read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Launch {
    /// TrueNorth: a single-use sign-in link.
    Link {
        /// Where to send the candidate.
        url: Sensitive<String>,
        /// When the link stops working: five minutes after it was made.
        expires_at: Timestamp,
    },
    /// iTEP: what the candidate types at the exam's site.
    Credentials {
        /// The exam's site, from the account's profile.
        url: Option<String>,
        test_id: String,
        /// The test's password; `None` where iTEP's answer named none.
        password: Option<Sensitive<String>>,
    },
}
