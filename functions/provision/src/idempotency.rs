//! The `Idempotency-Key` header: a string of RFC 8941, or the same text bare.

use lambda_http::http::HeaderMap;
use shared::lambda::problem::Problem;

use crate::problems::{KEY_INVALID, KEY_MISSING};

/// The longest key, in characters.
const MAX: usize = 255;

/// The request's key.
///
/// # Errors
/// A problem where there is none, or none that can be used.
pub(crate) fn key(headers: &HeaderMap) -> Result<String, Problem> {
    let mut values = headers.get_all("idempotency-key").iter();
    let Some(value) = values.next() else {
        return Err(Problem::new(KEY_MISSING).detail(
            "Send an `Idempotency-Key` of your own for each test, and the same one when you repeat a request.",
        ));
    };
    let key = value.to_str().ok().and_then(|text| unquoted(text.trim_matches([' ', '\t'])));
    match key {
        Some(key) if values.next().is_none() && (1..=MAX).contains(&key.len()) => Ok(key),
        _ => Err(Problem::new(KEY_INVALID)
            .detail(format!("It is one text of 1 to {MAX} printable ASCII characters, bare or in double quotes."))),
    }
}

fn unquoted(text: &str) -> Option<String> {
    if !text.bytes().all(|b| (0x20..0x7f).contains(&b)) {
        return None;
    }
    let Some(rest) = text.strip_prefix('"') else { return Some(text.to_owned()) };
    let mut key = String::new();
    let mut characters = rest.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => return characters.as_str().is_empty().then_some(key),
            '\\' => key.push(characters.next().filter(|escaped| matches!(escaped, '"' | '\\'))?),
            other => key.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use lambda_http::http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn read(values: &[&[u8]]) -> Result<String, u16> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append("idempotency-key", HeaderValue::from_bytes(value).unwrap());
        }
        key(&headers).map_err(|problem| problem.into_response().status().as_u16())
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
        fn any_key_survives_its_quoting(key in "[ -~]{1,255}") {
            let quoted = format!("\"{}\"", key.replace('\\', "\\\\").replace('"', "\\\""));
            prop_assert_eq!(read(&[quoted.as_bytes()]), Ok(key));
        }
    }
}
