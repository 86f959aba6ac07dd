//! The rules of buying once: calls, their outcomes, and doubt.

use std::time::Duration;

use jiff::Timestamp;

use super::transition::{APPLIED, Draft, RuleOutcome};
use super::{
    Alert, CallOutcome, Effect, Evidence, Lease, NotProcessed, NoteReason, Reason, Refusal, State, Surplus, Unknown,
};
use crate::domain::deadline::later;
use crate::domain::ids::VendorReference;
use crate::domain::launch::Launch;

/// How many lost answers a reservation keeps; the history has a line for each.
const EVIDENCE_KEPT: usize = 5;

impl Draft<'_> {
    pub(super) fn call_started(&mut self, lease: &Lease) -> RuleOutcome {
        match self.reservation.state {
            State::Queued { tries, .. } if self.reservation.may_call(self.now) => {
                self.reservation.calls += 1;
                self.enter(State::Calling { lease: lease.clone(), tries });
                APPLIED
            }
            _ => RuleOutcome::Refused(NoteReason::NoCallDue),
        }
    }

    pub(super) fn call_ended(&mut self, call_no: u32, outcome: &CallOutcome) -> RuleOutcome {
        match outcome {
            CallOutcome::Confirmed { reference, launch } => self.confirmed(call_no, reference, launch.as_ref()),
            CallOutcome::Refused(refusal) => self.refused(call_no, refusal),
            CallOutcome::NotProcessed { why, retry_after, detail } => {
                self.not_processed(call_no, *why, *retry_after, detail.as_deref())
            }
            CallOutcome::Unknown(evidence) => self.unknown(call_no, evidence),
        }
    }

    /// A confirmation is never discarded, whatever the status and however late.
    fn confirmed(&mut self, call_no: u32, reference: &VendorReference, launch: Option<&Launch>) -> RuleOutcome {
        match &self.reservation.reference {
            Some(known) if known.is_same_test(reference) => self.confirmed_again(launch),
            // Said before: of a test that was given up since, or is one too many.
            _ if self.reservation.has_released(reference) || self.reservation.has_surplus(reference) => {
                RuleOutcome::Duplicate
            }
            Some(_) => self.surplus(call_no, reference),
            None => {
                self.adopt(reference);
                self.keep_password(launch);
                APPLIED
            }
        }
    }

    /// A report outran the answer; only what opens the test can be new in it.
    fn confirmed_again(&mut self, launch: Option<&Launch>) -> RuleOutcome {
        let had_password = self.reservation.password.is_some();
        self.keep_password(launch);
        if self.reservation.password.is_some() == had_password { RuleOutcome::Duplicate } else { APPLIED }
    }

    fn surplus(&mut self, call_no: u32, reference: &VendorReference) -> RuleOutcome {
        self.reservation.surplus.push(Surplus::new(call_no, reference.clone()));
        self.effects.push(Effect::Claim(reference.clone()));
        self.alert(Alert::Surplus);
        RuleOutcome::Refused(NoteReason::Surplus)
    }

    /// Makes a reference the reservation's own. What had ended stays ended.
    pub(super) fn adopt(&mut self, reference: &VendorReference) {
        self.reservation.reference = Some(reference.clone());
        self.reservation.released.retain(|released| !released.is_same_test(reference));
        self.effects.push(Effect::Claim(reference.clone()));
        match self.reservation.state {
            State::Rejected => {
                self.alert(Alert::RefusedYetSold);
                self.enter(State::Ready);
            }
            State::Queued { .. } | State::Calling { .. } | State::InDoubt { .. } => self.enter(State::Ready),
            _ => {}
        }
    }

    fn keep_password(&mut self, launch: Option<&Launch>) {
        if let Some(Launch::Credentials { password: Some(password), .. }) = launch {
            self.reservation.password = Some(password.clone());
        }
    }

    /// Whether the call is the one that the reservation waits for: the last, out
    /// or in doubt. Only then does an outcome other than a confirmation matter.
    fn awaits(&self, call_no: u32) -> bool {
        call_no == self.reservation.calls
            && matches!(self.reservation.state, State::Calling { .. } | State::InDoubt { .. })
    }

    /// Why a word that a call sold nothing does not count, if so.
    fn disregard_reason(&self, call_no: u32) -> Option<NoteReason> {
        if !self.awaits(call_no) {
            return Some(NoteReason::OtherCall);
        }
        self.was_sent_again().then_some(NoteReason::SentAgain)
    }

    fn refused(&mut self, call_no: u32, refusal: &Refusal) -> RuleOutcome {
        if let Some(why) = self.disregard_reason(call_no) {
            return RuleOutcome::Refused(why);
        }
        self.enter(State::Rejected);
        let reason = if refusal.out_of_tests { Reason::OutOfTests } else { Reason::VendorRefused };
        self.set_reason(reason, Some(refusal.vendor_reason.clone()));
        if refusal.out_of_tests {
            self.alert(Alert::OutOfTests);
        }
        APPLIED
    }

    fn not_processed(
        &mut self,
        call_no: u32,
        why: NotProcessed,
        retry_after: Option<Duration>,
        detail: Option<&str>,
    ) -> RuleOutcome {
        if let Some(why) = self.disregard_reason(call_no) {
            return RuleOutcome::Refused(why);
        }
        let tries = match self.reservation.state {
            State::Calling { tries, .. } => tries + 1,
            _ => 1,
        };
        let wait = match why {
            // Ours to make up for, not the vendor's to be spared.
            NotProcessed::NoTime => Duration::ZERO,
            _ => self.policy.backoff.wait(self.reservation.id(), tries).max(retry_after.unwrap_or_default()),
        };
        self.enter(State::Queued { retry_at: later(self.now, wait), tries });
        self.set_reason(reason_to_wait(why), detail.map(str::to_owned));
        match why {
            NotProcessed::CredentialsRefused => self.alert(Alert::VendorCredentialsRefused),
            NotProcessed::AccountUnavailable => self.alert(Alert::AccountUnavailable),
            NotProcessed::NoTime => self.effects.push(Effect::Fulfil),
            NotProcessed::Unreachable | NotProcessed::Busy | NotProcessed::SaidSo | NotProcessed::Other(_) => {}
        }
        APPLIED
    }

    fn unknown(&mut self, call_no: u32, evidence: &Evidence) -> RuleOutcome {
        // A test that was handed out twice is the operator's matter in any state.
        let taken = evidence.unknown == Unknown::ReferenceTaken;
        if taken {
            self.alert(Alert::ReferenceTaken);
        }
        let awaited = self.awaits(call_no);
        if awaited || taken {
            self.keep_evidence(evidence.clone());
        }
        if !awaited {
            return RuleOutcome::Refused(NoteReason::OtherCall);
        }
        if let State::InDoubt { .. } = self.reservation.state {
            // Told again: the first time may have died with its function.
            self.alert(Alert::InDoubt);
            if evidence.unknown == Unknown::Replayed && self.reservation.reason != Some(Reason::SoldReferenceUnknown) {
                self.set_reason(Reason::SoldReferenceUnknown, None);
                return APPLIED;
            }
            return RuleOutcome::Refused(NoteReason::MoreEvidence);
        }
        self.doubt(evidence.unknown);
        APPLIED
    }

    fn doubt(&mut self, unknown: Unknown) {
        self.enter(State::InDoubt { since: self.now });
        let reason = match unknown {
            Unknown::LeaseLapsed => Reason::CallAbandoned,
            Unknown::ReferenceTaken => Reason::ReferenceTaken,
            Unknown::Replayed => Reason::SoldReferenceUnknown,
            Unknown::TimedOut
            | Unknown::ConnectionLost
            | Unknown::UnclearStatus
            | Unknown::NoReference
            | Unknown::Unreadable
            | Unknown::Other(_) => Reason::AnswerLost,
        };
        self.set_reason(reason, None);
        self.alert(Alert::InDoubt);
    }

    fn keep_evidence(&mut self, evidence: Evidence) {
        if self.reservation.evidence.len() == EVIDENCE_KEPT {
            self.reservation.evidence.remove(0);
        }
        self.reservation.evidence.push(evidence);
    }

    pub(super) fn lease_lapsed(&mut self, call_no: u32) -> RuleOutcome {
        match &self.reservation.state {
            State::Calling { lease, .. } if call_no == self.reservation.calls => {
                if lease.until > self.now {
                    return RuleOutcome::Refused(NoteReason::NotDue);
                }
                self.keep_evidence(Evidence::without_answer(call_no, self.now, Unknown::LeaseLapsed));
                self.doubt(Unknown::LeaseLapsed);
                APPLIED
            }
            _ => RuleOutcome::Refused(NoteReason::OtherCall),
        }
    }

    pub(super) fn nothing_sold(&mut self) -> RuleOutcome {
        let State::InDoubt { .. } = self.reservation.state else {
            return RuleOutcome::Refused(NoteReason::NotInDoubt);
        };
        self.enter(State::Queued { retry_at: self.now, tries: 0 });
        self.effects.push(Effect::Fulfil);
        APPLIED
    }

    /// The time of asking guards against a look-up that was overtaken: by then
    /// another call may be in doubt, which it knows nothing of.
    pub(super) fn nothing_found(&mut self, asked_at: Timestamp) -> RuleOutcome {
        match self.reservation.doubt_quiet_from(self.policy) {
            Some(quiet) if asked_at < quiet => RuleOutcome::Refused(NoteReason::NotDue),
            Some(_) if self.reservation.is_doubt_unknown() => RuleOutcome::Refused(NoteReason::NotDue),
            _ => self.nothing_sold(),
        }
    }

    pub(super) fn given_up(&mut self) -> RuleOutcome {
        let State::InDoubt { .. } = self.reservation.state else {
            return RuleOutcome::Refused(NoteReason::NotInDoubt);
        };
        self.enter(State::Rejected);
        self.set_reason(Reason::GivenUp, None);
        APPLIED
    }
}

