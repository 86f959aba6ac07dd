//! `POST /v1/reservations`: reserve a test and buy it.

use jiff::{SignedDuration, Timestamp};
use lambda_http::http::StatusCode;
use shared::runtime::problem::Problem;
use shared_core::domain::forward::Extra;
use shared_core::domain::ids::{Account, Fingerprint, ReservationId};
use shared_core::domain::launch::Launch;
use shared_core::domain::order::{Fault, Order};
use shared_core::domain::reservation::{Alert, Reason, Reservation, State, Status};
use shared_core::ports::{AlertSubject, Alerts, Clock, OrderProblem, Store, VendorEnv};
use shared_core::usecases;
use shared_core::usecases::reserve::{ReserveError, ReserveOutcome};

use crate::answer::{self, HandlerResult};
use crate::context::RequestContext;
use crate::fingerprint::RequestMeaning;
use crate::problems::{
    ACCOUNT_UNAVAILABLE, Failure, GIVEN_UP, INVALID, KEY_REUSED, OUT_OF_TESTS, UNKNOWN_PRODUCT, VENDOR_REFUSED,
};
use crate::query::Query;
use crate::request::{NewReservation, ParsedRequest};
use crate::rules::ValidRequest;
use crate::view::ReservationView;
use crate::{idempotency, prefer, request, rules};

/// The most seconds that a client is asked to wait before it reads again.
const RETRY_AFTER_MAX: i64 = 60;
/// And the fewest: a call that is out takes about so long.
const RETRY_AFTER_MIN: i64 = 2;

/// Takes a request to reserve.
pub(crate) async fn reserve(context: &RequestContext<'_>) -> HandlerResult {
    Query::parse(context.request, &[])?;
    let key = idempotency::key(context.request.headers())?;
    let ParsedRequest { new, sent } = request::parse(context.request.body())?;
    let said = RequestMeaning::new(&key, &new, sent);
    let id = ReservationId::derive(&context.client.id, &key);
    let respond_async = prefer::respond_async(context.request.headers());
    let outcome = match take(context, new, &id, &said, respond_async).await {
        Ok(ReserveOutcome::KeyReused(known)) => repeated(known, &said),
        Ok(outcome) => outcome,
        Err(refused) => known_before(context, &id, &said, refused).await?,
    };
    let mut response = respond(&outcome, &id, context.hub.clock.now())?;
    if respond_async && response.status().is_success() {
        answer::set(&mut response, "preference-applied", "respond-async");
    }
    Ok(response)
}

async fn take(
    context: &RequestContext<'_>,
    new: NewReservation,
    id: &ReservationId,
    said: &RequestMeaning,
    respond_async: bool,
) -> Result<ReserveOutcome, Failure> {
    let checked = rules::check(new, &context.accounts(), context.hub.clock.now())?;
    let account = checked.account.clone();
    let order = order(context, checked, id, said.fingerprint.clone()).await?;
    usecases::reserve::reserve(context.hub, order, context.invocation, respond_async).await.map_err(|error| match error
    {
        ReserveError::Order(problem) => refusal(context, &account, problem).into(),
        ReserveError::Backend(error) => Failure::from(error),
    })
}

/// The order that a checked request is, with its account's defaults.
async fn order(
    context: &RequestContext<'_>,
    checked: ValidRequest,
    id: &ReservationId,
    fingerprint: Fingerprint,
) -> Result<Order, Failure> {
    let expires_at = match checked.expires_at {
        Some(time) => time,
        None => default_expiry(context, &checked.account).await?,
    };
    Ok(Order {
        id: id.clone(),
        client: context.client.id.clone(),
        fingerprint,
        account: checked.account,
        product: checked.product,
        candidate: Some(checked.candidate),
        registration: checked.registration,
        groups: checked.groups,
        return_url: checked.return_url,
        expires_at,
        metadata: checked.metadata,
        extra: Extra::default(),
    })
}

async fn default_expiry(context: &RequestContext<'_>, account: &Account) -> Result<Timestamp, Failure> {
    let terms =
        context.hub.vendor(account).terms(account).await.map_err(|problem| refusal(context, account, problem))?;
    let days = SignedDuration::from_hours(24 * i64::from(terms.default_expiry_days));
    let time = context.hub.clock.now().checked_add(days).unwrap_or(Timestamp::MAX);
    Ok(Timestamp::from_second(time.as_second()).unwrap_or(time))
}

