//! Figures that the tests' commands measured. They live in `tests/figures`, and documents quote them between
//! markers: see `tests/README.md`.

#[cfg(test)]
mod bill;
#[cfg(test)]
mod rows;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::{env, fs};

use jiff::Timestamp;
use serde_json::{Value, json};

/// Records what a command measured in `tests/figures/{name}.json`, if `UPDATE_FIGURES=1` is set.
///
/// The file also names the command and the day. Several tests of one command may record: their figures are merged. A
/// run of another command, or on another day, starts the file anew.
pub fn record(name: &str, command: &str, figures: Value) {
    static TURN: Mutex<()> = Mutex::new(());
    if !are_updated() {
        return;
    }
    let _turn = TURN.lock();
    let today = Timestamp::now().strftime("%Y-%m-%d").to_string();
    let mut file = json!({"command": command, "date": today});
    let earlier = read(name);
    if ["command", "date"].iter().all(|key| earlier[key] == file[key]) {
        file = earlier;
    }
    merge(&mut file, figures);
    write(&format!("{name}.json"), &format!("{file:#}\n"));
}

/// Writes a file of `tests/figures`, if `UPDATE_FIGURES=1` is set.
pub fn write(file: &str, content: &str) {
    if are_updated() {
        fs::write(path(file), content).unwrap_or_else(|error| panic!("tests/figures/{file}: {error}"));
    }
}

fn are_updated() -> bool {
    env::var("UPDATE_FIGURES").is_ok_and(|value| value == "1")
}

fn path(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../figures").join(file)
}

/// A recorded file, or null where there is none.
fn read(name: &str) -> Value {
    let text = fs::read_to_string(path(&format!("{name}.json"))).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_default()
}

fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            from.into_iter().for_each(|(key, value)| merge(into.entry(key).or_insert(Value::Null), value));
        }
        (into, from) => *into = from,
    }
}

/// With a comma between thousands.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let comma = |at: usize| if at > 0 && (digits.len() - at).is_multiple_of(3) { "," } else { "" };
    digits.char_indices().map(|(at, digit)| format!("{}{digit}", comma(at))).collect()
}
