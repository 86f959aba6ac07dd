//! What holds for everything that is accepted, whichever parser accepted it.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_dynamo::AttributeValue;
use shared_core::domain::reservation::ReportedStatus;
use shared_core::domain::test_result::TestResult;

/// The most that the readable part of one report may take in an item, in bytes: a
/// reservation with many attempts must still fit DynamoDB's 400 KB.
const REPORT_MAX: usize = 8 * 1024;
/// The largest power of ten of a number in DynamoDB, and the smallest.
const NUMBERS: std::ops::Range<f64> = 1e-130..1e126;

/// Holds a report against what the domain and the table can bear.
pub(crate) fn of_report(status: &ReportedStatus) {
    is_small(status, REPORT_MAX);
    if let ReportedStatus::Completed(result) = status {
        of_result(result);
    }
    is_stored(status);
}

fn of_result(result: &TestResult) {
    let scores = result.overall.iter().chain(result.skills.iter().map(|skill| &skill.score));
    for score in scores {
        if let (Some((min, max)), Some(value)) = (score.scale.bounds(), score.value) {
            assert!((min..=max).contains(&value), "{value} is none on {:?}", score.scale);
        }
        if let Some(band) = &score.cefr {
            assert!(band.min <= band.max && band.min.is_some() == band.max.is_some());
        }
    }
    let percents = result.skills.iter().filter_map(|skill| skill.percent);
    percents.for_each(|percent| assert!((0.0..=100.0).contains(&percent)));
    assert!(result.duration_seconds.is_none_or(|seconds| seconds >= 0.0 && seconds.is_finite()));
    assert!(result.skills.iter().all(|skill| skill.total != Some(0)), "0 of 0 is no items");
}

/// A name of a test at a vendor: one visible word that fits a key.
pub(crate) fn of_test_name(name: &str) {
    assert!((1..=64).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_graphic()), "{name:?} names no test");
}

/// Whether the table takes a value: its numbers, and so many bytes.
pub(crate) fn is_small(value: &impl Serialize, max: usize) {
    let value: AttributeValue = serde_dynamo::to_attribute_value(value).expect("a value of the table");
    let size = size(&value).unwrap_or_else(|refusal| panic!("DynamoDB takes no {refusal}"));
    assert!(size <= max, "it takes {size} bytes");
}

/// How many bytes the table counts, unless it refuses a number.
pub(crate) fn size(value: &AttributeValue) -> Result<usize, String> {
    match value {
        AttributeValue::S(text) => Ok(text.len()),
        AttributeValue::N(number) => {
            let size: f64 = number.parse().unwrap_or(f64::NAN);
            let is_taken = size == 0.0 || NUMBERS.contains(&size.abs());
            if is_taken { Ok(number.len()) } else { Err(format!("number {size:e}")) }
        }
        AttributeValue::L(items) => items.iter().map(size).sum(),
        AttributeValue::M(map) => map.iter().map(|(name, value)| Ok(name.len() + size(value)?)).sum(),
        AttributeValue::B(blob) => Ok(blob.len()),
        _ => Ok(1),
    }
}

/// Writes a value as the table has it and reads it back.
pub(crate) fn is_stored<T: Serialize + DeserializeOwned + PartialEq>(value: &T) {
    let stored: AttributeValue = serde_dynamo::to_attribute_value(value).expect("it is written");
    let read: Result<T, _> = serde_dynamo::from_attribute_value(stored);
    assert!(read.is_ok_and(|read| read == *value), "it does not read back");
}

pub(crate) fn reads_back<T: Serialize + DeserializeOwned + PartialEq>(value: &T) {
    let text = serde_json::to_string(value).expect("it is written");
    assert!(serde_json::from_str::<T>(&text).is_ok_and(|read| read == *value), "it does not read back");
}