fn refusal(context: &RequestContext<'_>, account: &Account, problem: OrderProblem) -> Problem {
    match problem {
        OrderProblem::AccountUnavailable { what } => account_unavailable(context, account, &what),
        OrderProblem::UnknownProduct => {
            let fault = Fault::new("#/product", "is not a product of this account; see GET /v1/products");
            Problem::new(UNKNOWN_PRODUCT).errors(vec![fault])
        }
        OrderProblem::Faults(faults) => Problem::new(INVALID).errors(faults),
    }
}

/// Tells the operator what is missing, and the client that something is.
pub(crate) fn account_unavailable(context: &RequestContext<'_>, account: &Account, what: &str) -> Problem {
    tracing::error!(%account, what, "account unavailable");
    context.hub.alerts.raise(Alert::AccountUnavailable, AlertSubject::Account(account));
    Problem::new(ACCOUNT_UNAVAILABLE)
        .detail("The operator was alerted and has to fix the account. Send the same request again later.")
        .retry_after(60)
}

/// A key never expires: what was taken once is answered again, even where the
/// same request could not be taken today (its expiry is past, say, or its product
/// is no longer sold).
async fn known_before(
    context: &RequestContext<'_>,
    id: &ReservationId,
    said: &RequestMeaning,
    refused: Failure,
) -> Result<ReserveOutcome, Failure> {
    if let Failure::Backend(_) = refused {
        return Err(refused);
    }
    let known = context.hub.store.reservation(id).await?;
    known.map(|known| repeated(Box::new(known), said)).ok_or(refused)
}

/// What a key means that was used before.
fn repeated(known: Box<Reservation>, said: &RequestMeaning) -> ReserveOutcome {
    if said.repeats(&known.order) { ReserveOutcome::Replayed(known) } else { ReserveOutcome::KeyReused(known) }
}

fn respond(outcome: &ReserveOutcome, id: &ReservationId, now: Timestamp) -> HandlerResult {
    let (reservation, launch) = match outcome {
        ReserveOutcome::New { reservation, launch } => (reservation, Some(launch.as_ref())),
        ReserveOutcome::Replayed(reservation) => (reservation, None),
        ReserveOutcome::KeyReused(_) => {
            let detail = "You used this key for another order. Use a new key for a new test.";
            return Err(Problem::new(KEY_REUSED).detail(detail).reservation(id).into());
        }
    };
    let mut response = stands(reservation, launch, now)?;
    answer::set(&mut response, "location", &format!("/v1/reservations/{id}"));
    if launch.is_none() {
        answer::set(&mut response, "idempotent-replayed", "true");
    }
    Ok(response)
}

/// The answer for a reservation as it stands. `launch` is `None` in a replay.
fn stands(reservation: &Reservation, launch: Option<Option<&Launch>>, now: Timestamp) -> HandlerResult {
    let view = ReservationView::new(reservation);
    match reservation.status() {
        Status::Rejected => Ok(rejected(reservation).into_response()),
        Status::Pending | Status::InDoubt => answer::json(StatusCode::ACCEPTED, &view).map(|mut response| {
            answer::set(&mut response, "retry-after", &retry_after(reservation, now).to_string());
            response
        }),
        // Withdrawn or expired before it was bought: there is nothing to wait for.
        _ if reservation.reference.is_none() => answer::json(StatusCode::OK, &view),
        _ => match launch {
            Some(launch) => answer::json(StatusCode::CREATED, &ReservationView::bought(reservation, launch)),
            None => answer::json(StatusCode::CREATED, &view),
        },
    }
}

fn retry_after(reservation: &Reservation, now: Timestamp) -> i64 {
    match reservation.state {
        State::Queued { retry_at, .. } => {
            retry_at.duration_since(now).as_secs().clamp(RETRY_AFTER_MIN, RETRY_AFTER_MAX)
        }
        State::Calling { .. } => RETRY_AFTER_MIN,
        _ => RETRY_AFTER_MAX,
    }
}

fn rejected(reservation: &Reservation) -> Problem {
    let (kind, detail) = match reservation.reason {
        Some(Reason::OutOfTests) => {
            (OUT_OF_TESTS, "Nothing was bought. The operator was alerted. Order later under a new Idempotency-Key.")
        }
        Some(Reason::GivenUp) => (GIVEN_UP, "To order again, use a new Idempotency-Key."),
        _ => (VENDOR_REFUSED, "Nothing was bought. Correct the order and send it under a new Idempotency-Key."),
    };
    Problem::new(kind).detail(detail).reservation(reservation.id()).vendor_reason(reservation.detail.clone())
}

#[cfg(test)]
mod tests;
