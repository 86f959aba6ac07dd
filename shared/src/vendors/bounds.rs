//! Bounds of what a vendor writes, so that whatever it writes can be kept: a
//! reservation with all its sittings is one item of at most 400 KB, and DynamoDB's
//! numbers reach neither as far nor as deep as a 64-bit float's.

use crate::urls::is_web_address;

/// The longest body of a webhook that is taken, in bytes: what fits the queue in base64.
pub const WEBHOOK_BODY_MAX: usize = 150 * 1024;

/// The longest text of a report that is kept beside the raw document, in bytes.
const TEXT_MAX: usize = 200;

/// The longest link, in bytes. A link that was cut would lead nowhere.
const LINK_MAX: usize = 2_000;

/// Whether a text can be a vendor's id: one visible word.
pub(super) fn is_id(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
}

/// A text, cut to what is kept of it.
pub(super) fn text(text: &str) -> String {
    super::call::cut(text, TEXT_MAX).to_owned()
}

/// A text that is no use if it is cut; `None` where it is too long.
pub(super) fn whole(text: String) -> Option<String> {
    (text.len() <= TEXT_MAX).then_some(text)
}

/// A link that may be shown; `None` where it is too long or no plain web address.
pub fn link(url: String) -> Option<String> {
    (url.len() <= LINK_MAX && is_web_address(&url)).then_some(url)
}

/// A number that is zero or of a size that something measured can have.
pub(super) fn number(number: f64) -> Option<f64> {
    (number == 0.0 || (1e-9..=1e9).contains(&number.abs())).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_nothing_measures_are_none() {
        assert_eq!([0.0, -0.5, 4.5, 1e9].map(number), [Some(0.0), Some(-0.5), Some(4.5), Some(1e9)]);
        assert_eq!([1e-320, 1e200, f64::INFINITY, f64::NAN, -1e10].map(number), [None; 5]);
    }

    #[test]
    fn texts_are_cut_and_links_are_not() {
        assert_eq!(text(&"é".repeat(150)).len(), TEXT_MAX);
        let long = format!("https://example.com/{}", "x".repeat(LINK_MAX));
        assert_eq!(
            [long, "javascript:alert(1)".to_owned(), "https://u:p@example.com/".to_owned()].map(link),
            [const { None }; 3]
        );
        assert!(link("https://www.iteptest.com/report".to_owned()).is_some());
        assert_eq!(whole("x".repeat(TEXT_MAX + 1)), None);
    }

    #[test]
    fn an_id_is_one_visible_word() {
        assert!(is_id("3279B035APR") && is_id(&"x".repeat(64)));
        assert!(
            ![String::new(), "two words".to_owned(), "x".repeat(65), "tab\t".to_owned()].iter().any(|id| is_id(id))
        );
    }
}
