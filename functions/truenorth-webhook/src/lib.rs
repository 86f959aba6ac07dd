//! TrueNorth's webhook. It is unsigned, so an event is only a hint which reservation to
//! look up at TrueNorth.

use std::time::Duration;

use lambda_http::{Body, Request, Response};
use shared::runtime::problem::{Problem, kinds};
use shared::runtime::webhook::{self, Delivery};
use shared::vendors::truenorth::webhook::{Hint, parse_hint};
use shared::vendors::webhook_auth;
use shared_core::domain::ids::{Account, InboundWebhookId, Vendor};
use shared_core::ports::{AuthOutcome, CheckReason, ErrorChain, Queue, ScoreCheck, WebhookEnv};

/// Answers one event, well within the five seconds that TrueNorth waits.
pub async fn handle<E: WebhookEnv>(env: &E, request: Request) -> Response<Body> {
    match accept(env, &request).await {
        Ok(()) => webhook::accepted(),
        Err(problem) => problem.into_response(),
    }
}

async fn accept<E: WebhookEnv>(env: &E, request: &Request) -> Result<(), Problem> {
    let id = webhook::id(request)?;
    let delivery = webhook::parse(request, &id)?;
    let account = Account { vendor: Vendor::Truenorth, name: delivery.account.clone() };
    if !is_admitted(env, &account, &id, &delivery).await {
        return Err(Problem::new(kinds::NOT_FOUND));
    }
    webhook::check_size(env.alerts(), &account, &delivery.body)?;
    let hint = parse_hint(&delivery.body).map_err(|e| Problem::new(kinds::MALFORMED).detail(e.to_string()))?;
    let Hint::Test(reservation_id) = hint else {
        // Somebody else's user, or nobody's: acknowledged and dropped.
        tracing::info!(%account, ?hint, "event ignored");
        return Ok(());
    };
    let check = ScoreCheck::new(account.name, reservation_id, CheckReason::Webhook);
    env.queue().check_score(&check, Duration::ZERO).await.map_err(|error| {
        tracing::error!(error = %ErrorChain(&error), "hint not stored");
        Problem::new(kinds::UNAVAILABLE).detail("The event was not stored. Send it again.").retry_after(60)
    })?;
    tracing::info!(reservation_id = %check.reservation_id, "score check queued");
    Ok(())
}

async fn is_admitted<E: WebhookEnv>(env: &E, account: &Account, id: &InboundWebhookId, delivery: &Delivery) -> bool {
    match webhook_auth::authenticate(env.secrets(), account, id, &delivery.credentials).await {
        Ok(outcome) => outcome == AuthOutcome::Verified,
        // A hint proves nothing anyway: the score is fetched with our own key.
        Err(error) => {
            tracing::error!(error = %ErrorChain(&error), "sender not checked, hint accepted");
            true
        }
    }
}
