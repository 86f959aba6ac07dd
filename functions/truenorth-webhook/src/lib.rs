//! Takes TrueNorth's webhook. It carries no signature, so all that is taken from
//! it is a hint: which reservation to look up at TrueNorth.

use std::time::Duration;

use lambda_http::{Body, Request, Response};
use shared::hub::Hub;
use shared::runtime::problem::{Problem, kinds};
use shared::runtime::webhook::{self, Delivery};
use shared::telemetry::ErrorChain;
use shared::vendors::truenorth::webhook::{Hint, read};
use shared_core::domain::ids::{Account, AccountName, InboundWebhookId, ReservationId, Vendor};
use shared_core::ports::{AuthOutcome, BackendError, CheckReason, Queue, ScoreCheck};

/// Answers one event, well within the five seconds that TrueNorth waits.
pub async fn handle(hub: &Hub, request: Request) -> Response<Body> {
    match take(hub, &request).await {
        Ok(()) => webhook::accepted(),
        Err(problem) => problem.into_response(),
    }
}

async fn take(hub: &Hub, request: &Request) -> Result<(), Problem> {
    let id = webhook::receipt_id(request)?;
    let delivery = webhook::read(request, &id)?;
    let account = Account { vendor: Vendor::Truenorth, name: delivery.account.clone() };
    if !is_admitted(hub, &account, &id, &delivery).await {
        return Err(Problem::new(kinds::NOT_FOUND));
    }
    webhook::bound(&hub.alerts, &account, &delivery.body)?;
    let hint = read(&delivery.body).map_err(|e| Problem::new(kinds::MALFORMED).detail(e.to_string()))?;
    match hint {
        Hint::Test(reservation_id) => queue(hub, delivery.account, reservation_id).await,
        // Somebody else's user, or nobody's: acknowledged and dropped.
        Hint::Example | Hint::Foreign => {
            tracing::info!(account = %delivery.account, ?hint, "an event that needs nothing");
            Ok(())
        }
    }
}

async fn is_admitted(hub: &Hub, account: &Account, id: &InboundWebhookId, delivery: &Delivery) -> bool {
    match hub.vendors.authenticate(account, id, &delivery.credentials).await {
        Ok(outcome) => outcome == AuthOutcome::Verified,
        // A hint proves nothing anyway: the score is fetched with our own key.
        Err(error) => {
            tracing::error!(error = %ErrorChain(&error), "took a hint unchecked");
            true
        }
    }
}

async fn queue(hub: &Hub, account: AccountName, reservation_id: ReservationId) -> Result<(), Problem> {
    let check = ScoreCheck { v: 1, account, reservation_id, reason: CheckReason::Webhook };
    hub.queue.check_score(&check, Duration::ZERO).await.map_err(unavailable)?;
    tracing::info!(reservation_id = %check.reservation_id, "took a hint");
    Ok(())
}

fn unavailable(outage: BackendError) -> Problem {
    tracing::error!(error = %ErrorChain(&outage), "a hint could not be kept");
    Problem::new(kinds::UNAVAILABLE).detail("The event was not kept; deliver it again.").retry_after(60)
}
