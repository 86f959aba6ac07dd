//! The two vendors: what they sell, what they say of it, and a ledger of both
//! that no fault can touch. The verdict is read off this ledger.

use std::collections::{BTreeMap, BTreeSet};
use std::future::ready;
use std::time::Duration;

use jiff::Timestamp;
use shared_core::domain::deadline::Deadline;
use shared_core::domain::ids::{Account, ClientId, Digest, ReservationId, Vendor, VendorReference};
use shared_core::domain::launch::Launch;
use shared_core::domain::order::Order;
use shared_core::domain::reservation::{
    CallOutcome, Evidence, NotProcessed, Refusal, Report, ReportedStatus, RequestDigest, Reservation, Unknown,
};
use shared_core::ports::*;

use crate::bugs::Bug;
use crate::events::Event;
use crate::lives::{self, Step};
use crate::sim::{MINUTE, Ms, Port, SECOND, State, at};

/// How late a vendor may come to sell what it was asked for: within `doubt_quiet`.
const LATEST_SALE: Ms = 14 * MINUTE;

#[derive(Default)]
pub(crate) struct Vendors {
    pub(crate) calls: Vec<Call>,
    pub(crate) sales: Vec<Sale>,
    pub(crate) docs: Vec<Doc>,
    /// When a look-up last found nothing.
    pub(crate) nothing_at: BTreeMap<ReservationId, Ms>,
    /// The requests with a digest that were processed.
    pub(crate) processed: BTreeSet<Digest>,
    /// iTEP's tests that were sold, reclaimed, and not sold again.
    pub(crate) free: Vec<VendorReference>,
    pub(crate) reclaimed: u64,
    pub(crate) resent: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    Confirmed,
    Refused,
    NotProcessed,
    Unknown,
}

/// One purchase request that reached a vendor, or tried to.
pub(crate) struct Call {
    pub(crate) reservation: ReservationId,
    pub(crate) sent: Ms,
    /// The digest of its bytes, where the vendor refuses to process them twice.
    pub(crate) request_digest: Option<Digest>,
    pub(crate) told: Option<Told>,
    pub(crate) sale: Option<usize>,
}

pub(crate) struct Sale {
    pub(crate) reservation: ReservationId,
    pub(crate) reference: VendorReference,
    pub(crate) vendor: Vendor,
    /// The vendor named a test that it had sold before.
    pub(crate) twin: bool,
    /// What becomes of the test, and when.
    pub(crate) life: Vec<Step>,
}

/// One document that iTEP sends, however often.
pub(crate) struct Doc {
    pub(crate) sale: usize,
    pub(crate) status: ReportedStatus,
    pub(crate) names_oid: bool,
    pub(crate) digest: Digest,
    /// How many deliveries were tried.
    pub(crate) tried: usize,
    /// When the deliveries that were answered with success had come.
    pub(crate) kept: Vec<Timestamp>,
}

pub(crate) fn digest(number: usize) -> Digest {
    format!("{number:064x}").parse().expect("a digest")
}

#[derive(Clone, Copy, PartialEq)]
enum Does {
    Sells,
    SellsTwin,
    Not,
}

/// How a call goes: what the vendor does and when, what is heard and when.
pub(crate) struct Plan {
    does: Does,
    sells_after: Ms,
    pub(crate) answers_after: Ms,
    pub(crate) told: Told,
    why: u64,
}

impl State {
    pub(crate) fn plan_call(&mut self, order: &Order, budget: Ms, lateness: Ms) -> Plan {
        let quick = self.rng.within(20, 400);
        let mut plan =
            Plan { does: Does::Sells, sells_after: quick, answers_after: quick + 30, told: Told::Confirmed, why: 0 };
        if !self.rng.per_mille(self.vendor_level) {
            return plan;
        }
        plan.why = self.rng.below(14);
        (plan.does, plan.told) = match plan.why {
            0..=3 => (Does::Not, Told::NotProcessed),
            4 | 5 => (Does::Not, Told::Refused),
            6 | 8 => (Does::Not, Told::Unknown),
            7 | 9 | 10 | 11 => (Does::Sells, Told::Unknown),
            12 if order.account.vendor == Vendor::Itep => (Does::SellsTwin, Told::Confirmed),
            _ => (Does::Sells, Told::Confirmed),
        };
        match plan.why {
            8 | 9 => plan.answers_after = budget,
            10 => (plan.sells_after, plan.answers_after) = (self.rng.within(SECOND, LATEST_SALE * lateness), budget),
            13 => (plan.sells_after, plan.answers_after) = (5 * SECOND, self.rng.within(6 * SECOND, budget - 1)),
            _ => {}
        }
        plan
    }

