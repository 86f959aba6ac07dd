//! Buying from TrueNorth: a new user with one assessment ("Create User/Assign
//! Assessment to User").

use std::time::Duration;

use jiff::Timestamp;
use shared_core::domain::candidate::Candidate;
use shared_core::domain::ids::VendorReference;
use shared_core::domain::limiter::Priority;
use shared_core::domain::order::{Fault, Order};
use shared_core::domain::reservation::{CallOutcome, NotProcessed, Refusal, Unknown};
use shared_core::ports::{Clock, LookupError, OrderProblem, RateLimits};
use uuid::Uuid;
use uuid::fmt::Hyphenated;

use super::assessments::{Catalogue, ProductMatch};
use super::links;
use super::rate_limited::RateLimitedClient;
use super::wire::{Assign, Assigned, errors};
use crate::urls::is_web_address;
use crate::vendors::bounds;
use crate::vendors::call::{PurchaseCall, VendorResponse, cut};

/// How long a validation may wait for the list of assessments, its turn
/// included: it comes before the purchase, whose own time it must not eat.
const VALIDATION_TIMEOUT: Duration = Duration::from_secs(4);
/// The longest reason that is passed on, in bytes.
const REASON_MAX: usize = 1000;

/// Checks an order by TrueNorth's rules and the account's assessments. Where
/// these cannot be had now, the order is taken and the purchase finds out.
///
/// # Errors
/// [`OrderProblem`].
pub(crate) async fn validate<L: RateLimits, C: Clock>(
    limited: &RateLimitedClient<'_, L, C>,
    catalogue: &Catalogue,
    order: &Order,
) -> Result<(), OrderProblem> {
    let mut faults = faults(order);
    match tokio::time::timeout(VALIDATION_TIMEOUT, catalogue.find(limited, &order.product)).await {
        Ok(Ok(ProductMatch::None)) => return Err(OrderProblem::UnknownProduct),
        Ok(Ok(ProductMatch::Ambiguous)) => {
            faults.push(Fault::new("#/product", "Several assessments have this name: use the id."))
        }
        Ok(Ok(ProductMatch::Id(_)) | Err(_)) | Err(_) => {}
    }
    if faults.is_empty() { Ok(()) } else { Err(OrderProblem::Faults(faults)) }
}

fn faults(order: &Order) -> Vec<Fault> {
    let mut faults = Vec::new();
    if !order.registration.is_empty() {
        faults.push(Fault::new("#/registration", "TrueNorth has no registration fields."));
    }
    for (index, _) in order.groups.iter().enumerate().filter(|(_, group)| !is_uuid(group)) {
        faults.push(Fault::new(format!("#/groups/{index}"), "A group is given by its id, a UUID."));
    }
    if order.return_url.as_deref().is_some_and(|url| !is_web_address(url)) {
        faults.push(Fault::new(
            "#/return_url",
            "The return address must be an absolute http or https URL without user information.",
        ));
    }
    faults
}

/// Whether a text is a UUID with its hyphens, in any case.
fn is_uuid(text: &str) -> bool {
    text.len() == Hyphenated::LENGTH && Uuid::try_parse(text).is_ok()
}

/// Makes one purchase call. Its deadline also covers the wait for the rate limit;
/// `least` is what a call needs at least.
pub(crate) async fn purchase<L: RateLimits, C: Clock>(
    limited: RateLimitedClient<'_, L, C>,
    catalogue: &Catalogue,
    &PurchaseCall { order, call_no, deadline }: &PurchaseCall<'_>,
    least: Duration,
) -> CallOutcome {
    let Some(candidate) = &order.candidate else { return refused("The candidate was erased.") };
    let assessment = match assessment(&limited, catalogue, &order.product).await {
        Ok(id) => id,
        Err(outcome) => return outcome,
    };
    if let Err(held) = limited.pass(Priority::Purchase).await {
        return not_processed(NotProcessed::Busy, Some(held.retry_after), None);
    }
    let left = deadline.remaining(limited.clock.now());
    if left < least {
        return not_processed(NotProcessed::NoTime, None, None);
    }
    let RateLimitedClient { client, limiter, clock, account, .. } = limited;
    match client.within(left).assign(&assign(order, candidate, &assessment)).await {
        Ok(answer) => {
            if answer.status == 429 {
                limiter.empty(clock, &account.name).await;
            }
            outcome(&answer, call_no, clock.now())
        }
        Err(error) => error.outcome(call_no, clock.now()),
    }
}

