//! The vendors, the accounts at them, and their ids of tests.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{AccountName, InvalidId};

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
}
