//! Checks URLs from outside.

use std::net::IpAddr;

use reqwest::Url;

/// Whether a text is an absolute web address that may be passed on: http or https,
/// without user information, and without a character that a reader would drop or
/// take for another.
pub fn is_web_address(text: &str) -> bool {
    parse(text).is_some()
}

/// Whether secrets may be sent to a web address: over https, or within this machine.
pub(crate) fn is_confidential(text: &str) -> bool {
    parse(text).is_some_and(|url| url.scheme() == "https" || is_loopback(&url))
}

fn parse(text: &str) -> Option<Url> {
    let (scheme, rest) = text.split_once("://")?;
    let is_web = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
    let has_plain_text = !text.chars().any(|c| c.is_control() || c.is_whitespace() || c == '\\');
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let is_plain = is_web && has_plain_text && !authority.is_empty() && !authority.contains('@');
    is_plain.then(|| Url::parse(text).ok())?
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_web_address_is_absolute_and_holds_no_credentials() {
        for address in
            ["https://example.com", "HTTP://example.com:8080/a?b=c@d#e", "http://127.0.0.1:1/", "https://[::1]/@"]
        {
            assert!(is_web_address(address), "{address}");
        }
        let none = [
            "",
            "/back",
            "example.com",
            "https:",
            "https://",
            "https:///back",
            "https:example.com",
            "ftp://example.com",
            "javascript:alert(1)",
            "data:text/html,x",
            "https://user@example.com",
            "https://user:secret@example.com",
            "https://@example.com",
            "https://example.com\\@evil.example",
            "https://a b/",
            " https://example.com",
            "https://example.com/\n",
            "https://example.com/\u{a0}",
            "https://exam\tple.com",
            "https://example.com/\u{85}",
        ];
        for text in none {
            assert!(!is_web_address(text), "{text:?}");
        }
    }

    #[test]
    fn secrets_go_over_https_or_stay_within_the_machine() {
        let addresses = ["https://vendor.example", "http://127.8.9.1:80/x", "http://[::1]:8080", "http://localhost/x"];
        assert!(addresses.into_iter().all(is_confidential));
        let open = ["http://vendor.example", "http://localhost.example", "http://10.0.0.1", "http://127.0.0.1.example"];
        assert!(!open.into_iter().any(is_confidential));
    }
}