    /// A new request leaves: nobody may ask again for what may have been sold.
    fn begin_call(&mut self, order: &Order, call_no: u32, plan: &Plan, request_digest: Option<Digest>) -> usize {
        // The assumption behind `doubt_quiet`, whatever a seeded bug makes of it.
        let quiet = 15 * MINUTE;
        let id = &order.id;
        let cleared = self.vendors.nothing_at.get(id).copied();
        let earlier = self.vendors.calls.iter().filter(|call| call.reservation == *id);
        let blind = earlier.filter(|call| match call.told {
            Some(Told::NotProcessed) => false,
            Some(Told::Confirmed) => true,
            // The answer may have died with whoever heard it: then it is a doubt like any.
            None | Some(Told::Unknown | Told::Refused) => {
                order.account.vendor == Vendor::Itep
                    || cleared.is_none_or(|cleared| cleared + 10 * SECOND < call.sent + quiet)
            }
        });
        let blind: Vec<_> = blind.map(|call| call.told).collect();
        if !blind.is_empty() {
            self.violated(format!("{id}: call {call_no} was made after calls that ended with {blind:?}"));
        }
        self.note(|| format!("  vendor: call {call_no} of {id}"));
        self.leave(order, plan, request_digest)
    }

    /// A request leaves, perhaps not for the first time.
    pub(crate) fn leave(&mut self, order: &Order, plan: &Plan, request_digest: Option<Digest>) -> usize {
        let (number, id, vendor) = (self.vendors.calls.len(), order.id.clone(), order.account.vendor);
        let (does, told, why) = (plan.does, plan.told, plan.why);
        self.note(|| format!("  vendor: case {why}, to be {told:?}"));
        self.vendors.processed.extend(request_digest.clone().filter(|_| told == Told::Refused));
        let call = Call { reservation: id.clone(), sent: self.now, request_digest, told: None, sale: None };
        self.vendors.calls.push(call);
        if does != Does::Not {
            let sell = move |state: &mut State| state.sell(number, id, vendor, does == Does::SellsTwin);
            self.push(self.now + plan.sells_after, Event::Effect(Box::new(sell)));
        }
        number
    }

    fn sell(&mut self, call: usize, reservation: ReservationId, vendor: Vendor, twin: bool) {
        let request_digest = self.vendors.calls[call].request_digest.clone();
        if request_digest.is_some_and(|request_digest| !self.vendors.processed.insert(request_digest)) {
            return;
        }
        let number = self.vendors.sales.len();
        let fresh = || match vendor {
            Vendor::Itep => VendorReference::itep(&format!("TEST{number}")),
            Vendor::Truenorth => VendorReference::truenorth(&format!("ua-{number}"), &format!("user-{number}")),
        };
        let other = |sale: &&Sale| sale.vendor == vendor && sale.reservation != reservation && !sale.twin;
        let known = self.vendors.sales.iter().find(other).filter(|_| twin).map(|sale| sale.reference.clone());
        let twin = known.is_some();
        let free = if vendor == Vendor::Itep && !twin { self.vendors.free.pop() } else { None };
        let reference = known.or(free).unwrap_or_else(fresh);
        self.note(|| format!("  vendor: sold {} to {reservation}", reference.test()));
        self.vendors.calls[call].sale = Some(number);
        let life = if twin { Vec::new() } else { lives::life(&mut self.rng, vendor, self.now, number) };
        self.vendors.sales.push(Sale { reservation, reference, vendor, twin, life });
        lives::announce(self, number);
    }

    pub(crate) fn told(&mut self, call: usize, told: Told) {
        self.vendors.calls[call].told = Some(told);
    }
}

