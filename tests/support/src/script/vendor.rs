//! A vendor that says what it is told to, of its own accounts.

use std::future::ready;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use jiff::Timestamp;
use shared_core::domain::deadline::Deadline;
use shared_core::domain::ids::{Account, ClientId, Digest, ReservationId, Vendor, VendorReference};
use shared_core::domain::launch::Launch;
use shared_core::domain::order::Order;
use shared_core::domain::reservation::{CallOutcome, Report, RequestDigest, Reservation};
use shared_core::domain::sensitive::Sensitive;
use shared_core::ports::*;

use super::{Kept, PurchaseCall, look};
use crate::fixtures::at;

pub(super) struct ScriptedVendor {
    pub(super) vendor: Vendor,
    pub(super) kept: Arc<Mutex<Kept>>,
}

impl ScriptedVendor {
    /// What is kept, for a question about an account of this vendor's.
    fn asked(&self, account: &Account) -> MutexGuard<'_, Kept> {
        assert_eq!(account.vendor, self.vendor, "each vendor is asked about its own accounts");
        look(&self.kept)
    }

    fn call(&self, order: &Order, call_no: u32, deadline: Deadline) -> MutexGuard<'_, Kept> {
        let mut kept = self.asked(&order.account);
        let time_to_answer = deadline.remaining(at(kept.now));
        kept.calls.push(PurchaseCall { call_no, time_to_answer });
        kept.now += kept.purchase_takes;
        kept
    }
}

impl VendorApi for ScriptedVendor {
    fn terms<'a>(&'a self, _: &'a Account) -> OrderFuture<'a, AccountTerms> {
        panic!("no use case asks for terms")
    }

    fn products<'a>(&'a self, _: &'a Account, _: &'a ClientId) -> LookupFuture<'a, Vec<ProductOffer>> {
        panic!("no use case lists products")
    }

    fn validate<'a>(&'a self, order: &'a Order) -> OrderFuture<'a, ()> {
        let mut kept = self.asked(&order.account);
        kept.now += kept.validation_takes;
        let is_unknown = kept.failing.contains("validate");
        boxed(if is_unknown { Err(OrderProblem::UnknownProduct) } else { Ok(()) })
    }

    fn purchase<'a>(&'a self, order: &'a Order, call_no: u32, deadline: Deadline) -> BoxFuture<'a, CallOutcome> {
        let kept = self.call(order, call_no, deadline);
        boxed(kept.answer.clone().expect("a purchase that the test foresees"))
    }

    fn request_digest<'a>(&'a self, order: &'a Order, _: u32) -> BoxFuture<'a, Option<Digest>> {
        boxed(self.asked(&order.account).request_digest.clone())
    }

    fn resend<'a>(
        &'a self,
        order: &'a Order,
        request: &'a RequestDigest,
        deadline: Deadline,
    ) -> BoxFuture<'a, ResendOutcome> {
        let kept = self.call(order, request.call_no, deadline);
        boxed(kept.answer_again.clone().expect("a repetition that the test foresees"))
    }

    fn probe_reachable<'a>(&'a self, account: &'a Account) -> BoxFuture<'a, bool> {
        let mut kept = self.asked(account);
        kept.asked_for_a_sign += 1;
        boxed(!kept.is_silent)
    }

    fn look_up<'a>(&'a self, account: &'a Account, id: &'a ReservationId) -> LookupFuture<'a, Vec<ObservedTest>> {
        let mut kept = self.asked(account);
        kept.looked_up.push(id.clone());
        if kept.failing.contains("look_up") {
            return boxed(Err(LookupError::RateLimited { retry_after: Duration::from_secs(1) }));
        }
        boxed(Ok(kept.observed.iter().filter(|(of, _)| of == id).map(|(_, seen)| seen.clone()).collect()))
    }

    fn look_up_begun<'a>(
        &'a self,
        account: &'a Account,
        span: TimeSpan,
        sink: &'a mut (dyn FnMut(ReservationId, ObservedTest) + Send),
    ) -> LookupFuture<'a, usize> {
        let mut kept = self.asked(account);
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
        let kept = self.asked(&reservation.order.account);
        let launch = match self.vendor {
            Vendor::Itep => {
                let url = Some("https://example.com/exam".to_owned());
                Some(Launch::Credentials { url, test_id, password })
            }
            Vendor::Truenorth => {
                let is_known = kept.links.contains(&test_id);
                let url = Sensitive::new("https://example.com/once".to_owned());
                is_known.then(|| Launch::Link { url, expires_at: at(kept.now) })
            }
        };
        boxed(Ok(launch))
    }

    fn parse_document(&self, _: &VendorReference, _: &RawDocument, _: Timestamp) -> Option<Report> {
        panic!("no use case parses documents")
    }
}

fn boxed<'a, T: Send + 'a>(value: T) -> BoxFuture<'a, T> {
    Box::pin(ready(value))
}
