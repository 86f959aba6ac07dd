//! Reading scores: what is certain is read, what is absent is `None`, and whatever
//! else is there is named as unreadable. Nothing is guessed.

use serde_json::Value;
use shared_core::domain::test_result::{CefrBand, ScoreField};

use super::bounds;

/// A value is there, and what it means is not certain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Uncertain;

/// Reads the scores of one report and remembers which of them it could not.
#[derive(Debug, Default)]
pub(super) struct ScoreReader {
    unreadable: Vec<ScoreField>,
}

impl ScoreReader {
    /// A number within bounds, both included.
    pub(super) fn number(
        &mut self,
        field: ScoreField,
        value: Option<&Value>,
        bounds: Option<(f64, f64)>,
    ) -> Option<f64> {
        let is_within = |number: f64| bounds.is_none_or(|(min, max)| (min..=max).contains(&number));
        let read = number(value).and_then(|read| if read.is_none_or(is_within) { Ok(read) } else { Err(Uncertain) });
        self.certain(field, read)
    }

    /// A CEFR level or a range of them.
    pub(super) fn cefr(&mut self, field: ScoreField, value: Option<&Value>) -> Option<CefrBand> {
        let read = match value.filter(|value| is_there(value)) {
            None => Ok(None),
            Some(value) => value.as_str().and_then(CefrBand::parse).map(Some).ok_or(Uncertain),
        };
        self.certain(field, read)
    }

    /// Correct answers of so many items, and how many; `None` each where absent.
    /// 0 of 0 means that there were no items, which is no score of zero.
    pub(super) fn items(&mut self, field: ScoreField, section: Option<&Value>) -> Option<(Option<u32>, Option<u32>)> {
        let section = section.filter(|value| is_there(value))?;
        let read = match section {
            Value::Object(items) => items_of(items.get("correct"), items.get("total")),
            _ => Err(Uncertain),
        };
        self.certain(field, read.map(Some))
    }

    /// Notes that a field is unreadable, if there is anything.
    pub(super) fn refuse(&mut self, field: ScoreField, value: Option<&Value>) {
        if value.is_some_and(is_there) && !self.unreadable.contains(&field) {
            self.unreadable.push(field);
        }
    }

    /// The fields that are there and could not be read, in the order of reading.
    pub(super) fn into_unreadable(self) -> Vec<ScoreField> {
        self.unreadable
    }

    fn certain<T>(&mut self, field: ScoreField, read: Result<Option<T>, Uncertain>) -> Option<T> {
        if read.is_err() && !self.unreadable.contains(&field) {
            self.unreadable.push(field);
        }
        read.ok().flatten()
    }
}

/// Whether a value is more than `null` or an empty text.
fn is_there(value: &Value) -> bool {
    !value.is_null() && value.as_str().is_none_or(|text| !text.trim().is_empty())
}

/// A number, or a text that is one beyond doubt.
///
/// # Errors
/// [`Uncertain`] where something else is there.
pub(super) fn number(value: Option<&Value>) -> Result<Option<f64>, Uncertain> {
    let Some(value) = value.filter(|value| is_there(value)) else { return Ok(None) };
    let number = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => decimal(text.trim()),
        _ => None,
    };
    // Adding zero takes the sign off a zero.
    number.and_then(bounds::number).map(|number| Some(number + 0.0)).ok_or(Uncertain)
}

/// A decimal number in ASCII digits with a point or a comma. Three digits behind a
/// comma may be thousands, and an exponent was made by a spreadsheet.
fn decimal(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (whole, fraction) = unsigned.split_once(['.', ',']).unwrap_or((unsigned, ""));
    let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let may_be_thousands = unsigned.contains(',') && fraction.len() == 3;
    if may_be_thousands || !is_digits(whole) || !is_digits(fraction) {
        return None;
    }
    // Without any digit this is no number either.
    text.replace(',', ".").parse().ok()
}

fn items_of(correct: Option<&Value>, total: Option<&Value>) -> Result<(Option<u32>, Option<u32>), Uncertain> {
    match (count(correct)?, count(total)?) {
        (Some(correct), Some(total)) if correct > total => Err(Uncertain),
        (_, Some(0)) => Ok((None, None)),
        counts => Ok(counts),
    }
}

/// A whole number that is not negative.
fn count(value: Option<&Value>) -> Result<Option<u32>, Uncertain> {
    let Some(number) = number(value)? else { return Ok(None) };
    if number.fract() != 0.0 || number < 0.0 {
        return Err(Uncertain);
    }
    format!("{number:.0}").parse().map(Some).map_err(|_| Uncertain)
}

#[cfg(test)]
mod tests;