impl Port<'_> {
    fn millis_until(&self, deadline: Deadline) -> Ms {
        deadline.remaining(self.local_now()).as_millis() as u64
    }

    pub(crate) fn outcome(&self, plan: &Plan, call: usize, call_no: u32) -> CallOutcome {
        let unknown = |unknown| CallOutcome::Unknown(Evidence::without_answer(call_no, self.local_now(), unknown));
        match plan.told {
            Told::Confirmed => {
                let state = self.sim.state();
                let sale = state.vendors.calls[call].sale.map(|sale| state.vendors.sales[sale].reference.clone());
                let reference = sale.expect("what is confirmed was sold");
                let test_id = reference.test().to_owned();
                let launch = Launch::Credentials { url: None, test_id, password: Some("secret".into()) };
                CallOutcome::Confirmed { reference, launch: Some(launch) }
            }
            Told::Refused => CallOutcome::Refused(Refusal { out_of_tests: plan.why == 5, vendor_reason: "No.".into() }),
            Told::NotProcessed => {
                let reasons = [
                    NotProcessed::Unreachable,
                    NotProcessed::Busy,
                    NotProcessed::CredentialsRefused,
                    NotProcessed::SaidSo,
                ];
                let why = reasons[plan.why as usize % 4];
                let retry_after = (why == NotProcessed::Busy).then_some(Duration::from_secs(30));
                CallOutcome::NotProcessed { why, retry_after, detail: None }
            }
            Told::Unknown => unknown(match plan.why {
                6 | 7 => Unknown::ConnectionLost,
                11 => Unknown::NoReference,
                _ => Unknown::TimedOut,
            }),
        }
    }

    /// Asks TrueNorth, which may not answer.
    async fn ask<T: Send + 'static>(
        &self,
        name: &'static str,
        see: impl Fn(&mut State) -> T + Send + 'static,
    ) -> Result<T, LookupError> {
        let seen = self.op(name, move |state| state.asked().map(|()| see(state))).await;
        seen.unwrap_or_else(|outage| Err(LookupError::Unusable { what: outage.operation.to_owned() }))
    }

    fn misread(&self, outcome: CallOutcome) -> CallOutcome {
        match outcome {
            CallOutcome::Unknown(_) if self.sim.has(Bug::UnknownIsNotProcessed) => {
                CallOutcome::NotProcessed { why: NotProcessed::Unreachable, retry_after: None, detail: None }
            }
            CallOutcome::Unknown(_) if self.sim.has(Bug::UnknownIsRefused) => {
                CallOutcome::Refused(Refusal { out_of_tests: false, vendor_reason: "No.".into() })
            }
            outcome => outcome,
        }
    }
}

