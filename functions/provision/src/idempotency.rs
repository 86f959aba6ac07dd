//! The `Idempotency-Key` header: a string of RFC 8941, or a bare key. A bare key has no
//! comma, because the gateway joins repeated headers with commas.

use lambda_http::http::HeaderMap;
use shared::runtime::gateway;
use shared::runtime::problem::Problem;

use crate::problems::{KEY_INVALID, KEY_MISSING};

const NAME: &str = "idempotency-key";
/// The longest key, in characters.
const MAX: usize = 255;

/// The request's key.
///
/// # Errors
/// A problem where there is none, or none that can be used.
pub(crate) fn key(headers: &HeaderMap) -> Result<String, Problem> {
    if !headers.contains_key(NAME) {
        return Err(Problem::new(KEY_MISSING).detail(
            "Send an `Idempotency-Key` header: a new key for each test, and the same key when you repeat a request.",
        ));
    }
    let value = gateway::joined(headers, NAME);
    let value = value.as_deref().map(|value| value.trim_matches([' ', '\t'])).unwrap_or_default();
    if is_list(value) {
        return Err(Problem::new(KEY_INVALID).detail(
            "The header came more than once, or the key contains a comma. Put such a key into double quotes.",
        ));
    }
    unquoted(value).filter(|key| (1..=MAX).contains(&key.len())).ok_or_else(|| {
        Problem::new(KEY_INVALID)
            .detail(format!("The key must be 1 to {MAX} printable ASCII characters, bare or in double quotes."))
    })
}

/// Whether a value may be several, joined by commas.
fn is_list(value: &str) -> bool {
    match quoted(value) {
        Some((_, after)) => after.trim_start().starts_with(','),
        None => !value.starts_with('"') && value.contains(','),
    }
}

fn unquoted(text: &str) -> Option<String> {
    if !text.bytes().all(|b| (0x20..0x7f).contains(&b)) {
        return None;
    }
    if !text.starts_with('"') {
        return Some(text.to_owned());
    }
    quoted(text).filter(|(_, after)| after.is_empty()).map(|(key, _)| key)
}

/// The string that a text begins with, and what follows it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut key = String::new();
    let mut characters = text.strip_prefix('"')?.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => return Some((key, characters.as_str())),
            '\\' => key.push(characters.next().filter(|escaped| matches!(escaped, '"' | '\\'))?),
            other => key.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use lambda_http::http::{HeaderName, HeaderValue};
    use proptest::prelude::*;

    use super::*;

    fn headers(values: &[&[u8]]) -> HeaderMap {
        let name = "idempotency-key".parse::<HeaderName>().unwrap();
        values.iter().map(|value| (name.clone(), HeaderValue::from_bytes(value).unwrap())).collect()
    }

    fn read(values: &[&[u8]]) -> Result<String, u16> {
        key(&headers(values)).map_err(|problem| problem.into_response().status().as_u16())
    }

    #[test]
    fn a_key_that_comes_twice_is_refused_in_whichever_form_it_arrives() {
        let (quoted, twice) = (br#""a,b""#.as_slice(), br#""a","a""#.as_slice());
        let values: [&[&[u8]]; 8] =
            [&[b"a,a"], &[b"a, a"], &[b"a,b"], &[b"a,"], &[b","], &[twice], &[br#""a,b" , c"#], &[quoted, quoted]];
        for values in values {
            let problem = crate::fixtures::body(&key(&headers(values)).unwrap_err().into_response());
            assert!(problem["detail"].as_str().unwrap().contains("more than once"), "{values:?}: {problem}");
        }
        assert_eq!(read(&[quoted]), Ok("a,b".to_owned()));
    }

    #[test]
    fn a_quoted_key_and_the_same_key_bare_are_one() {
        assert_eq!(read(&[b"order-42"]), Ok("order-42".to_owned()));
        assert_eq!(read(&[b"\"order-42\""]), Ok("order-42".to_owned()));
        assert_eq!(read(&[br#""a \"b\" \\c""#]), Ok(r#"a "b" \c"#.to_owned()));
        assert_eq!(read(&[b"two words"]), Ok("two words".to_owned()));
    }

    #[test]
    fn a_key_that_is_missing_or_unusable_is_refused() {
        let long = [b'k'; 256];
        let unusable: [&[&[u8]]; 9] = [
            &[],
            &[b""],
            &[b"\"\""],
            &[b"\"open"],
            &[b"\"a\";q=1"],
            &[br#""a\b""#],
            &["schlüssel".as_bytes()],
            &[&long],
            &[b"a", b"b"],
        ];
        for values in unusable {
            assert_eq!(read(values), Err(400), "{values:?}");
        }
        assert!(read(&[&long[..255]]).is_ok());
    }

    proptest! {
        #[test]
        fn a_bare_key_is_what_it_says(key in "[!#-+\\--~]{1,255}") {
            prop_assert_eq!(read(&[key.as_bytes()]), Ok(key));
        }

        #[test]
        fn any_key_survives_its_quoting(key in "[ -~]{1,255}") {
            let quoted = format!("\"{}\"", key.replace('\\', "\\\\").replace('"', "\\\""));
            prop_assert_eq!(read(&[quoted.as_bytes()]), Ok(key));
        }
    }
}
