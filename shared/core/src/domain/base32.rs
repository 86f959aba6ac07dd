//! Crockford's base32 in lower case: no character is mistaken for another.

use std::sync::LazyLock;

use data_encoding::{Encoding, Specification};

static CROCKFORD: LazyLock<Encoding> = LazyLock::new(|| {
    let mut specification = Specification::new();
    specification.symbols.push_str("0123456789abcdefghjkmnpqrstvwxyz");
    specification.check_trailing_bits = false;
    specification.encoding().expect("32 different symbols")
});

/// Encodes bytes, the first bit first; five bits a character.
pub fn encode(bytes: &[u8]) -> String {
    CROCKFORD.encode(bytes)
}

/// Whether a text is of so many characters of the alphabet.
pub fn is_base32(text: &str, length: usize) -> bool {
    text.len() == length && CROCKFORD.decode(text.as_bytes()).is_ok()
}
