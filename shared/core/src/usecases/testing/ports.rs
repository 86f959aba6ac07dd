//! The other ports: each remembers what it was asked.

use std::time::Duration;

use jiff::Timestamp;

use super::{TIMEOUTS, World, at};
use crate::domain::breaker::Breaker;
use crate::domain::deadline::Deadline;
use crate::domain::ids::{Account, AccountName, ClientId, Digest, ReservationId, Vendor, VendorReference};
use crate::domain::launch::{LINK_WINDOW, LINKS, Launch};
use crate::domain::order::Order;
use crate::domain::reservation::{Alert, CallOutcome, Report, RequestDigest, Reservation};
use crate::domain::sensitive::Sensitive;
use crate::domain::timeouts::Timeouts;
use crate::ports::*;

impl Alerts for World {
    fn raise(&self, alert: Alert, subject: AlertSubject<'_>) {
        self.kept().alerts.push((alert, subject.to_string()));
    }

    fn log_recoverable(&self, _: &BackendError, subject: AlertSubject<'_>) {
        self.kept().recoverable_errors.push(subject.to_string());
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

    async fn quarantined(&self, _: Option<&str>, _: usize) -> Result<Page<Quarantined>, BackendError> {
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

impl Env for World {
    type Store = Self;
    type Queue = Self;
    type Alerts = Self;
    type Clock = Self;

    fn store(&self) -> &Self {
        self
    }

    fn queue(&self) -> &Self {
        self
    }

    fn alerts(&self) -> &Self {
        self
    }

    fn clock(&self) -> &Self {
        self
    }

    fn timeouts(&self) -> &Timeouts {
        &TIMEOUTS
    }
}

impl VendorEnv for World {
    type Breakers = Self;

    fn breakers(&self) -> &Self {
        self
    }

    fn vendor(&self, _: Vendor) -> &dyn VendorApi {
        self
    }
}

/// Both vendors, which say what they are told to.
impl VendorApi for World {
    fn terms<'a>(&'a self, _: &'a Account) -> OrderFuture<'a, AccountTerms> {
        panic!("no use case asks for terms")
    }

    fn products<'a>(&'a self, _: &'a Account, _: &'a ClientId) -> LookupFuture<'a, Vec<ProductOffer>> {
        panic!("no use case lists products")
    }

    fn validate<'a>(&'a self, _: &'a Order) -> OrderFuture<'a, ()> {
        let mut kept = self.kept();
        kept.now += kept.validation_takes;
        let is_unknown = kept.failing.contains("validate");
        boxed(if is_unknown { Err(OrderProblem::UnknownProduct) } else { Ok(()) })
    }

    fn purchase<'a>(&'a self, _: &'a Order, call_no: u32, _: Deadline) -> BoxFuture<'a, CallOutcome> {
        let mut kept = self.kept();
        kept.now += kept.purchase_takes;
        kept.calls.push(call_no);
        boxed(kept.answer.clone().expect("a purchase that the test foresees"))
    }

    fn request_digest<'a>(&'a self, _: &'a Order, _: u32) -> BoxFuture<'a, Option<Digest>> {
        boxed(self.kept().request_digest.clone())
    }

    fn resend<'a>(&'a self, _: &'a Order, request: &'a RequestDigest, _: Deadline) -> BoxFuture<'a, ResendOutcome> {
        let mut kept = self.kept();
        kept.now += kept.purchase_takes;
        kept.calls.push(request.call_no);
        boxed(kept.answer_again.clone().expect("a repetition that the test foresees"))
    }

    fn probe_reachable<'a>(&'a self, _: &'a Account) -> BoxFuture<'a, bool> {
        let mut kept = self.kept();
        kept.asked_for_a_sign += 1;
        boxed(!kept.is_silent)
    }

    fn look_up<'a>(&'a self, _: &'a Account, id: &'a ReservationId) -> LookupFuture<'a, Vec<ObservedTest>> {
        let mut kept = self.kept();
        kept.looked_up.push(id.clone());
        if kept.failing.contains("look_up") {
            return boxed(Err(LookupError::RateLimited { retry_after: Duration::from_secs(1) }));
        }
        boxed(Ok(kept.observed.iter().filter(|(of, _)| of == id).map(|(_, seen)| seen.clone()).collect()))
    }

    fn look_up_begun<'a>(
        &'a self,
        _: &'a Account,
        span: TimeSpan,
        sink: &'a mut (dyn FnMut(ReservationId, ObservedTest) + Send),
    ) -> LookupFuture<'a, usize> {
        let mut kept = self.kept();
        kept.swept.push(span);
        let is_within = |(_, seen): &&(_, ObservedTest)| (span.from..=span.to).contains(&seen.observed_at);
        let seen: Vec<_> = kept.observed.iter().filter(is_within).cloned().collect();
        for (id, observed_test) in &seen {
            sink(id.clone(), observed_test.clone());
        }
        boxed(Ok(seen.len()))
    }

    fn launch<'a>(
        &'a self,
        reservation: &'a Reservation,
        reference: &'a VendorReference,
    ) -> LookupFuture<'a, Option<Launch>> {
        let (test_id, password) = (reference.test().to_owned(), reservation.password.clone());
        let launch = match reservation.vendor() {
            Vendor::Itep => {
                let url = Some("https://example.com/exam".to_owned());
                Some(Launch::Credentials { url, test_id, password })
            }
            Vendor::Truenorth => {
                let is_known = self.kept().links.contains(&test_id);
                let url = Sensitive::new("https://example.com/once".to_owned());
                is_known.then(|| Launch::Link { url, expires_at: Clock::now(self) })
            }
        };
        boxed(Ok(launch))
    }

    fn parse_document(&self, _: &VendorReference, _: &RawDocument, _: Timestamp) -> Option<Report> {
        panic!("no use case parses documents")
    }
}

fn boxed<'a, T: Send + 'a>(value: T) -> BoxFuture<'a, T> {
    Box::pin(std::future::ready(value))
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
