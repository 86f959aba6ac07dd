//! Operations as they were measured, one after the other.

use std::collections::BTreeMap;
use std::future::Future;
use std::io::{self, Write as _};

use serde_json::{Map, Value, json};
use test_support::figures;

use crate::meter::Units;
use crate::world::{World, is_ministack};

const COMMAND: &str = "cargo dev test --backend localstack";

/// What an ordinary iTEP test may write: buy, Finished, Complete.
const WRITE_UNITS_MAX: f64 = 20.0;

/// The operations of one ordinary test, by what their names begin with.
const TESTS: [(&str, &str); 3] = [
    ("iTEP: ", "ordinary_itep_test"),
    ("TrueNorth: ", "ordinary_truenorth_test"),
    ("Powertools: ", "powertools_itep_test"),
];

/// One operation, as it was measured.
struct Line {
    operation: &'static str,
    calls: BTreeMap<String, u64>,
    units: Units,
}

impl Line {
    fn calls(&self) -> String {
        let calls: Vec<_> = self.calls.iter().map(|(name, count)| format!("{count} {name}")).collect();
        if calls.is_empty() { "none".to_owned() } else { calls.join(" + ") }
    }
}

pub(super) struct Tally<'a> {
    pub(super) world: &'a World,
    lines: Vec<Line>,
}

impl<'a> Tally<'a> {
    pub(super) fn new(world: &'a World) -> Self {
        Self { world, lines: Vec::new() }
    }

    /// Measures an operation that makes the expected calls.
    pub(super) async fn of<T>(&mut self, operation: &'static str, expected: &str, work: impl Future<Output = T>) -> T {
        self.world.calls.take();
        self.world.meter.take();
        let outcome = work.await;
        let line = Line { operation, calls: self.world.calls.take(), units: self.world.meter.take() };
        assert_eq!(line.calls(), expected, "{operation}");
        self.lines.push(line);
        outcome
    }

    /// Calls and units of the operations whose names begin so.
    fn sum(&self, prefix: &str) -> (u64, Units) {
        let lines = self.lines.iter().filter(|line| line.operation.starts_with(prefix));
        lines.fold((0, Units::default()), |(calls, sum), line| {
            let units = Units { read: sum.read + line.units.read, written: sum.written + line.units.written };
            (calls + line.calls.values().sum::<u64>(), units)
        })
    }

    /// Prints the units, and records them for the documents. MiniStack does not count as Amazon does.
    pub(super) async fn publish(&self) {
        if is_ministack().await {
            return;
        }
        let mut table = "| operation | calls | read units | write units |\n| --- | --- | ---: | ---: |\n".to_owned();
        let (mut operations, mut recorded) = (Map::new(), Map::new());
        for line in &self.lines {
            let Line { operation, units, .. } = line;
            table += &format!("| {operation} | {} | {:.1} | {:.1} |\n", line.calls(), units.read, units.written);
            let units = json!({"calls": line.calls(), "read": figure(units.read), "written": figure(units.written)});
            operations.insert((*operation).to_owned(), units);
        }
        for (prefix, name) in TESTS {
            let (calls, Units { read, written }) = self.sum(prefix);
            let words = name.replace('_', " ").replace("itep", "iTEP").replace("truenorth", "TrueNorth");
            table += &format!("| **{words}** | {calls} calls | {read:.1} | {written:.1} |\n");
            recorded.insert(name.to_owned(), json!({"calls": calls, "read": figure(read), "written": figure(written)}));
        }
        recorded.insert("operations".to_owned(), operations.into());
        // Not through `println!`, which tells nobody while the test passes.
        io::stdout().write_all(format!("\n{table}\n").as_bytes()).unwrap();
        figures::write("cost.md", &format!("# What each operation costs\n\nRecorded by `{COMMAND}`.\n\n{table}"));
        figures::record("cost", COMMAND, recorded.into());
        let (_, Units { written, .. }) = self.sum("iTEP: ");
        assert!(written <= WRITE_UNITS_MAX, "an ordinary iTEP test writes {written} units");
    }
}

/// Half units are rare: whole ones are written as such.
pub(super) fn figure(units: f64) -> Value {
    if units.fract() == 0.0 { json!(units as u64) } else { json!(units) }
}
