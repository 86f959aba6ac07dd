//! The content of an inventory file, and the report on its import.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use super::{LowStock, PerhapsSat};
use crate::domain::ids::ReservationId;
use crate::domain::reservation::Status;

/// An inventory file as it was read to its end.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Listing {
    /// Its tests, in the file's order.
    pub rows: Vec<Row>,
    /// Its lines that are of no use.
    pub unreadable: Vec<Unreadable>,
}

/// One test that stands Ready at iTEP. What the file says of the person, and the
/// test's password, is left behind when it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Where it stands in the file, from 1.
    pub line: u64,
    /// iTEP's `Test ID #`.
    pub test_id: String,
    /// iTEP's `Version`, such as `Academic-Plus`.
    pub version: String,
    pub assigned: Assigned,
}

/// What `Assigned To` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Assigned {
    /// It is blank: iTEP counts the test as available.
    Nobody,
    /// It names a reservation.
    Ours(ReservationId),
    /// It names somebody, and no reservation.
    Another,
}

/// A line of the file that is of no use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unreadable {
    /// Where it begins, from 1.
    pub line: u64,
    /// What is wrong with it; holds nothing of it.
    pub why: String,
}

/// What a row turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Ours, as our books have it.
    Known,
    /// Ours, of a reservation that did not know its test: it does now.
    Settled,
    /// Ours, and known to be one too many.
    Surplus,
    /// Assigned to a reservation that has another test.
    ReferenceDiffers,
    /// Assigned to one reservation, while our books give it to another.
    ReferenceTaken,
    /// Assigned to a reservation that it was reclaimed from: iTEP sells it again
    /// once its `Assigned To` is cleared.
    Reclaimed,
    /// Assigned to a reservation of another account.
    OtherAccount,
    /// Assigned to a reservation that our books don't have.
    NotInBooks,
    /// Ours by our books, while the file has it free or assigned to somebody else.
    Unmarked,
    /// Assigned by somebody else.
    Another,
    Free,
}

impl Kind {
    /// Whether there is nothing to say of such a row beside its count.
    fn is_plain(self) -> bool {
        matches!(self, Kind::Known | Kind::Another | Kind::Free)
    }
}

/// A row that there is something to say of.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// Where it stands in the file.
    pub line: u64,
    /// iTEP's id of the test.
    pub test_id: String,
    /// iTEP's version of it.
    pub version: String,
    /// What it turned out to be.
    pub kind: Kind,
    /// The reservation that it is about.
    pub reservation_id: Option<ReservationId>,
    /// How the reservation stood before it was settled by this row.
    pub was: Option<Status>,
    /// How it stands now, or would after the import.
    pub status: Option<Status>,
    /// The test that the reservation has.
    pub known_test: Option<String>,
    /// Whether it ended here unused, and still stands Ready at iTEP after its expiry
    /// and the grace.
    pub reclaimable: bool,
}

/// Tests of one version, by what `Assigned To` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Stock {
    /// Blank: iTEP sells these.
    pub free: usize,
    pub ours: usize,
    /// Assigned to somebody else.
    pub others: usize,
}

/// What came of an import, or would.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Report {
    /// How many tests were reconciled.
    pub rows: usize,
    /// How many of them were what.
    pub counts: BTreeMap<Kind, usize>,
    /// The stock by iTEP's version.
    pub stock: BTreeMap<String, Stock>,
    /// Those that there is something to say of, in the file's order.
    pub findings: Vec<Finding>,
    /// Tests that ended here unused and are missing from the file.
    pub perhaps_sat: Vec<PerhapsSat>,
    /// Products of which too few tests are free.
    pub low_stock: Vec<LowStock>,
    /// Lines of no use, in the file's order.
    pub unreadable: Vec<Unreadable>,
}

impl Report {
    pub(super) fn new(listing: &Listing) -> Self {
        Self { unreadable: listing.unreadable.clone(), ..Self::default() }
    }

    /// The rows without those whose test stands further up; they are told.
    pub(super) fn first_of_each<'r>(&mut self, rows: &'r [Row]) -> Vec<&'r Row> {
        let mut lines = HashMap::new();
        let mut firsts = Vec::with_capacity(rows.len());
        for row in rows {
            let first = *lines.entry(row.test_id.as_str()).or_insert(row.line);
            if first == row.line {
                firsts.push(row);
            } else {
                let why = format!("its test ID stands on line {first} already");
                self.unreadable.push(Unreadable { line: row.line, why });
            }
        }
        self.unreadable.sort_by_key(|unreadable| unreadable.line);
        firsts
    }

    pub(super) fn add(&mut self, finding: Finding, row: &Row) {
        self.rows += 1;
        *self.counts.entry(finding.kind).or_default() += 1;
        let stock = self.stock.entry(finding.version.clone()).or_default();
        match row.assigned {
            Assigned::Nobody => stock.free += 1,
            Assigned::Ours(_) => stock.ours += 1,
            Assigned::Another => stock.others += 1,
        }
        if finding.reclaimable || !finding.kind.is_plain() {
            self.findings.push(finding);
        }
    }

    /// How many rows were of a kind.
    pub fn count(&self, kind: Kind) -> usize {
        self.counts.get(&kind).copied().unwrap_or_default()
    }

    /// The tests that may be given to another candidate.
    pub fn reclaimable(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.reclaimable)
    }
}