/// The id of what is bought. An id needs no list; a name does.
async fn assessment<L: RateLimits, C: Clock>(
    limited: &RateLimitedClient<'_, L, C>,
    catalogue: &Catalogue,
    product: &str,
) -> Result<String, CallOutcome> {
    if is_uuid(product) {
        return Ok(product.to_ascii_lowercase());
    }
    match catalogue.find(limited, product).await {
        Ok(ProductMatch::Id(id)) => Ok(id),
        Ok(ProductMatch::None) => Err(refused("TrueNorth lists no assessment of this name.")),
        Ok(ProductMatch::Ambiguous) => Err(refused("TrueNorth lists several assessments of this name.")),
        Err(LookupError::RateLimited { retry_after }) => {
            Err(not_processed(NotProcessed::Busy, Some(retry_after), None))
        }
        Err(LookupError::CredentialsRefused) => Err(not_processed(NotProcessed::CredentialsRefused, None, None)),
        Err(error) => {
            let detail = format!("cannot get the list of assessments: {error}");
            Err(not_processed(NotProcessed::Unreachable, None, Some(detail)))
        }
    }
}

fn assign<'a>(order: &'a Order, candidate: &'a Candidate, assessment_id: &'a str) -> Assign<'a> {
    Assign {
        assessment_id,
        given_name: candidate.given_name.expose(),
        sur_name: candidate.family_name.expose(),
        unique_identifier: order.id.as_str(),
        student_id: candidate.external_id.expose(),
        assigned_groups: &order.groups,
        return_url: order.return_url.as_deref(),
    }
}

/// What an answer says of a purchase.
pub(crate) fn outcome(answer: &VendorResponse, call_no: u32, at: Timestamp) -> CallOutcome {
    match answer.status {
        200..=299 => sold(answer).unwrap_or_else(|unknown| answer.evidence(call_no, at, unknown)),
        401 | 403 => not_processed(NotProcessed::CredentialsRefused, None, None),
        408 => answer.evidence(call_no, at, Unknown::UnclearStatus),
        429 => not_processed(NotProcessed::Busy, answer.retry_after, None),
        400..=499 => refused(&reason(answer)),
        _ => answer.evidence(call_no, at, Unknown::UnclearStatus),
    }
}

fn sold(answer: &VendorResponse) -> Result<CallOutcome, Unknown> {
    if answer.body.is_empty() {
        return Err(Unknown::NoReference);
    }
    let json: serde_json::Value = serde_json::from_slice(&answer.body).map_err(|_| Unknown::Unreadable)?;
    let assigned: Assigned = serde_json::from_value(json).map_err(|_| Unknown::NoReference)?;
    let is_id = |id: &String| bounds::is_id(id);
    let test = assigned.user_assessment_id.filter(is_id).ok_or(Unknown::NoReference)?;
    let user = assigned.user_id.filter(is_id).ok_or(Unknown::NoReference)?;
    let launch = assigned.sign_in_url.zip(assigned.sign_in_url_expires_at);
    Ok(CallOutcome::Confirmed {
        reference: VendorReference::truenorth(&test, &user),
        launch: launch.and_then(|(url, expires_at)| links::launch(&url, &expires_at)),
    })
}

fn reason(answer: &VendorResponse) -> String {
    let words = errors(&answer.body).join("; ");
    if words.is_empty() {
        return format!("TrueNorth answered HTTP {} without a reason.", answer.status);
    }
    cut(&words, REASON_MAX).to_owned()
}

fn refused(reason: &str) -> CallOutcome {
    CallOutcome::Refused(Refusal { out_of_tests: false, vendor_reason: reason.to_owned() })
}

fn not_processed(why: NotProcessed, retry_after: Option<Duration>, detail: Option<String>) -> CallOutcome {
    CallOutcome::NotProcessed { why, retry_after, detail }
}

#[cfg(test)]
mod tests;
