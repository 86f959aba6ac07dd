//! `hubctl doubt settle`.

use anyhow::{Context, bail};
use serde_json::json;
use shared::aws::DynamoStore;
use shared_core::domain::ids::{Vendor, VendorReference};
use shared_core::domain::reservation::{Evidence, Reservation, Status};
use shared_core::ports::Store;
use shared_core::usecases::settle_doubt::{Finding, SettleError, settle_doubt};

use crate::asking;
use crate::cli::Settle;
use crate::context::{OperatorContext, confirm};
use crate::output::{Output, time};

pub(crate) async fn run(store: &DynamoStore, out: Output, wanted: &Settle) -> anyhow::Result<()> {
    let id = &wanted.reservation;
    let context = OperatorContext::new(store)?;
    let reservation =
        asking(store.reservation(id).await)?.with_context(|| format!("no reservation has the id {id}"))?;
    if reservation.status() != Status::InDoubt {
        bail!("{id}: {}", SettleError::NotInDoubt(reservation.status()));
    }
    let finding = finding(wanted, reservation.vendor())?;
    confirm(wanted.decision.yes, &question(&reservation, &finding))?;
    let settled = settle_doubt(&context, &reservation, finding, wanted.decision.by.clone()).await;
    let settled = match settled {
        Err(SettleError::Backend(error)) => asking(Err(error))?,
        settled => settled.with_context(|| id.to_string())?,
    };
    let status = settled.status().as_str();
    let json =
        json!({ "reservation_id": id, "status": status, "reference": settled.reference, "by": wanted.decision.by });
    Ok(out.say(&json, &format!("{id} is now {status}."))?)
}

fn finding(wanted: &Settle, vendor: Vendor) -> anyhow::Result<Finding> {
    Ok(match &wanted.is {
        Some(text) => Finding::Sold(reference(vendor, text)?),
        None if wanted.nothing_sold => Finding::NothingSold,
        None => Finding::GivenUp,
    })
}

pub(super) fn reference(vendor: Vendor, text: &str) -> anyhow::Result<VendorReference> {
    let text = text.trim();
    VendorReference::parse(vendor, text).with_context(|| format!("{text:?}"))
}

fn question(reservation: &Reservation, finding: &Finding) -> String {
    let order = &reservation.order;
    let seen = reservation.evidence.last().map_or("nothing".to_owned(), Evidence::summary);
    let account = order.account.to_string().replace('#', "/");
    let about = format!(
        "{}: {} ordered {} from {account} at {}. Seen of the call: {seen}.",
        reservation.id(),
        order.client,
        order.product,
        time(reservation.created_at),
    );
    let what = match finding {
        Finding::Sold(reference) => format!("Did the vendor sell {} for it?", reference.test()),
        Finding::NothingSold => "Did the vendor sell nothing, and should the hub buy again?".to_owned(),
        Finding::GivenUp => "Give up and reject the order? A test that was sold stays paid.".to_owned(),
    };
    format!("{about}\n{what}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_taken_without_the_spaces_around_it_and_a_wrong_one_says_what_is_right() {
        assert_eq!(reference(Vendor::Itep, " 3279B035APR ").unwrap(), VendorReference::itep("3279B035APR"));
        let error = reference(Vendor::Itep, " a b ").unwrap_err();
        assert_eq!(format!("{error:#}"), "\"a b\": not a valid iTEP test ID: 1 to 64 letters, digits and `-`");
    }
}
