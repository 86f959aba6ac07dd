//! `GET /v1/products`: what a client may buy.

use futures_util::future::join_all;
use lambda_http::http::StatusCode;
use serde::Serialize;
use shared::runtime::problem::{Problem, kinds};
use shared_core::domain::ids::{Account, Vendor};
use shared_core::domain::reservation::Alert;
use shared_core::ports::{AlertSubject, Alerts, LookupError, ProductOffer, VendorEnv};

use crate::answer::{self, HandlerResult, List};
use crate::context::RequestContext;
use crate::query::Query;
use crate::reserve::account_unavailable;

/// A product of an account's.
#[derive(Serialize)]
struct ProductView {
    vendor: Vendor,
    account: String,
    product: String,
    name: String,
    /// How many are left; the hub keeps no books of that yet.
    stock: Option<u32>,
}

/// Lists the products of all accounts that can be asked: one that cannot does
/// not hide the others.
pub(crate) async fn list(context: &RequestContext<'_>) -> HandlerResult {
    Query::parse(context.request, &[])?;
    let accounts = context.accounts().into_iter();
    let accounts = accounts.flat_map(|(vendor, names)| names.into_iter().map(move |name| Account { vendor, name }));
    let asked = join_all(accounts.map(async |account| {
        let offers = context.hub.vendor(&account).products(&account, &context.client.id).await;
        (account, offers)
    }));
    let (mut data, mut answered, mut failed) = (Vec::new(), 0, 0);
    for (account, offers) in asked.await {
        match offers {
            Ok(offers) => {
                answered += 1;
                data.extend(offers.into_iter().map(|offer| view(&account, offer)));
            }
            Err(error) => {
                failed += 1;
                note(context, &account, &error);
            }
        }
    }
    if answered == 0 && failed > 0 {
        let detail = "None of your vendor accounts can be reached now. Try again later.";
        return Err(Problem::new(kinds::UNAVAILABLE).detail(detail).retry_after(30).into());
    }
    answer::json(StatusCode::OK, &List { data, next_cursor: None })
}

fn view(account: &Account, offer: ProductOffer) -> ProductView {
    let (vendor, name) = (account.vendor, account.name.without_mode().to_owned());
    ProductView { vendor, account: name, product: offer.product, name: offer.name, stock: None }
}

fn note(context: &RequestContext<'_>, account: &Account, error: &LookupError) {
    match error {
        LookupError::AccountUnavailable { what } => drop(account_unavailable(context, account, what)),
        LookupError::CredentialsRefused => {
            context.hub.alerts.raise(Alert::VendorCredentialsRefused, AlertSubject::Account(account));
        }
        LookupError::RateLimited { .. } | LookupError::Unusable { .. } => {
            tracing::warn!(%account, %error, "products not fetched");
        }
    }
}
