//! What follows from tests that a file does not list: tests that were perhaps sat, and
//! low stock.

use std::collections::{BTreeMap, HashSet};

use jiff::Timestamp;
use serde::Serialize;

use super::{Import, Listing, Report};
use crate::domain::ids::ReservationId;
use crate::domain::reservation::{Alert, Reservation, Status};
use crate::ports::{AlertSubject, Alerts, BackendError, Env, Store, Worklist};

/// How many reservations are read at a time.
const PAGE: usize = 100;

/// A test that ended here unused and is missing among those that stand Ready: its
/// candidate may have sat it, and no report of it came. It may also have been
/// voided or moved at iTEP.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PerhapsSat {
    /// iTEP's id of the test.
    pub test_id: String,
    pub reservation_id: ReservationId,
    pub status: Status,
    pub expired_at: Timestamp,
}

/// What an account wants to hear of its stock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StockWatch {
    /// The number of free tests below which a product's stock is low.
    pub below: u32,
    /// The product codes that the account buys, such as `GTX-Academic-Plus`.
    pub products: Vec<String>,
}

/// A product of which too few tests are free.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LowStock {
    /// iTEP's version, such as `Academic-Plus`.
    pub version: String,
    /// How many are free.
    pub free: usize,
    /// How many there should be at least.
    pub below: u32,
}

/// The unused tests of the account that had expired when the file was written,
/// and that it does not list.
pub(super) async fn perhaps_sat<E: Env>(
    env: &E,
    import: &Import,
    listing: &Listing,
) -> Result<Vec<PerhapsSat>, BackendError> {
    let Some(exported_at) = import.exported_at else { return Ok(Vec::new()) };
    let ready: HashSet<_> = listing.rows.iter().map(|row| row.test_id.as_str()).collect();
    let (list, mut cursor) = (Worklist::Unused(import.account.name.clone()), None);
    let mut missing = Vec::new();
    loop {
        let page = env.store().worklist(&list, cursor.as_deref(), PAGE).await?;
        let unused = env.store().reservations(&page.items).await?.into_iter();
        let expired = unused.filter(|reservation| reservation.order.expires_at <= exported_at);
        let found = expired.filter_map(|reservation| as_missing(&reservation));
        missing.extend(found.filter(|missing| !ready.contains(missing.test_id.as_str())));
        cursor = page.next;
        if cursor.is_none() {
            return Ok(missing);
        }
    }
}

/// Tells the operator of products that run low.
pub(super) fn watch_stock<E: Env>(env: &E, import: &Import, report: &mut Report) {
    let Some(watch) = &import.watch else { return };
    report.low_stock = low(watch, report);
    if !report.low_stock.is_empty() && !import.dry_run {
        env.alerts().raise(Alert::LowStock, AlertSubject::Account(&import.account));
    }
}

/// The index may lag behind, so the reservation itself decides.
fn as_missing(reservation: &Reservation) -> Option<PerhapsSat> {
    let reference = reservation.reference.as_ref().filter(|_| reservation.has_unused_test())?;
    Some(PerhapsSat {
        test_id: reference.test().to_owned(),
        reservation_id: reservation.id().clone(),
        status: reservation.status(),
        expired_at: reservation.order.expires_at,
    })
}

/// Free tests are of a version, which `GTX-` and `STX-` codes share; a version that
/// the file does not name has none.
fn low(watch: &StockWatch, report: &Report) -> Vec<LowStock> {
    let codes = watch.products.iter().map(|code| code.split_once('-').map_or(code.as_str(), |(_, version)| version));
    let versions: BTreeMap<_, _> = codes.map(|version| (plain(version), version)).collect();
    let free = |wanted: &str| {
        let same = report.stock.iter().filter(|(version, _)| plain(version) == wanted);
        same.map(|(_, stock)| stock.free).sum::<usize>()
    };
    let stock = versions.iter().map(|(plain, version)| (*version, free(plain)));
    let low = stock.filter(|(_, free)| u32::try_from(*free).is_ok_and(|free| free < watch.below));
    low.map(|(version, free)| LowStock { version: version.to_owned(), free, below: watch.below }).collect()
}

/// A version without what may differ between a code and a file.
fn plain(version: &str) -> String {
    version.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}
