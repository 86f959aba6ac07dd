//! The other ports: each remembers what it was asked.

use std::time::Duration;

use jiff::Timestamp;

use super::{World, at};
use crate::domain::breaker::Breaker;
use crate::domain::ids::{Account, AccountName, Digest, ReservationId, VendorReference};
use crate::domain::launch::{LINK_WINDOW, LINKS, Launch};
use crate::domain::order::Order;
use crate::domain::reservation::{Alert, CallOutcome, RequestDigest};
use crate::domain::sensitive::Sensitive;
use crate::ports::{
    Alerts, BackendError, Breakers, Clock, LinkCountOutcome, LinkCounts, Links, LookupError, ObservedTest,
    OrderProblem, Page, PollMark, Polls, Purchase, Quarantine, Quarantined, Queue, ReplaceOutcome, ResendOutcome,
    ResultMessage, ScoreCheck, Scores,
};

impl Alerts for World {
    fn raise(&self, alert: Alert, about: &str) {
        self.kept().alerts.push((alert, about.to_owned()));
    }

    fn note(&self, _: &BackendError, about: &str) {
        self.kept().notes.push(about.to_owned());
    }
}

/// Time stands still but for what takes time.
impl Clock for World {
    fn now(&self) -> Timestamp {
        at(self.kept().now)
    }

    async fn sleep(&self, time: Duration) {
        self.kept().slept.push(time);
    }
}

impl Queue for World {
    async fn fulfil(&self, id: &ReservationId) -> Result<(), BackendError> {
        self.works("fulfil")?.fulfilments.push(id.clone());
        Ok(())
    }

    async fn record(&self, message: &ResultMessage, delay: Duration) -> Result<(), BackendError> {
        self.works("record")?.results.push((message.clone(), delay));
        Ok(())
    }

    async fn check_score(&self, check: &ScoreCheck, delay: Duration) -> Result<(), BackendError> {
        self.works("check_score")?.checks.push((check.clone(), delay));
        Ok(())
    }
}

impl Quarantine for World {
    async fn keep(&self, item: &Quarantined) -> Result<(), BackendError> {
        self.works("keep")?.quarantined.push(item.clone());
        Ok(())
    }

    async fn kept(&self, _: Option<&str>, _: usize) -> Result<Page<Quarantined>, BackendError> {
        panic!("use cases keep, and the operator looks")
    }
}

impl Breakers for World {
    async fn breaker(&self, account: &Account) -> Result<Breaker, BackendError> {
        Ok(self.works("breaker")?.breakers.get(account).cloned().unwrap_or_default())
    }

    async fn replace(&self, account: &Account, breaker: &Breaker) -> Result<ReplaceOutcome, BackendError> {
        let mut kept = self.works("replace")?;
        let is_overtaken = kept.overtaken > 0;
        kept.overtaken = kept.overtaken.saturating_sub(1);
        let current = kept.breakers.entry(account.clone()).or_default();
        current.seq += u64::from(is_overtaken);
        if current.seq + 1 != breaker.seq {
            return Ok(ReplaceOutcome::Overtaken(current.clone()));
        }
        *current = breaker.clone();
        Ok(ReplaceOutcome::Done)
    }
}

impl Purchase for World {
    async fn validate(&self, _: &Order) -> Result<(), OrderProblem> {
        let mut kept = self.kept();
        kept.now += kept.validation_takes;
        let is_unknown = kept.failing.contains("validate");
        if is_unknown { Err(OrderProblem::UnknownProduct) } else { Ok(()) }
    }

    async fn purchase(&self, _: &Order, call_no: u32, _: Duration) -> CallOutcome {
        let mut kept = self.kept();
        kept.now += kept.purchase_takes;
        kept.calls.push(call_no);
        kept.answer.clone().expect("a purchase that the test foresees")
    }

    async fn request_digest(&self, _: &Order, _: u32) -> Option<Digest> {
        self.kept().request_digest.clone()
    }

    async fn resend(&self, _: &Order, request_digest: &RequestDigest, _: Duration) -> ResendOutcome {
        let mut kept = self.kept();
        kept.now += kept.purchase_takes;
        kept.calls.push(request_digest.call_no);
        kept.answer_again.clone().expect("a repetition that the test foresees")
    }

    async fn probe_reachable(&self, _: &Account) -> bool {
        let mut kept = self.kept();
        kept.asked_for_a_sign += 1;
        !kept.is_silent
    }
}

impl Scores for World {
    async fn look_up(&self, _: &AccountName, id: &ReservationId) -> Result<Vec<ObservedTest>, LookupError> {
        let mut kept = self.kept();
        kept.looked_up.push(id.clone());
        if kept.failing.contains("look_up") {
            return Err(LookupError::Held { retry_after: Duration::from_secs(1) });
        }
        Ok(kept.observed.iter().filter(|(of, _)| of == id).map(|(_, seen)| seen.clone()).collect())
    }

    async fn sweep(
        &self,
        _: &AccountName,
        begun: (Timestamp, Timestamp),
        sink: &mut (dyn FnMut(ReservationId, ObservedTest) + Send),
    ) -> Result<usize, LookupError> {
        let mut kept = self.kept();
        kept.swept.push(begun);
        let seen: Vec<_> =
            kept.observed.iter().filter(|(_, seen)| (begun.0..=begun.1).contains(&seen.observed_at)).cloned().collect();
        for (id, observed_test) in &seen {
            sink(id.clone(), observed_test.clone());
        }
        Ok(seen.len())
    }
}

impl Polls for World {
    async fn accounts(&self) -> Result<Vec<AccountName>, BackendError> {
        panic!("a use case polls the account that it is told to")
    }

    async fn begin(&self, _: &AccountName, _: Timestamp, until: Timestamp) -> Result<Option<PollMark>, BackendError> {
        let mut kept = self.works("begin")?;
        kept.leased_until = Some(until);
        Ok(kept.poll.take())
    }

    async fn end(&self, _: &AccountName, mark: &PollMark) -> Result<(), BackendError> {
        self.works("end")?.marks.push(mark.clone());
        Ok(())
    }

    async fn may_look_up(&self, id: &ReservationId, now: Timestamp, interval: Duration) -> Result<bool, BackendError> {
        let mut kept = self.works("may_look_up")?;
        let may = kept.last_look_ups.get(id).is_none_or(|last| now.duration_since(*last).unsigned_abs() >= interval);
        if may {
            kept.last_look_ups.insert(id.clone(), now);
        }
        Ok(may)
    }
}

impl Links for World {
    async fn link(&self, _: &Order, reference: &VendorReference) -> Result<Option<Launch>, LookupError> {
        let is_known = self.works("link").expect("a link").links.contains(reference.test());
        Ok(is_known.then(|| Launch::Link {
            url: Sensitive::new("https://example.com/once".to_owned()),
            expires_at: self.now(),
        }))
    }
}

impl LinkCounts for World {
    async fn count_link(&self, id: &ReservationId, now: Timestamp) -> Result<LinkCountOutcome, BackendError> {
        let mut kept = self.works("count_link")?;
        let minted = kept.links_minted.entry(id.clone()).or_default();
        minted.retain(|at| *at + LINK_WINDOW > now);
        if minted.len() >= LINKS {
            let retry_after = now.duration_until(minted[0] + LINK_WINDOW).unsigned_abs();
            return Ok(LinkCountOutcome::TooMany { retry_after });
        }
        minted.push(now);
        Ok(LinkCountOutcome::Done)
    }
}
