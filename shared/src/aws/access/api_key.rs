//! API keys: `thk_live_<key id>_<secret>`, or `thk_test_…` in test mode.

use std::fmt;
use std::str::FromStr;

use shared_core::domain::base32;
use shared_core::domain::ids::{Digest, Mode};
use shared_core::domain::sensitive::Sensitive;
use subtle::ConstantTimeEq as _;

/// 80 random bits.
const ID_LENGTH: usize = 16;
/// 256 random bits, in whole characters.
const SECRET_LENGTH: usize = 52;

/// An API key as its client holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    mode: Mode,
    id: String,
    secret: Sensitive<String>,
}

/// A text that is no API key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an API key")]
pub struct InvalidKey;

impl ApiKey {
    /// Draws a new key: its id from 80 random bits, its secret from 256.
    pub fn generate(mode: Mode) -> Result<Self, getrandom::Error> {
        let mut random = [0; 10 + 32];
        getrandom::fill(&mut random)?;
        let (id, secret) = random.split_at(10);
        Ok(Self { mode, id: base32::encode(id), secret: Sensitive::new(base32::encode(secret)) })
    }

    /// The part that names the key, and may be shown.
    pub fn key_id(&self) -> &str {
        &self.id
    }

    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// The whole key, to be shown once.
    pub fn expose(&self) -> Sensitive<String> {
        Sensitive::new(format!("{self}_{}", self.secret.expose()))
    }

    /// What is stored in the secret's place. A plain hash will do: 256 random
    /// bits cannot be guessed.
    pub fn secret_digest(&self) -> Digest {
        Digest::sha256(self.secret.expose().as_bytes())
    }

    /// Whether the secret is the one with this digest, in constant time.
    pub fn matches(&self, digest: &Digest) -> bool {
        self.secret_digest().as_str().as_bytes().ct_eq(digest.as_str().as_bytes()).into()
    }
}

fn prefix(mode: Mode) -> &'static str {
    match mode {
        Mode::Live => "thk_live_",
        Mode::Test => "thk_test_",
    }
}

impl FromStr for ApiKey {
    type Err = InvalidKey;
    fn from_str(text: &str) -> Result<Self, InvalidKey> {
        let (mode, rest) =
            Mode::ALL.into_iter().find_map(|mode| Some((mode, text.strip_prefix(prefix(mode))?))).ok_or(InvalidKey)?;
        let (id, secret) = rest.split_once('_').ok_or(InvalidKey)?;
        if !base32::is_base32(id, ID_LENGTH) || !base32::is_base32(secret, SECRET_LENGTH) {
            return Err(InvalidKey);
        }
        Ok(Self { mode, id: id.to_owned(), secret: Sensitive::from(secret) })
    }
}

/// The key's id: a key may be named in a log, and not its secret.
impl fmt::Display for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", prefix(self.mode), self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_new_key_reads_back_and_matches_its_digest_only() {
        let (key, other) = (ApiKey::generate(Mode::Live).unwrap(), ApiKey::generate(Mode::Live).unwrap());
        assert_eq!(key.expose().expose().parse(), Ok(key.clone()));
        assert!(key.matches(&key.secret_digest()));
        assert!(!key.matches(&other.secret_digest()));
        assert_ne!(key.key_id(), other.key_id());
    }

    #[test]
    fn a_key_of_one_mode_is_none_of_the_other() {
        let live = ApiKey::generate(Mode::Live).unwrap();
        let test: ApiKey = live.expose().expose().replacen("live", "test", 1).parse().unwrap();
        assert_eq!((live.mode(), test.mode()), (Mode::Live, Mode::Test));
        assert_ne!(live, test);
        assert!("thk_prod_".parse::<ApiKey>().is_err());
    }

    #[test]
    fn a_keys_secret_is_never_printed() {
        let key = ApiKey::generate(Mode::Live).unwrap();
        let printed = format!("{key} {key:?}");
        assert!(printed.contains(key.key_id()) && !printed.contains(key.secret.expose().as_str()));
    }

    proptest! {
        #[test]
        fn whatever_parses_is_the_key_that_it_came_from(text in "(thk_(live|test)_)?[0-9a-z]{15,17}_[0-9a-z]{51,53}") {
            if let Ok(key) = text.parse::<ApiKey>() {
                prop_assert_eq!(key.expose().into_inner(), text);
            }
        }

        #[test]
        fn a_change_of_one_character_is_another_key_or_none(at in 0usize..78, to in "[0-9a-zA-Z_]") {
            let key = ApiKey::generate(Mode::Live).unwrap();
            let mut text = key.expose().into_inner();
            prop_assume!(text[at..=at] != to);
            text.replace_range(at..=at, &to);
            let opens = text.parse::<ApiKey>().is_ok_and(|other| other.id == key.id && other.matches(&key.secret_digest()));
            prop_assert!(!opens);
        }
    }
}
