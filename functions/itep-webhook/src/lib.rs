//! iTEP's results webhook: authenticates a report, limits its size, and queues it.
//! `record-result` parses it later.

use std::time::Duration;

use lambda_http::{Body, Request, Response};
use shared::runtime::problem::{Problem, kinds};
use shared::runtime::webhook::{self, Delivery};
use shared::vendors::webhook_auth;
use shared_core::domain::forward::Extra;
use shared_core::domain::ids::{Account, Vendor};
use shared_core::ports::{
    AuthOutcome, BackendError, ErrorChain, InboundWebhook, Quarantine, Queue, ResultMessage, WebhookEnv,
};
use shared_core::usecases::record_report::quarantine;

/// Answers one delivery. Success means that it is kept.
pub async fn handle<E: WebhookEnv<Store: Quarantine>>(env: &E, request: Request) -> Response<Body> {
    match accept(env, &request).await {
        Ok(()) => webhook::accepted(),
        Err(problem) => problem.into_response(),
    }
}

async fn accept<E: WebhookEnv<Store: Quarantine>>(env: &E, request: &Request) -> Result<(), Problem> {
    let mut webhook = parse(env, request)?;
    let account = Account { vendor: Vendor::Itep, name: webhook.account.clone() };
    match webhook_auth::authenticate(env.secrets(), &account, &webhook.id, &webhook.credentials).await {
        Ok(outcome) => webhook.authenticated = outcome,
        // Better to keep a stranger's bytes for a while than to lose a result.
        Err(error) => {
            tracing::error!(error = %ErrorChain(&error), webhook_id = %webhook.id, "sender not checked, report queued");
        }
    }
    if webhook.authenticated == AuthOutcome::WrongToken {
        return Err(Problem::new(kinds::NOT_FOUND));
    }
    webhook::check_size(env.alerts(), &account, &webhook.body)?;
    if webhook.authenticated == AuthOutcome::WrongCredential {
        let why = "its token is valid, its second credential is not";
        quarantine(env, webhook, why).await.map_err(|error| not_kept(&error))?;
        return Err(Problem::new(kinds::UNAUTHORIZED).detail("The second credential is not valid."));
    }
    let (webhook_id, bytes) = (webhook.id.clone(), webhook.body.len());
    let message = ResultMessage::InboundWebhook(webhook);
    env.queue().record(&message, Duration::ZERO).await.map_err(|error| not_kept(&error))?;
    tracing::info!(%webhook_id, bytes, "report queued");
    Ok(())
}

fn parse<E: WebhookEnv>(env: &E, request: &Request) -> Result<InboundWebhook, Problem> {
    let id = webhook::id(request)?;
    let Delivery { account, credentials, content_type, body } = webhook::parse(request, &id)?;
    let (received_at, authenticated) = (env.now(), AuthOutcome::Unchecked);
    let extra = Extra::default();
    Ok(InboundWebhook { id, account, received_at, content_type, body, authenticated, credentials, extra })
}

fn not_kept(error: &BackendError) -> Problem {
    tracing::error!(error = %ErrorChain(error), "report not stored");
    Problem::new(kinds::UNAVAILABLE).detail("The report was not stored. Send it again.").retry_after(60)
}