impl VendorApi for Port<'_> {
    fn terms<'a>(&'a self, _: &'a Account) -> OrderFuture<'a, AccountTerms> {
        unreachable!("orders are made with their terms")
    }

    fn products<'a>(&'a self, _: &'a Account, _: &'a ClientId) -> LookupFuture<'a, Vec<ProductOffer>> {
        unreachable!("nobody lists products")
    }

    fn validate<'a>(&'a self, _: &'a Order) -> OrderFuture<'a, ()> {
        Box::pin(async {
            self.wait(1).await;
            Ok(())
        })
    }

    fn request_digest<'a>(&'a self, order: &'a Order, call_no: u32) -> BoxFuture<'a, Option<Digest>> {
        Box::pin(ready(self.digest_of_request(order, call_no)))
    }

    fn resend<'a>(
        &'a self,
        order: &'a Order,
        request: &'a RequestDigest,
        deadline: Deadline,
    ) -> BoxFuture<'a, ResendOutcome> {
        Box::pin(self.send_again(order, request, self.millis_until(deadline)))
    }

    fn probe_reachable<'a>(&'a self, _: &'a Account) -> BoxFuture<'a, bool> {
        Box::pin(async { self.op("knock", |state| state.asked().is_ok()).await.unwrap_or(false) })
    }

    fn purchase<'a>(&'a self, order: &'a Order, call_no: u32, deadline: Deadline) -> BoxFuture<'a, CallOutcome> {
        Box::pin(async move {
            let budget = self.millis_until(deadline);
            if self.op("connect", |_| ()).await.is_err() {
                return CallOutcome::NotProcessed { why: NotProcessed::Unreachable, retry_after: None, detail: None };
            }
            let request_digest = self.digest_of_request(order, call_no);
            let (plan, call) = {
                let mut state = self.sim.state();
                let plan = state.plan_call(order, budget, self.sim.lateness());
                let call = state.begin_call(order, call_no, &plan, request_digest);
                (plan, call)
            };
            self.wait(plan.answers_after).await;
            let heard = self.op("hear the answer", |_| ()).await;
            let outcome = match heard {
                Ok(()) => self.outcome(&plan, call, call_no),
                Err(_) => {
                    let lost = Evidence::without_answer(call_no, self.local_now(), Unknown::ConnectionLost);
                    CallOutcome::Unknown(lost)
                }
            };
            let told = if heard.is_ok() { plan.told } else { Told::Unknown };
            self.sim.state().told(call, told);
            self.misread(outcome)
        })
    }

    fn look_up<'a>(&'a self, _: &'a Account, id: &'a ReservationId) -> LookupFuture<'a, Vec<ObservedTest>> {
        Box::pin(async move {
            let (id, asked_at, cached) = (id.clone(), self.local_now(), self.sim.has(Bug::LookUpsCached));
            let seen = self.ask("look up", move |state| {
                if cached && state.vendors.nothing_at.contains_key(&id) {
                    return Vec::new();
                }
                let seen = state.observed_tests(asked_at, |sale| sale.reservation == id);
                if seen.is_empty() {
                    state.vendors.nothing_at.insert(id.clone(), state.now);
                }
                seen
            });
            Ok(seen.await?.into_iter().map(|(_, observed_test)| observed_test).collect())
        })
    }

    fn look_up_begun<'a>(
        &'a self,
        _: &'a Account,
        TimeSpan { from, to }: TimeSpan,
        sink: &'a mut (dyn FnMut(ReservationId, ObservedTest) + Send),
    ) -> LookupFuture<'a, usize> {
        Box::pin(async move {
            let asked_at = self.local_now();
            let seen = self.ask("ask for all", move |state| {
                let begun = |sale: &Sale| sale.life.first().filter(|step| step.at <= state.now).map(|step| at(step.at));
                state.observed_tests(asked_at, |sale| begun(sale).is_some_and(|begun| from <= begun && begun <= to))
            });
            let seen = seen.await?;
            let count = seen.len();
            seen.into_iter().for_each(|(id, observed_test)| sink(id, observed_test));
            Ok(count)
        })
    }

    fn launch<'a>(&'a self, _: &'a Reservation, _: &'a VendorReference) -> LookupFuture<'a, Option<Launch>> {
        unreachable!("nobody launches")
    }

    fn parse_document(&self, _: &VendorReference, _: &RawDocument, _: Timestamp) -> Option<Report> {
        unreachable!("nobody reprocesses")
    }
}

impl State {
    /// TrueNorth's answer about sales.
    fn observed_tests(
        &self,
        asked_at: Timestamp,
        is_seen: impl Fn(&Sale) -> bool,
    ) -> Vec<(ReservationId, ObservedTest)> {
        let sales = self.vendors.sales.iter().enumerate();
        let seen = sales.filter(|(_, sale)| sale.vendor == Vendor::Truenorth && is_seen(sale));
        seen.map(|(number, sale)| (sale.reservation.clone(), self.observed_test(number, asked_at))).collect()
    }

    fn observed_test(&self, number: usize, observed_at: Timestamp) -> ObservedTest {
        let sale = &self.vendors.sales[number];
        let done = sale.life.iter().take_while(|step| step.at <= self.now).count();
        let status = done.checked_sub(1).map_or(ReportedStatus::Ready, |last| sale.life[last].status.clone());
        let raw = RawDocument { digest: digest(1_000_000 + number * 100 + done), bytes: Vec::new() };
        ObservedTest { reference: sale.reference.clone(), observed_at, status, unreadable: Vec::new(), raw }
    }

    fn asked(&mut self) -> Result<(), LookupError> {
        if !self.rng.per_mille(self.vendor_level) {
            return Ok(());
        }
        Err(match self.rng.below(3) {
            0 => LookupError::RateLimited { retry_after: Duration::from_secs(20) },
            1 => LookupError::CredentialsRefused,
            _ => LookupError::Unusable { what: "a fault of the simulation".into() },
        })
    }
}
