//! The account's `low_stock`, and raising the `LowStock` alarm.

use std::time::Duration;

use shared::aws::SecretCache;
use shared::vendors::itep::profile::Profile;
use shared::vendors::secret_name;
use shared_core::domain::ids::{Account, AccountName, Vendor};
use shared_core::ports::{Queue, ResultMessage, Secrets};
use shared_core::usecases::import_inventory::StockWatch;

use crate::asking;
use crate::context::{self, warn};

/// The profile's `low_stock` and products.
pub(super) async fn watch(name: &AccountName) -> anyhow::Result<StockWatch> {
    let secrets = SecretCache::new(context::clients()?, Duration::ZERO);
    let secret = secret_name(&Account { vendor: Vendor::Itep, name: name.clone() });
    let text = asking(secrets.secret(&secret).await)?;
    let text = text.ok_or_else(|| anyhow::anyhow!("the secret {secret} does not exist"))?;
    let profile = Profile::parse(text.expose())?;
    Ok(StockWatch { below: profile.low_stock, products: profile.products })
}

/// Has a function raise the alarm's metric; the report is printed already.
pub(super) async fn ring(account: &AccountName) {
    let message = ResultMessage::LowStock { account: account.clone() };
    let rung = match context::queue() {
        Ok(queue) => asking(queue.record(&message, Duration::ZERO).await),
        Err(problem) => Err(problem),
    };
    if let Err(problem) = rung {
        warn(format_args!("cannot raise LowStock: {problem:#}"));
    }
}
