//! The person who takes the test.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::forward::{Extra, has_extra};
use super::sensitive::Sensitive;

/// A candidate as the client describes them. Lengths and shapes are checked
/// where the request is read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// The client's own id for the candidate.
    pub external_id: Sensitive<String>,
    pub given_name: Sensitive<String>,
    pub family_name: Sensitive<String>,
    /// Email address; iTEP's `STX` products need it.
    pub email: Option<Sensitive<String>>,
    pub birth_date: Option<Sensitive<Date>>,
    #[serde(flatten)]
    pub extra: Extra,
}

has_extra!(Candidate: extra);
