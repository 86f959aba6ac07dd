//! Runs a target: in the ordinary suite over its corpus and over mutants of it, and
//! under libFuzzer where `cargo dev fuzz` has built the suite for that.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::mutate::Mutator;

/// The longest input, in bytes: what `cargo dev fuzz` gives libFuzzer too.
const INPUT_MAX: usize = 16 * 1024;
/// How many mutants a target gets in the ordinary suite, if there is time.
const MUTANTS: usize = 4_000;
const TIME: Duration = Duration::from_millis(2_500);

/// Holds a target's check against many inputs.
pub(crate) fn drive(target: &str, check: fn(&[u8])) {
    let corpus = corpus(target);
    assert!(!corpus.is_empty(), "{target} has no corpus");
    for (name, input) in &corpus {
        hold(target, name, check, input);
    }
    let inputs: Vec<_> = corpus.into_iter().map(|(_, input)| input).collect();
    let mut mutator = Mutator::new(target, inputs, INPUT_MAX);
    let began = Instant::now();
    let mut mutants = 0;
    while mutants < MUTANTS && began.elapsed() < TIME {
        mutants += 1;
        hold(target, "a mutant", check, &mutator.next());
    }
    println!("{target}: {mutants} mutants in {:.1} s", began.elapsed().as_secs_f64());
}

/// Runs one check; where it panics, the input is written down.
fn hold(target: &str, name: &str, check: fn(&[u8]), input: &[u8]) {
    if catch_unwind(AssertUnwindSafe(|| check(input))).is_err() {
        let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("fuzz-{target}"));
        fs::write(&file, input).expect("the input can be written down");
        panic!("{target} fails on {name}, which is kept in {}", file.display());
    }
}

/// The committed inputs of a target, in the order of their names.
fn corpus(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let files = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<_> = files.map(|file| file.expect("a file").path()).collect();
    files.sort();
    files.into_iter().map(|file| (file.display().to_string(), fs::read(&file).expect("an input"))).collect()
}
