//! Identifiers. Each is valid once it exists: made by `parse` or derived.

mod mode;
mod vendor;

use std::fmt;
use std::str::FromStr;

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

pub use mode::Mode;
pub use vendor::{Account, Vendor, VendorReference};

use super::base32;

/// Why a text is not the identifier it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a valid {kind}: {rule}")]
pub struct InvalidId {
    kind: &'static str,
    rule: &'static str,
}

/// A text newtype with serde through `FromStr`, so that no invalid value is read back.
/// It may be stored behind the name of its scheme; without one it reads as well.
macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $rule:literal, $valid:expr) => {
        text_id!($(#[$doc])* $name, $kind, $rule, $valid, stored as "");
    };
    ($(#[$doc:meta])* $name:ident, $kind:literal, $rule:literal, $valid:expr, stored as $scheme:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The identifier as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                let valid: fn(&str) -> bool = $valid;
                if valid(text) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(InvalidId { kind: $kind, rule: $rule })
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;
            fn try_from(text: String) -> Result<Self, InvalidId> {
                text.strip_prefix($scheme).unwrap_or(&text).parse()
            }
        }

        impl From<$name> for String {
            fn from(mut id: $name) -> String {
                id.0.insert_str(0, $scheme);
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

fn is_name(text: &str, max: usize) -> bool {
    let text = text.strip_prefix(mode::TEST_NAME).unwrap_or(text);
    (1..=max).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_')
}

text_id!(
    /// The hub's central id: `res_`, or `res_test_` in test mode, and 26 Crockford base32
    /// characters, derived from the client and its `Idempotency-Key` so that one
    /// conditional write is the idempotency check.
    ReservationId,
    "reservation id",
    "`res_` or `res_test_` and 26 lower-case Crockford base32 characters",
    |text| [mode::TEST_ID, LIVE_ID].iter().find_map(|begin| text.strip_prefix(begin))
        .is_some_and(|rest| base32::is_base32(rest, DERIVED))
);

text_id!(
    /// A company that calls the hub.
    ClientId,
    "client id",
    "1 to 40 of a-z, 0-9, - and _, after `test.` in test mode",
    |text| is_name(text, 40)
);

text_id!(
    /// The name of one set of credentials at a vendor.
    AccountName,
    "account name",
    "1 to 40 of a-z, 0-9, - and _, after `test.` in test mode",
    |text| is_name(text, 40)
);

text_id!(
    /// A SHA-256 in lower-case hex, such as that of a vendor's document. Stored
    /// digests name this scheme; those stored before there were names are of it too.
    Digest,
    "digest",
    "64 lower-case hex characters",
    is_sha256,
    stored as "sha256:"
);

text_id!(
    /// What tells a repeated order from another one under the same key. It is
    /// salted with the `Idempotency-Key`, which is never stored, so that it tells
    /// nothing about a person, and begins with the name of its scheme. Orders
    /// placed before there were schemes have a bare SHA-256 of the request's JSON.
    Fingerprint,
    "fingerprint",
    "`h2:` and 64 lower-case hex characters, or these alone",
    |text| is_sha256(text.strip_prefix(SALTED).unwrap_or(text))
);

/// The scheme of fingerprints that are salted with their order's key.
const SALTED: &str = "h2:";

fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

text_id!(
    /// The id under which one delivery of a report was accepted.
    InboundWebhookId,
    "receipt id",
    "1 to 80 visible ASCII characters",
    |text| (1..=80).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
);

/// What a reservation's id begins with in live mode.
const LIVE_ID: &str = "res_";

/// How many characters of a reservation id are derived: 130 bits.
const DERIVED: usize = 26;

impl ReservationId {
    /// Derives the id from the client, in its mode, and its idempotency key: the first
    /// 130 bits of SHA-256 over both.
    pub fn derive(client: &ClientId, idempotency_key: &str) -> Self {
        let derived = base32::encode(&sha256_of_parts([client.as_str(), idempotency_key]));
        let begin = if client.mode() == Mode::Test { mode::TEST_ID } else { LIVE_ID };
        Self(format!("{begin}{}", &derived[..DERIVED]))
    }
}

impl Fingerprint {
    /// The fingerprint of what an order says, in canonical form.
    pub fn new(idempotency_key: &str, canonical: &str) -> Self {
        Self(format!("{SALTED}{}", HEXLOWER.encode(&sha256_of_parts(["fingerprint", idempotency_key, canonical]))))
    }

    /// The digest of an order that was placed before fingerprints were salted.
    pub fn unsalted(&self) -> Option<Digest> {
        self.0.parse().ok()
    }
}

/// SHA-256 over parts, each prefixed with its length so that no two lists of parts
/// share an input.
fn sha256_of_parts<const N: usize>(parts: [&str; N]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().into()
}

impl Digest {
    /// The digest of some bytes.
    pub fn sha256(bytes: &[u8]) -> Self {
        Self(HEXLOWER.encode(&Sha256::digest(bytes)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(name: &str) -> ClientId {
        name.parse().unwrap()
    }

    #[test]
    fn a_reservation_id_is_derived_and_parses_back() {
        let id = ReservationId::derive(&client("acme"), "order-42");
        assert_eq!(id, ReservationId::derive(&client("acme"), "order-42"));
        assert_eq!(id.as_str().parse::<ReservationId>(), Ok(id.clone()));
        insta::assert_snapshot!(id, @"res_g7d442a7d8xhsmmtbhbsabjd1r");
    }

    #[test]
    fn a_name_is_of_lower_case_letters_digits_hyphens_and_underscores() {
        for name in ["a", "acme", "2026", "a-b", "a_b", "-", "_"] {
            assert_eq!(name.parse::<AccountName>().map(|it| it.to_string()), Ok(name.to_owned()));
        }
    }

    #[test]
    fn length_prefixes_keep_client_and_key_apart() {
        let one = ReservationId::derive(&client("ab"), "c");
        let other = ReservationId::derive(&client("a"), "bc");
        assert_ne!(one, other);
    }

    #[test]
    fn identifiers_refuse_what_they_are_not() {
        assert!("res_0123456789abcdefghjkmnpqri".parse::<ReservationId>().is_err());
        assert!("RES_0123456789abcdefghjkmnpqrs".parse::<ReservationId>().is_err());
        assert!("a/b".parse::<AccountName>().is_err());
        assert!("Acme".parse::<AccountName>().is_err());
        assert!("".parse::<ClientId>().is_err());
    }

    #[test]
    fn a_fingerprint_is_salted_with_the_key_and_names_its_scheme() {
        let one = Fingerprint::new("order-42", "{}");
        assert!(one.as_str().starts_with("h2:") && one.unsalted().is_none());
        assert_eq!(one.as_str().parse(), Ok(one.clone()));
        assert_ne!(one, Fingerprint::new("order-43", "{}"), "the same order under another key");
        assert_ne!(one, Fingerprint::new("order-42", "[]"), "another order under the same key");
    }

    #[test]
    fn a_fingerprint_without_a_scheme_is_a_bare_digest() {
        let digest = Digest::sha256(b"{}");
        let stored: Fingerprint = digest.as_str().parse().unwrap();
        assert_eq!(stored.unsalted(), Some(digest));
        assert!("h3:".parse::<Fingerprint>().is_err());
        for text in ["a".repeat(63), "A".repeat(64), "g".repeat(64)] {
            assert!(text.parse::<Fingerprint>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_stored_digest_names_its_scheme_and_one_without_a_name_is_the_same() {
        let digest = Digest::sha256(b"{}");
        let stored = serde_json::to_value(&digest).unwrap();
        assert_eq!(stored, format!("sha256:{digest}"));
        for form in [stored, serde_json::Value::from(digest.as_str())] {
            assert_eq!(serde_json::from_value::<Digest>(form).unwrap(), digest);
        }
        let unheard_of = serde_json::Value::from(format!("md5:{digest}"));
        assert!(serde_json::from_value::<Digest>(unheard_of).is_err());
    }

    #[test]
    fn a_digest_is_sha256_in_hex() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(Digest::sha256(b"").as_str(), empty);
    }
}
