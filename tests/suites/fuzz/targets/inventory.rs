//! iTEP's *Available Test CSV*.

use std::collections::BTreeSet;

use shared::vendors::itep::inventory::parse_listing;
use shared_core::usecases::import_inventory::Assigned;

use crate::bounds;

pub(crate) fn csv(input: &[u8]) {
    let Ok(listing) = parse_listing(input) else { return };
    let lines = input.iter().filter(|byte| **byte == b'\n').count() as u64 + 1;
    let numbers = listing.rows.iter().map(|row| row.line).chain(listing.unreadable.iter().map(|row| row.line));
    let numbers: Vec<_> = numbers.collect();
    assert!(numbers.iter().all(|line| (1..=lines).contains(line)), "{numbers:?} of {lines} lines");
    let distinct: BTreeSet<_> = numbers.iter().collect();
    assert_eq!(distinct.len(), numbers.len(), "a line is listed twice");
    for row in &listing.rows {
        bounds::of_test_name(&row.test_id);
        assert!(row.version.chars().count() <= 80);
        if let Assigned::Ours(id) = &row.assigned {
            // What stands behind a closing quotation mark belongs to the field, by the reader's leave.
            let plain: Vec<_> = input.iter().copied().filter(|byte| *byte != b'"').collect();
            let is_there = plain.windows(id.as_str().len()).any(|window| window == id.as_str().as_bytes());
            assert!(is_there || input.contains(&b'\\'), "a reservation that the file does not name");
        }
    }
    assert!(listing.unreadable.iter().all(|row| row.why.len() < 100), "a field is in the reason");
}
