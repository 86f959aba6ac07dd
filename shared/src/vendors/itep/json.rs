//! iTEP's JSON, read leniently: its own sample shows a date whose escapes no
//! JSON knows, numbers come as texts or as numbers, and `""` means absent.

use jiff::civil::Date;
use serde_json::{Map, Value};

use crate::vendors::{json, score_reader};

pub(super) struct Document(Map<String, Value>);

impl Document {
    /// Reads a document; invalid escapes are repaired once. `None` where there is
    /// no JSON object even then.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let read = |bytes: &[u8]| {
            let text = String::from_utf8_lossy(bytes);
            let whole = serde_json::from_str(&text).or_else(|_| serde_json::from_str(&repaired(&text)));
            whole.map(|json::Whole(value)| value)
        };
        match json::unwrapped(bytes, read) {
            Ok(Value::Object(map)) => Some(Self(map)),
            _ => None,
        }
    }

    /// What stands in a field.
    pub(super) fn value(&self, key: &str) -> Option<&Value> {
        self.0.get(key)
    }

    /// A text, or a number as text; empty is absent.
    pub(super) fn text(&self, key: &str) -> Option<String> {
        match self.0.get(key)? {
            Value::String(text) => Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }

    /// A number, or a text that is one beyond doubt.
    pub(super) fn number(&self, key: &str) -> Option<f64> {
        score_reader::number(self.0.get(key)).ok().flatten()
    }

    /// The day of the test: by its three parts first, else by `TestDate`, whose
    /// slashes may lean either way.
    pub(super) fn test_date(&self) -> Option<Date> {
        let part = |key| self.number(key).filter(|n| n.fract() == 0.0 && (0.0..10_000.0).contains(n)).map(|n| n as i16);
        match (part("TestYear"), part("TestMonth"), part("TestDay")) {
            (Some(year), Some(month), Some(day)) => date(year, month, day),
            _ => None,
        }
        .or_else(|| {
            let text = self.text("TestDate")?;
            let parts: Vec<i16> = text.split(['/', '\\']).map_while(|part| part.trim().parse().ok()).collect();
            let [month, day, year] = parts[..] else { return None };
            date(year, month, day)
        })
    }
}

fn date(year: i16, month: i16, day: i16) -> Option<Date> {
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok().filter(|date| date.year() > 1900)
}

/// Doubles each backslash within a string that begins no escape of JSON.
fn repaired(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut rest = text.chars();
    let mut in_string = false;
    while let Some(c) = rest.next() {
        out.push(c);
        match c {
            '"' => in_string = !in_string,
            '\\' if in_string => match escape_length(rest.as_str()) {
                0 => out.push('\\'),
                length => out.extend(rest.by_ref().take(length)),
            },
            _ => {}
        }
    }
    out
}

/// How many characters behind a backslash belong to a valid escape.
fn escape_length(rest: &str) -> usize {
    let is_hex = |digits: &str| digits.bytes().all(|b| b.is_ascii_hexdigit());
    match rest.bytes().next() {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => 1,
        Some(b'u') if rest.get(1..5).is_some_and(is_hex) => 5,
        _ => 0,
    }
}

#[cfg(test)]
mod tests;
