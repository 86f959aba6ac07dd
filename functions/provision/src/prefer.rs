//! The `Prefer` header (RFC 7240).

use lambda_http::http::HeaderMap;

/// Whether the client would rather not wait for the vendor.
pub(crate) fn respond_async(headers: &HeaderMap) -> bool {
    let values = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
    values.flat_map(preferences).any(|name| name.eq_ignore_ascii_case("respond-async"))
}

/// The names of the preferences in a list; commas in quoted values divide nothing.
fn preferences(list: &str) -> Vec<&str> {
    let (mut quoted, mut escaped) = (false, false);
    let parts = list.split(move |character| {
        let divides = character == ',' && !quoted;
        quoted ^= character == '"' && !escaped;
        escaped = quoted && character == '\\' && !escaped;
        divides
    });
    parts.map(|part| part.split([';', '=']).next().unwrap_or_default().trim()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asks(values: &[&str]) -> bool {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append("prefer", value.parse().unwrap());
        }
        respond_async(&headers)
    }

    #[test]
    fn respond_async_is_found_in_any_list() {
        assert!(asks(&["respond-async"]));
        assert!(asks(&["Respond-Async; x=1, wait=10"]));
        assert!(asks(&["return=minimal", "wait=10 , respond-async"]));
        assert!(asks(&[r#"note="a \" b, c", respond-async"#]));
    }

    #[test]
    fn other_preferences_are_not_it() {
        assert!(!asks(&[]));
        assert!(!asks(&["wait=100, respond-asynchronously"]));
        assert!(!asks(&[r#"note="x, respond-async, y""#]));
    }
}
