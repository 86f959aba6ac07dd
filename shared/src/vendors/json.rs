//! JSON as it comes from outside: what stands before it is skipped, and JSON inside a
//! JSON string is unwrapped once.

use serde_json::Value;

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

#[cfg(test)]
mod tests {
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
}