fn reason_to_wait(why: NotProcessed) -> Reason {
    match why {
        NotProcessed::Unreachable => Reason::VendorUnreachable,
        NotProcessed::Busy => Reason::VendorBusy,
        NotProcessed::CredentialsRefused => Reason::CredentialsRefused,
        NotProcessed::AccountUnavailable => Reason::AccountUnavailable,
        NotProcessed::SaidSo | NotProcessed::NoTime | NotProcessed::Other(_) => Reason::NotProcessed,
    }
}

impl Evidence {
    /// One line for a history: what was seen, without the answer's body.
    pub fn summary(&self) -> String {
        let what = match &self.unknown {
            Unknown::TimedOut => "no answer in time",
            Unknown::ConnectionLost => "the connection was lost",
            Unknown::UnclearStatus => "an answer that says neither yes nor no",
            Unknown::NoReference => "success without a vendor reference",
            Unknown::Unreadable => "an answer that cannot be read",
            Unknown::LeaseLapsed => "the worker stopped in mid-call",
            Unknown::ReferenceTaken => "a reference that belongs to another reservation",
            Unknown::Replayed => "sold: the vendor had processed this request before",
            Unknown::Other(word) => word.as_str(),
        };
        match self.http_status {
            Some(status) => format!("{what} (HTTP {status})"),
            None => what.to_owned(),
        }
    }
}
