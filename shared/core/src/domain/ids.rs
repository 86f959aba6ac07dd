//! Identifiers. Each is valid once it exists: made by `parse` or derived.

use std::fmt;
use std::str::FromStr;

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

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
    (1..=max).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_')
}

text_id!(
    /// The hub's central id: `res_` and 26 Crockford base32 characters, derived
    /// from the client and its `Idempotency-Key` so that one conditional write is
    /// the idempotency check.
    ReservationId,
    "reservation id",
    "`res_` and 26 lower-case Crockford base32 characters",
    |text| text.strip_prefix("res_").is_some_and(|rest| base32::is_base32(rest, DERIVED))
);

text_id!(
    /// A company that calls the hub.
    ClientId,
    "client id",
    "1 to 40 of a-z, 0-9, - and _",
    |text| is_name(text, 40)
);

text_id!(
    /// The name of one set of credentials at a vendor.
    AccountName,
    "account name",
    "1 to 40 of a-z, 0-9, - and _",
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

/// How many characters of a reservation id are derived: 130 bits.
const DERIVED: usize = 26;

impl ReservationId {
    /// Derives the id from the client and its idempotency key: the first 130
    /// bits of SHA-256 over both.
    pub fn derive(client: &ClientId, idempotency_key: &str) -> Self {
        let derived = base32::encode(&sha256_of_parts([client.as_str(), idempotency_key]));
        Self(format!("res_{}", &derived[..DERIVED]))
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

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Vendor {
    /// iTEP International.
    Itep,
    /// TrueNorth (Emmersion), with WebCAPE.
    Truenorth,
}

impl Vendor {
    pub const ALL: [Vendor; 2] = [Vendor::Itep, Vendor::Truenorth];

    /// A test's id as references and claims spell it: TrueNorth's ids ignore case.
    pub fn canonical_test(self, id: &str) -> String {
        match self {
            Vendor::Itep => id.to_owned(),
            Vendor::Truenorth => id.to_ascii_lowercase(),
        }
    }

    /// The vendor's name as it writes it.
    pub fn display_name(self) -> &'static str {
        match self {
            Vendor::Itep => "iTEP",
            Vendor::Truenorth => "TrueNorth",
        }
    }

    /// The vendor's name in the API, in keys and in secrets' names.
    pub fn as_str(self) -> &'static str {
        match self {
            Vendor::Itep => "itep",
            Vendor::Truenorth => "truenorth",
        }
    }
}

impl fmt::Display for Vendor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Vendor {
    type Err = InvalidId;
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        match text {
            "itep" => Ok(Vendor::Itep),
            "truenorth" => Ok(Vendor::Truenorth),
            _ => Err(InvalidId { kind: "vendor", rule: "`itep` or `truenorth`" }),
        }
    }
}

/// An account at a vendor.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Account {
    /// Whose account it is.
    pub vendor: Vendor,
    /// Its name, `default` where there is one.
    pub name: AccountName,
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.vendor, self.name)
    }
}

/// The vendor's own id of a test.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "vendor", rename_all = "lowercase")]
pub enum VendorReference {
    /// iTEP: the test ID.
    Itep {
        /// iTEP's `TestID`, case-sensitive.
        test_id: String,
    },
    /// TrueNorth: the user's assessment. UUIDs are kept in lower case.
    Truenorth {
        /// TrueNorth's `userAssessmentId`.
        user_assessment_id: String,
        /// TrueNorth's `userId`.
        user_id: String,
    },
}

impl VendorReference {
    /// An iTEP test ID.
    pub fn itep(test_id: &str) -> Self {
        VendorReference::Itep { test_id: test_id.to_owned() }
    }

    /// A TrueNorth reference; both ids compare case-insensitively.
    pub fn truenorth(user_assessment_id: &str, user_id: &str) -> Self {
        VendorReference::Truenorth {
            user_assessment_id: Vendor::Truenorth.canonical_test(user_assessment_id),
            user_id: user_id.to_ascii_lowercase(),
        }
    }

    /// Parses a reference as operators type it: iTEP's test ID, or TrueNorth's
    /// `<userAssessmentId>/<userId>`.
    ///
    /// # Errors
    /// [`InvalidId`].
    pub fn parse(vendor: Vendor, text: &str) -> Result<Self, InvalidId> {
        let is_id =
            |id: &str| (1..=64).contains(&id.len()) && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        match (vendor, text.split_once('/')) {
            (Vendor::Itep, None) if is_id(text) => Ok(Self::itep(text)),
            (Vendor::Itep, _) => Err(InvalidId { kind: "iTEP test ID", rule: "1 to 64 letters, digits and `-`" }),
            (Vendor::Truenorth, Some((test, user))) if is_id(test) && is_id(user) => Ok(Self::truenorth(test, user)),
            (Vendor::Truenorth, _) => Err(InvalidId { kind: "TrueNorth test", rule: "<userAssessmentId>/<userId>" }),
        }
    }

    pub fn vendor(&self) -> Vendor {
        match self {
            VendorReference::Itep { .. } => Vendor::Itep,
            VendorReference::Truenorth { .. } => Vendor::Truenorth,
        }
    }

    /// The part that names one test, unique within an account.
    pub fn test(&self) -> &str {
        match self {
            VendorReference::Itep { test_id } => test_id,
            VendorReference::Truenorth { user_assessment_id, .. } => user_assessment_id,
        }
    }

    /// Whether both name the same test.
    pub fn is_same_test(&self, other: &Self) -> bool {
        self.test() == other.test()
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
    fn a_vendor_is_known_by_its_name_alone() {
        for vendor in [Vendor::Itep, Vendor::Truenorth] {
            assert_eq!(vendor.to_string().parse(), Ok(vendor));
        }
        assert!("iTEP".parse::<Vendor>().is_err());
    }

    #[test]
    fn a_vendors_test_id_is_spelled_as_the_vendor_compares_it() {
        assert_eq!(Vendor::ALL.map(Vendor::display_name), ["iTEP", "TrueNorth"]);
        assert_eq!(Vendor::ALL.map(|vendor| vendor.canonical_test("AB-1")), ["AB-1", "ab-1"]);
    }

    #[test]
    fn a_reference_is_parsed_in_its_vendors_form() {
        let (full, long) = ("a".repeat(64), "a".repeat(65));
        for text in ["3279B035APR", "a-1", &full] {
            assert_eq!(VendorReference::parse(Vendor::Itep, text), Ok(VendorReference::itep(text)));
        }
        for text in ["", "a b", "a/b", "a_b", "é", &long] {
            assert!(VendorReference::parse(Vendor::Itep, text).is_err(), "{text}");
        }
        let parsed = VendorReference::parse(Vendor::Truenorth, "AB-1/CD-2");
        assert_eq!(parsed, Ok(VendorReference::truenorth("ab-1", "cd-2")));
        for text in ["", "ab-1", "ab-1/", "/cd-2", "ab 1/cd-2", "ab-1/cd/2"] {
            assert!(VendorReference::parse(Vendor::Truenorth, text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_account_is_named_with_its_vendor() {
        let account = Account { vendor: Vendor::Itep, name: "default".parse().unwrap() };
        assert_eq!(account.to_string(), "itep#default");
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
