//! iTEP accounts that refuse a request which they have processed: there, the hub
//! sends a doubtful one again, byte by byte.

use shared_core::domain::ids::{Digest, Vendor};
use shared_core::domain::order::Order;
use shared_core::domain::reservation::{CallOutcome, Evidence, RequestDigest, Unknown};
use shared_core::ports::ResendOutcome;

use crate::bugs::Bug;
use crate::sim::{Ms, Port};
use crate::vendors::Told;

impl Port<'_> {
    /// In every third world iTEP refuses repetitions.
    pub(crate) fn digest_of_request(&self, order: &Order, call_no: u32) -> Option<Digest> {
        let refuses = self.sim.options.seed % 3 == 1 && order.account.vendor == Vendor::Itep;
        refuses.then(|| Digest::sha256(format!("{}/{call_no}", order.id).as_bytes()))
    }

    /// The same request again. It sells if the first one did not.
    pub(crate) async fn send_again(&self, order: &Order, request_digest: &RequestDigest, budget: Ms) -> ResendOutcome {
        if self.op("connect again", |_| ()).await.is_err() {
            return ResendOutcome::NotProcessed;
        }
        let (plan, call) = {
            let mut state = self.sim.state();
            let plan = state.plan_call(order, budget, self.sim.lateness());
            let digest = match self.sim.has(Bug::ResentAnew) {
                true => Digest::sha256(format!("{}/again/{}", order.id, state.now).as_bytes()),
                false => request_digest.digest.clone(),
            };
            state.note(|| format!("  vendor: call {} of {} again", request_digest.call_no, order.id));
            state.vendors.resent += 1;
            let call = state.leave(order, &plan, Some(digest));
            (plan, call)
        };
        self.wait(plan.answers_after).await;
        let heard = self.op("hear the answer to it", |_| ()).await;
        let sold = self.sim.state().vendors.calls[call].sale.is_some();
        let told = match plan.told {
            Told::NotProcessed if heard.is_ok() => Told::NotProcessed,
            Told::Confirmed if heard.is_ok() && sold => Told::Confirmed,
            _ => Told::Unknown,
        };
        self.sim.state().told(call, told);
        let unknown =
            |unknown| CallOutcome::Unknown(Evidence::without_answer(request_digest.call_no, self.local_now(), unknown));
        match (told, plan.told) {
            (Told::NotProcessed, _) => ResendOutcome::NotProcessed,
            (Told::Confirmed, _) => ResendOutcome::Ended(self.outcome(&plan, call, request_digest.call_no)),
            (_, Told::Confirmed) if heard.is_ok() => ResendOutcome::Ended(unknown(Unknown::Replayed)),
            (_, Told::Refused) => ResendOutcome::Ended(unknown(Unknown::UnclearStatus)),
            _ => ResendOutcome::Ended(unknown(Unknown::TimedOut)),
        }
    }
}
