//! A TrueNorth account's profile, as JSON in the secret `hub/truenorth/<account>`.

use shared_core::domain::sensitive::Sensitive;

use crate::vendors::fields::{self, ProfileError, ProfileFields};

/// The documented base address, with its version.
const URL: &str = "https://api.truenorthtest.com/2020q1";
/// Days after which an unused test is given up, unless the profile says otherwise.
const EXPIRY_DAYS: u32 = 90;

#[derive(Debug, Clone)]
pub struct Profile {
    pub api_key: Sensitive<String>,
    /// The base address with the version, without a slash at its end.
    pub url: String,
    /// Days after which an unused test is given up.
    pub default_expiry_days: u32,
}

impl Profile {
    /// Reads a profile.
    ///
    /// # Errors
    /// [`ProfileError`] with everything that is missing or wrong.
    pub fn parse(secret: &str) -> Result<Self, ProfileError> {
        let root = fields::parse(secret)?;
        let mut fields = ProfileFields::new(&root);
        let profile = Self {
            api_key: fields.secret("api_key"),
            url: fields.url("url", URL).trim_end_matches('/').to_owned(),
            default_expiry_days: fields.number("default_expiry_days", (1, 3650), EXPIRY_DAYS),
        };
        if !profile.api_key.expose().bytes().all(|b| b.is_ascii_graphic()) {
            fields.wrong("api_key", "visible ASCII");
        }
        fields.finish().map(|()| profile)
    }

    /// The address without the version: that of recorded answers already has one.
    pub(crate) fn origin(&self) -> &str {
        self.url.rsplit_once('/').map_or(&self.url, |(origin, _)| origin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_needs_only_a_key() {
        let profile = Profile::parse(r#"{"api_key":"k"}"#).unwrap();
        assert_eq!(profile.url, "https://api.truenorthtest.com/2020q1");
        assert_eq!(profile.origin(), "https://api.truenorthtest.com");
        assert_eq!(profile.default_expiry_days, 90);
    }

    #[test]
    fn a_profile_without_a_key_says_so_and_shows_no_value() {
        let error = Profile::parse(r#"{"url":"ftp://canary"}"#).unwrap_err();
        insta::assert_snapshot!(error, @"the profile lacks api_key; url must be an absolute https URL without user information (http only for loopback hosts)");
    }
}
