//! JSON pointers in their URI fragment form (RFC 6901, section 6).

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

/// What a URI's fragment may not hold as it is (RFC 3986, section 3.5).
const ESCAPED: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// A pointer that goes one step further, to a member or an element.
pub fn step(pointer: &str, name: &str) -> String {
    let token = name.replace('~', "~0").replace('/', "~1");
    format!("{pointer}/{}", utf8_percent_encode(&token, ESCAPED))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_a_meaning_in_a_pointer_is_escaped() {
        assert_eq!(step("#/metadata", "a/b~c d\n"), "#/metadata/a~1b~0c%20d%0A");
        assert_eq!(step("#", "Größe"), "#/Gr%C3%B6%C3%9Fe");
        let kept = "-._!$&'()*+,;=:@?azAZ09";
        assert_eq!(step("#", kept), format!("#/{kept}"));
        assert_eq!(step("#", "\"#%<>[\\]^`{|}\u{7f}"), "#/%22%23%25%3C%3E%5B%5C%5D%5E%60%7B%7C%7D%7F");
    }
}
