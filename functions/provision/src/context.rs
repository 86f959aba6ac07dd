//! What every handler gets: the hub, the client, the request, and the invocation.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use lambda_http::{Request, RequestExt};
use shared::aws::dynamodb::Client;
use shared::hub::{Hub, Vendors};
use shared::runtime::deadline;
use shared::runtime::problem::{Problem, kinds};
use shared_core::domain::deadline::Deadline;
use shared_core::domain::ids::{ReservationId, Vendor};
use shared_core::domain::reservation::Reservation;
use shared_core::ports::Store;
use shared_core::usecases::Invocation;

use crate::problems::Failure;
use crate::rules::Accounts;

pub(crate) struct RequestContext<'a> {
    pub(crate) hub: &'a Hub<Vendors>,
    pub(crate) client: &'a Client,
    pub(crate) request: &'a Request,
    /// The invocation that serves it.
    pub(crate) invocation: &'a Invocation,
}

/// The time of a request that did not come through Lambda.
const OUTSIDE_LAMBDA: Duration = Duration::from_secs(29);

/// The invocation that brought a request.
pub(crate) fn invocation(request: &Request) -> Invocation {
    match request.lambda_context_ref() {
        Some(context) => Invocation { id: context.request_id.clone(), deadline: deadline(context) },
        None => Invocation { id: outside_lambda(), deadline: Deadline::after(Timestamp::now(), OUTSIDE_LAMBDA) },
    }
}

fn outside_lambda() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let (process, count) = (std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    format!("outside-lambda-{process}-{count}-{}", Timestamp::now().as_nanosecond())
}

impl RequestContext<'_> {
    /// The vendor accounts that the caller may use.
    pub(crate) fn accounts(&self) -> Accounts {
        let accounts = &self.client.accounts;
        Vendor::ALL.map(|vendor| (vendor, accounts.at(vendor).to_vec())).into()
    }

    /// The client's own reservation; another's is as unknown as none.
    pub(crate) async fn reservation(&self, id: &str) -> Result<Reservation, Failure> {
        let Ok(id) = id.parse::<ReservationId>() else { return Err(not_found().into()) };
        let found = self.hub.store.reservation(&id).await?;
        let own = found.filter(|reservation| reservation.order.client == self.client.id);
        own.ok_or_else(|| not_found().into())
    }
}

fn not_found() -> Problem {
    Problem::new(kinds::NOT_FOUND).detail("You have no reservation with this id.")
}
