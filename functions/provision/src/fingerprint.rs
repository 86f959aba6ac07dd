//! What tells a repeated request from another one under the same key.

use serde_json::Value;
use shared::core::domain::ids::Digest;

/// The digest of a JSON document in canonical form: no space, members in the
/// order of their names. Two requests that differ in these alone are one.
pub(crate) fn of(document: &Value) -> Digest {
    let mut canonical = String::new();
    write(document, &mut canonical);
    Digest::of(canonical.as_bytes())
}

/// Depth is bounded by the parser that made the document.
fn write(value: &Value, out: &mut String) {
    match value {
        Value::Array(items) => enclosed(out, '[', ']', items, write),
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(name, _)| *name);
            enclosed(out, '{', '}', members, |(name, value), out| {
                out.push_str(&Value::from(name.as_str()).to_string());
                out.push(':');
                write(value, out);
            });
        }
        scalar => out.push_str(&scalar.to_string()),
    }
}

fn enclosed<T>(
    out: &mut String,
    open: char,
    close: char,
    items: impl IntoIterator<Item = T>,
    each: impl Fn(T, &mut String),
) {
    out.push(open);
    for (i, item) in items.into_iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        each(item, out);
    }
    out.push(close);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(text: &str) -> Digest {
        of(&serde_json::from_str(text).unwrap())
    }

    #[test]
    fn order_and_space_do_not_matter() {
        let one = digest(r#"{"b": [1, {"y": null, "x": "\u00e9"}], "a": true}"#);
        assert_eq!(one, digest(r#"{"a":true,"b":[1,{"x":"é","y":null}]}"#));
        assert_eq!(one, Digest::of(r#"{"a":true,"b":[1,{"x":"é","y":null}]}"#.as_bytes()));
    }

    #[test]
    fn values_and_the_order_of_elements_do() {
        let one = digest(r#"{"a": [1, 2]}"#);
        for other in [r#"{"a": [2, 1]}"#, r#"{"a": ["1", 2]}"#, r#"{"a": [1, 2], "b": null}"#, r#"{"A": [1, 2]}"#] {
            assert_ne!(one, digest(other), "{other}");
        }
    }
}
