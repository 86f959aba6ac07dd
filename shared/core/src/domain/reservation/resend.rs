//! The rules of sending a doubtful call's request again, byte by byte, to a vendor
//! that is known to refuse what it has processed.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::transition::{APPLIED, Draft, Ruling};
use super::{Policy, Reason, Reservation, State, Why};
use crate::domain::ids::Digest;
use crate::domain::time::later;

/// How often a request is sent again. The wait doubles each time.
const RESENDS: u32 = 5;

/// What a call's request was, written before the call is made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seal {
    /// Which call.
    pub call_no: u32,
    /// The digest of all that leaves: address, signature and so key, body.
    pub digest: Digest,
    /// How often it was sent again.
    #[serde(default)]
    pub resends: u32,
    /// When it was last sent again.
    #[serde(default)]
    pub resent_at: Option<Timestamp>,
}

impl Reservation {
    /// With the seal of the call that is about to be made.
    #[must_use]
    pub fn sealed(self, call_no: u32, digest: Option<Digest>) -> Self {
        let seal = digest.map(|digest| Seal { call_no, digest, resends: 0, resent_at: None });
        Self { seal, ..self }
    }

    /// From when on the doubtful call's request may be sent again; `None` where it
    /// may not. What the vendor has processed already, or has sold twice, no
    /// repetition clears up.
    pub fn resend_from(&self, policy: &Policy) -> Option<Timestamp> {
        let seal = self.seal.as_ref().filter(|seal| seal.call_no == self.calls && seal.resends < RESENDS)?;
        if matches!(self.reason, Some(Reason::ReferenceTaken | Reason::SoldReferenceUnknown)) {
            return None;
        }
        let quiet = self.doubt_quiet_from(policy)?;
        let wait = policy.doubt_quiet.saturating_mul(1 << seal.resends);
        Some(seal.resent_at.map_or(quiet, |resent| quiet.max(later(resent, wait))))
    }
}

impl Draft<'_> {
    pub(super) fn resend_started(&mut self) -> Ruling {
        match self.r.resend_from(self.policy) {
            None => return Ruling::Refused(Why::NotInDoubt),
            Some(from) if from > self.now => return Ruling::Refused(Why::NotDue),
            Some(_) => {}
        }
        if let Some(seal) = &mut self.r.seal {
            seal.resends += 1;
            seal.resent_at = Some(self.now);
        }
        APPLIED
    }

    /// The bytes cannot be made again: the operator is left with the doubt. That
    /// they were sent again before is not forgotten.
    pub(super) fn resend_impossible(&mut self) -> Ruling {
        match (&self.r.state, &mut self.r.seal) {
            (State::InDoubt { .. }, Some(seal)) if seal.resends > 1 => seal.resends = RESENDS,
            (State::InDoubt { .. }, Some(_)) => self.r.seal = None,
            _ => return Ruling::Refused(Why::NotInDoubt),
        }
        APPLIED
    }

    /// Whether the doubtful call's request was sent again. Then a late word that the
    /// call sold nothing proves nothing: a repetition may have.
    pub(super) fn was_sent_again(&self) -> bool {
        self.r.seal.as_ref().is_some_and(|seal| seal.call_no == self.r.calls && seal.resends > 0)
    }

    /// It says nothing of the call itself, which stays in doubt.
    pub(super) fn resend_not_processed(&self) -> Ruling {
        Ruling::Refused(Why::NotProcessed)
    }
}
