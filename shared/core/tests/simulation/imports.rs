//! The operator imports iTEP's list of the tests that stand Ready, as it was a
//! while ago, and reclaims what it shows unused: iTEP sells that again.

use std::time::Duration;

use jiff::Timestamp;
use shared_core::domain::ids::{Account, Vendor, VendorReference};
use shared_core::usecases::import_inventory::{
    Assigned, Finding, Import, Listing, ReclaimOutcome, Row, import_inventory, reclaim,
};
use test_support::World;

use crate::events::Event;
use crate::sim::{HOUR, Ms, Port, State, at};

/// How long a list lies around before it is imported, at most.
const OLDEST: Ms = 2 * HOUR;

impl State {
    /// In every fourth world the operator imports a list, or a few.
    pub(crate) fn plan_imports(&mut self, seed: u64, trouble: Ms) {
        if seed % 4 == 3 {
            for _ in 0..self.rng.within(1, 3) {
                let exported = self.rng.within(0, trouble + HOUR);
                self.push(exported, Event::Import);
            }
        }
    }

    /// A list as iTEP writes it now, and how long it lies around.
    pub(crate) fn export(&mut self) -> (Listing, Timestamp, Ms) {
        let sales = &self.vendors.sales;
        let row = |number: usize| {
            let sale = &sales[number];
            let is_sold_again = sales[number + 1..].iter().any(|later| later.reference == sale.reference);
            let is_begun = sale.life.first().is_some_and(|step| step.at <= self.now);
            if sale.vendor != Vendor::Itep || sale.twin || is_sold_again || is_begun {
                return None;
            }
            let assigned = match self.vendors.free.contains(&sale.reference) {
                true => Assigned::Nobody,
                false => Assigned::Ours(sale.reservation.clone()),
            };
            let (line, test_id) = (number as u64 + 2, sale.reference.test().to_owned());
            Some(Row { line, test_id, version: "GTX".to_owned(), assigned })
        };
        let listing = Listing { rows: (0..sales.len()).filter_map(row).collect(), unreadable: Vec::new() };
        (listing, at(self.now), self.rng.below(OLDEST))
    }

    /// The assumption behind the grace: what it leaves unused is never begun.
    fn stays_unused(&self, reference: &VendorReference) -> bool {
        self.vendors.sales.iter().all(|sale| sale.reference != *reference || sale.life.is_empty())
    }
}

/// Imports a list and reclaims what it shows reclaimable.
pub(crate) async fn import(
    port: World<Port<'_>>,
    listing: Listing,
    exported_at: Timestamp,
    age: Ms,
) -> Result<(), String> {
    port.wait(age).await;
    let import = Import {
        account: Account { vendor: Vendor::Itep, name: "default".parse().map_err(|_| "a name")? },
        operator: "ada".to_owned(),
        exported_at: Some(exported_at),
        grace: Duration::ZERO,
        watch: None,
        dry_run: false,
    };
    let (report, done) = import_inventory(&port, &import, &listing, || {}).await;
    done.map_err(|outage| outage.to_string())?;
    for finding in report.reclaimable() {
        reclaim_unused(&port, &import, finding).await?;
    }
    Ok(())
}

async fn reclaim_unused(port: &World<Port<'_>>, import: &Import, finding: &Finding) -> Result<(), String> {
    let reference = VendorReference::itep(&finding.test_id);
    if !port.sim.state().stays_unused(&reference) {
        return Ok(());
    }
    let reclaimed = reclaim(port, import, finding, "nobody came").await.map_err(|outage| outage.to_string())?;
    let mut state = port.sim.state();
    state.note(|| format!("  {} is reclaimed: {reclaimed:?}", finding.test_id));
    if reclaimed == ReclaimOutcome::Done {
        state.vendors.free.push(reference);
        state.vendors.reclaimed += 1;
    }
    Ok(())
}
