//! JSON as it comes from outside: what stands before it is skipped, JSON inside a
//! JSON string is unwrapped once, and of a name that stands twice no value is dropped.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// The mark with which some begin a text in UTF-8.
pub(super) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Bytes without a byte-order mark before them.
pub(super) fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes)
}

/// Reads a document by a reader of JSON. A document that is a string holds another:
/// that one is read, once and no deeper.
pub(super) fn unwrapped<E>(bytes: &[u8], read: impl Fn(&[u8]) -> Result<Value, E>) -> Result<Value, E> {
    match read(without_mark(bytes))? {
        Value::String(inner) => read(without_mark(inner.as_bytes())),
        value => Ok(value),
    }
}

/// A JSON value in which a name that stands twice, with different values, has the
/// list of both: which of them counts is not certain.
pub(super) struct Whole(pub(super) Value);

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(WholeVisitor).map(Whole)
    }
}

struct WholeVisitor;

impl<'de> Visitor<'de> for WholeVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Whole(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some((name, Whole(value))) = entries.next_entry::<String, Whole>()? {
            let value = match map.remove(&name) {
                Some(first) if first != value => Value::Array(vec![first, value]),
                _ => value,
            };
            map.insert(name, value);
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn read(text: &str) -> Option<Value> {
        unwrapped(text.as_bytes(), |bytes| serde_json::from_slice(bytes)).ok()
    }

    #[test]
    fn a_byte_order_mark_is_skipped_and_a_string_is_unwrapped_once() {
        let inner = json!({ "a": 1 });
        let once = json!(inner.to_string());
        let marked = json!(format!("\u{feff}{inner}"));
        for text in [inner.to_string(), once.to_string(), format!("\u{feff}{inner}"), format!("\u{feff}{marked}")] {
            assert_eq!(read(&text), Some(inner.clone()), "{text}");
        }
        let twice = json!(once.to_string());
        assert_eq!(read(&twice.to_string()), Some(once));
        assert_eq!(read("\u{feff}\u{feff}{}"), None);
        assert_eq!(read("\"plain words\""), None);
    }
    #[test]
    fn a_name_that_stands_twice_keeps_both_values_unless_they_are_the_same() {
        let Whole(read) =
            serde_json::from_str(r#"{"a":{"b":"3.5","b":"6.0","c":1,"c":1},"d":[{"e":1,"e":null}]}"#).unwrap();
        assert_eq!(read, json!({ "a": { "b": ["3.5", "6.0"], "c": 1 }, "d": [{ "e": [1, null] }] }));
    }

    proptest! {
        #[test]
        fn any_other_value_is_read_as_serde_reads_it(text in any::<String>(), number in any::<f64>(), whole in any::<i64>()) {
            let value = json!({ "a": [text, number, whole, null, true, u64::MAX], (&text): { "b": [] } });
            let Whole(read) = serde_json::from_str(&value.to_string()).unwrap();
            prop_assert_eq!(Ok(read), serde_json::from_str(&value.to_string()).map_err(drop));
        }
    }
}
