//! The rules of sending a doubtful call's request again, byte by byte, to a vendor
//! that is known to refuse what it has processed.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::transition::{APPLIED, Draft, RuleOutcome};
use super::{NoteReason, Policy, Reason, Reservation, State};
use crate::domain::deadline::later;
use crate::domain::forward::{Extra, has_extra};
use crate::domain::ids::Digest;

/// How often a request is sent again. The wait doubles each time.
const RESENDS: u32 = 5;

/// What a call's request was, written before the call is made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestDigest {
    pub call_no: u32,
    /// The digest of all that leaves: address, signature and so key, body.
    pub digest: Digest,
    /// How often it was sent again.
    #[serde(default)]
    pub resends: u32,
    /// When it was last sent again.
    #[serde(default)]
    pub resent_at: Option<Timestamp>,
    #[serde(flatten)]
    pub extra: Extra,
}

has_extra!(RequestDigest: extra);

impl Reservation {
    /// With the digest of the request that is about to be sent.
    #[must_use]
    pub fn with_request_digest(self, call_no: u32, digest: Option<Digest>) -> Self {
        let extra = Extra::default();
        let request_digest = digest.map(|digest| RequestDigest { call_no, digest, resends: 0, resent_at: None, extra });
        Self { request_digest, ..self }
    }

    /// From when on the doubtful call's request may be sent again; `None` where it
    /// may not. What the vendor has processed already, or has sold twice, no
    /// repetition clears up. What only a later release understands is left to it.
    pub fn resend_from(&self, policy: &Policy) -> Option<Timestamp> {
        let request = self
            .request_digest
            .as_ref()
            .filter(|request| request.call_no == self.calls && request.resends < RESENDS)?;
        let is_settled = matches!(self.reason, Some(Reason::ReferenceTaken | Reason::SoldReferenceUnknown));
        if is_settled || self.is_doubt_unknown() {
            return None;
        }
        let quiet = self.doubt_quiet_from(policy)?;
        let wait = policy.doubt_quiet.saturating_mul(1 << request.resends);
        Some(request.resent_at.map_or(quiet, |resent| quiet.max(later(resent, wait))))
    }
}

impl Draft<'_> {
    pub(super) fn resend_started(&mut self) -> RuleOutcome {
        match self.reservation.resend_from(self.policy) {
            None => return RuleOutcome::Refused(NoteReason::NotInDoubt),
            Some(from) if from > self.now => return RuleOutcome::Refused(NoteReason::NotDue),
            Some(_) => {}
        }
        if let Some(request) = &mut self.reservation.request_digest {
            request.resends += 1;
            request.resent_at = Some(self.now);
        }
        APPLIED
    }

    /// The bytes cannot be made again: the operator is left with the doubt. That
    /// they were sent again before is not forgotten.
    pub(super) fn resend_impossible(&mut self) -> RuleOutcome {
        match (&self.reservation.state, &mut self.reservation.request_digest) {
            (State::InDoubt { .. }, Some(request)) if request.resends > 1 => request.resends = RESENDS,
            (State::InDoubt { .. }, Some(_)) => self.reservation.request_digest = None,
            _ => return RuleOutcome::Refused(NoteReason::NotInDoubt),
        }
        APPLIED
    }

    /// Whether the doubtful call's request was sent again. Then a late word that the
    /// call sold nothing proves nothing: a repetition may have.
    pub(super) fn was_sent_again(&self) -> bool {
        self.reservation.request_digest.as_ref().is_some_and(|request_digest| {
            request_digest.call_no == self.reservation.calls && request_digest.resends > 0
        })
    }

    /// It says nothing of the call itself, which stays in doubt.
    pub(super) fn resend_not_processed(&self) -> RuleOutcome {
        RuleOutcome::Refused(NoteReason::NotProcessed)
    }
}
