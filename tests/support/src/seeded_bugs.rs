//! Seeded bugs: mistakes that a maintainer could make, each put in by a test that expects
//! its method to catch it. Together they are the table in `SEEDED_BUGS.md`.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::figures;

const DOCUMENT: &str = include_str!("../../../shared/core/tests/SEEDED_BUGS.md");
/// How many different bugs there are at least.
const AT_LEAST: usize = 20;

/// A row of the table: a bug as one method catches it.
struct Row {
    number: usize,
    method: &'static str,
    test: &'static str,
    verdict: &'static str,
}

/// Puts bugs in, each in a test of its own, and compares their list with the table.
#[macro_export]
macro_rules! seeded_bugs {
    ($method:literal, $catch:path; $($name:ident: $bug:expr, $verdict:expr $(, $more:expr)*;)*) => {
        $(
            #[test]
            fn $name() {
                let found = $catch($bug, $verdict $(, $more)*);
                $crate::seeded_bugs::print($method, stringify!($name), found.as_deref());
                assert!(found.is_some(), "{:?} is not caught as {:?}", $bug, $verdict);
            }
        )*

        #[test]
        fn the_table_lists_these_and_no_others() {
            $crate::seeded_bugs::assert_lists($method, &[$((stringify!($name), $verdict)),*]);
        }
    };
}

fn rows() -> Vec<Row> {
    let cells = |line: &'static str| -> Vec<&'static str> {
        line.trim_matches('|').split('|').map(|cell| cell.trim().trim_matches('`')).collect()
    };
    DOCUMENT
        .lines()
        .map(cells)
        .filter_map(|cells| match cells[..] {
            [number, _, _, method, test, verdict] => Some(Row { number: number.parse().ok()?, method, test, verdict }),
            _ => None,
        })
        .collect()
}

/// Prints whether a bug was caught, as a row of a table, and records how.
pub fn print(method: &str, test: &str, found: Option<&str>) {
    let number = rows().into_iter().find(|row| (row.method, row.test) == (method, test)).map_or(0, |row| row.number);
    let (caught, how) = found.map_or(("NOT CAUGHT", ""), |how| ("caught", how));
    println!("seeded bug {number:>2} | {caught} | {method} | {test} | {how}");
    if found.is_some() {
        record(method, json!({"seeded_bugs": {test: how}}));
    }
}

fn record(method: &str, figures: Value) {
    figures::record(method, &format!("cargo test -p shared-core --test {method}"), figures);
}

/// Expects the table to list exactly these tests of a method, with their verdicts,
/// and enough bugs altogether.
pub fn assert_lists(method: &str, tests: &[(&str, &str)]) {
    let rows = rows();
    let numbers: BTreeSet<_> = rows.iter().map(|row| row.number).collect();
    assert!(numbers.iter().copied().eq(1..=numbers.len()), "the numbers have gaps: {numbers:?}");
    assert!(numbers.len() >= AT_LEAST, "there are only {}", numbers.len());
    let methods = ["breaker", "model", "simulation"];
    assert!(rows.iter().all(|row| methods.contains(&row.method)), "a method is unheard of");
    let listed: BTreeSet<_> =
        rows.iter().filter(|row| row.method == method).map(|row| (row.test, row.verdict)).collect();
    assert_eq!(listed, tests.iter().copied().collect());
    record(method, json!({"different_seeded_bugs": numbers.len()}));
    println!("{} different seeded bugs, {} of them caught by {method}", numbers.len(), listed.len());
}
