//! JSON pointers in their URI fragment form (RFC 6901, section 6).

/// A pointer that goes one step further, to a member or an element.
pub(crate) fn step(pointer: &str, name: &str) -> String {
    let mut longer = format!("{pointer}/");
    for byte in name.bytes() {
        match byte {
            b'~' => longer.push_str("~0"),
            b'/' => longer.push_str("~1"),
            _ if byte.is_ascii_alphanumeric() || b"-._!$&'()*+,;=:@?".contains(&byte) => longer.push(char::from(byte)),
            _ => longer.push_str(&format!("%{byte:02X}")),
        }
    }
    longer
}

/// A pointer to where a reader of JSON stopped.
pub(crate) fn of_path(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    path.iter().fold("#".to_owned(), |pointer, segment| match segment {
        Segment::Map { key } => step(&pointer, key),
        Segment::Seq { index } => step(&pointer, &index.to_string()),
        Segment::Enum { .. } | Segment::Unknown => pointer,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_a_meaning_in_a_pointer_is_escaped() {
        assert_eq!(step("#/metadata", "a/b~c d\n"), "#/metadata/a~1b~0c%20d%0A");
        assert_eq!(step("#", "Größe"), "#/Gr%C3%B6%C3%9Fe");
    }
}
