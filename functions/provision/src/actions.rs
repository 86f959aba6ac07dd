//! Cancelling a reservation, and launching its test.

use lambda_http::http::StatusCode;
use shared::runtime::problem::Problem;
use shared_core::domain::launch::{LINK_WINDOW, LINKS};
use shared_core::domain::reservation::{Alert, NoteReason, Reservation};
use shared_core::ports::{AlertSubject, Alerts, LookupError};
use shared_core::usecases::cancel::{self, CancelOutcome};
use shared_core::usecases::launch::{self, LaunchError};

use crate::answer::{self, HandlerResult};
use crate::context::RequestContext;
use crate::problems::{
    ALREADY_BEGUN, ALREADY_ENDED, Failure, NOTHING_TO_LAUNCH, PURCHASE_IN_PROGRESS, RATE_LIMITED, VENDOR_BUSY,
    VENDOR_UNREACHABLE,
};
use crate::query::Query;
use crate::reserve::account_unavailable;
use crate::view::ReservationView;

/// `POST /v1/reservations/{id}/cancel`.
pub(crate) async fn cancel(context: &RequestContext<'_>, id: &str) -> HandlerResult {
    Query::parse(context.request, &[])?;
    let reservation = context.reservation(id).await?;
    match cancel::cancel(context.hub, reservation).await? {
        CancelOutcome::Done(reservation) => answer::json(StatusCode::OK, &ReservationView::withdrawn(&reservation)),
        CancelOutcome::Refused(reservation, why) => Err(not_withdrawn(&reservation, why).into()),
    }
}

fn not_withdrawn(reservation: &Reservation, why: NoteReason) -> Problem {
    let (kind, detail) = match why {
        NoteReason::PurchaseInProgress => (PURCHASE_IN_PROGRESS, "Cancel once the purchase is final."),
        NoteReason::Begun => (ALREADY_BEGUN, "A test that has begun cannot be cancelled."),
        _ => (ALREADY_ENDED, "There is nothing left to cancel."),
    };
    Problem::new(kind).detail(detail).reservation(reservation.id())
}

/// `POST /v1/reservations/{id}/launch`.
pub(crate) async fn launch(context: &RequestContext<'_>, id: &str) -> HandlerResult {
    Query::parse(context.request, &[])?;
    let reservation = context.reservation(id).await?;
    match launch::launch(context.hub, &reservation).await {
        Ok(launch) => answer::json(StatusCode::OK, &launch),
        Err(error) => Err(not_launched(context, &reservation, error)),
    }
}

fn not_launched(context: &RequestContext<'_>, reservation: &Reservation, error: LaunchError) -> Failure {
    let account = &reservation.order.account;
    let problem = match error {
        LaunchError::NothingToBegin => {
            Problem::new(NOTHING_TO_LAUNCH).detail("No test is assigned, or it is over. Read the reservation.")
        }
        LaunchError::Unknown => {
            tracing::error!(reservation_id = %reservation.id(), "the vendor does not know an assigned test");
            Problem::new(NOTHING_TO_LAUNCH).detail("The vendor does not know the test. Contact the operator.")
        }
        LaunchError::TooMany { retry_after } => {
            let seconds = u64::try_from(retry_after.as_millis().div_ceil(1000)).unwrap_or(u64::MAX);
            let detail = format!("A reservation gets at most {LINKS} links in {} seconds.", LINK_WINDOW.as_secs());
            Problem::new(RATE_LIMITED).detail(detail).retry_after(seconds)
        }
        LaunchError::Backend(error) => return error.into(),
        LaunchError::LookUp(LookupError::RateLimited { retry_after }) => {
            Problem::new(VENDOR_BUSY).retry_after(retry_after.as_secs().saturating_add(1))
        }
        LaunchError::LookUp(LookupError::AccountUnavailable { what }) => account_unavailable(context, account, &what),
        LaunchError::LookUp(LookupError::CredentialsRefused) => {
            context.hub.alerts.raise(Alert::VendorCredentialsRefused, AlertSubject::Account(account));
            account_unavailable(context, account, "the vendor refused our credentials")
        }
        LaunchError::LookUp(error @ LookupError::Unusable { .. }) => {
            tracing::warn!(%account, %error, "launch failed");
            Problem::new(VENDOR_UNREACHABLE).retry_after(5)
        }
    };
    problem.reservation(reservation.id()).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;

    #[test]
    fn each_reason_not_to_withdraw_has_its_problem() {
        let status_and_kind = |why| {
            let response = not_withdrawn(&fixtures::calling(), why).into_response();
            let kind = fixtures::body(&response)["type"].as_str().unwrap().rsplit(':').next().unwrap().to_owned();
            (response.status().as_u16(), kind)
        };
        assert_eq!(status_and_kind(NoteReason::PurchaseInProgress), (409, "purchase-in-progress".to_owned()));
        assert_eq!(status_and_kind(NoteReason::Begun), (409, "already-begun".to_owned()));
        assert_eq!(status_and_kind(NoteReason::Ended), (409, "already-ended".to_owned()));
    }
}
