use std::collections::BTreeSet;

const TEMPLATE: &str = include_str!("../../../infra/template.yaml");
const SETTINGS: &str = include_str!("../settings.rs");

/// The names of environment variables that hold times.
fn times(text: &str) -> BTreeSet<&str> {
    let words = text.split(|c: char| !c.is_ascii_uppercase() && c != '_');
    words.filter(|word| word.ends_with("_SECONDS")).collect()
}

#[test]
fn every_time_that_the_template_sets_is_read_and_no_other() {
    let (set, read) = (times(TEMPLATE), times(SETTINGS));
    assert!(read.len() > 10, "{read:?}");
    assert_eq!(set, read);
}
