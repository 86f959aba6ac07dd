//! Live and test mode, and the names that carry it.

use super::{Account, AccountName, ClientId, ReservationId};

/// Whether a test is bought from a vendor, or played in the sandbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    Live,
    /// Nothing is bought, and nothing that is live changes.
    Test,
}

/// What stands before a name in test mode. No live name can begin so, because none has a dot,
/// and code that knows no test mode refuses it: it must not buy what was meant for the sandbox.
pub(super) const TEST_NAME: &str = "test.";
/// What a reservation's id begins with in test mode.
pub(super) const TEST_ID: &str = "res_test_";

impl Mode {
    pub const ALL: [Mode; 2] = [Mode::Live, Mode::Test];

    fn of(name: &str) -> Self {
        if name.starts_with(TEST_NAME) { Mode::Test } else { Mode::Live }
    }

    /// What names and keys of this mode begin with.
    pub fn prefix(self) -> &'static str {
        match self {
            Mode::Live => "",
            Mode::Test => TEST_NAME,
        }
    }
}

/// A name that is one in live mode and another in test mode, so that every key which is made
/// of it belongs to one of them.
macro_rules! in_two_modes {
    ($($name:ident),*) => {$(
        impl $name {
            pub fn mode(&self) -> Mode {
                Mode::of(&self.0)
            }

            /// The same in a mode.
            pub fn in_mode(&self, mode: Mode) -> Self {
                Self(format!("{}{}", mode.prefix(), self.without_mode()))
            }

            /// The name as people know it, whatever its mode.
            pub fn without_mode(&self) -> &str {
                self.0.strip_prefix(TEST_NAME).unwrap_or(&self.0)
            }
        }
    )*};
}

in_two_modes!(ClientId, AccountName);

impl ReservationId {
    pub fn mode(&self) -> Mode {
        if self.0.starts_with(TEST_ID) { Mode::Test } else { Mode::Live }
    }
}

impl Account {
    pub fn mode(&self) -> Mode {
        self.name.mode()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(name: &str) -> ClientId {
        name.parse().unwrap()
    }

    #[test]
    fn a_name_is_another_one_in_test_mode_and_its_own_again_in_live_mode() {
        let live = client("acme");
        let test = live.in_mode(Mode::Test);
        assert_eq!((live.mode(), test.mode()), (Mode::Live, Mode::Test));
        assert_eq!((live.as_str(), test.as_str()), ("acme", "test.acme"));
        assert_eq!((live.without_mode(), test.without_mode()), ("acme", "acme"));
        assert_eq!(test.in_mode(Mode::Test), test);
        assert_eq!(test.in_mode(Mode::Live), live);
        assert_eq!(client("test.acme"), test);
    }

    #[test]
    fn no_live_name_looks_like_one_in_test_mode() {
        for name in ["test.", "test.test.acme", "Test.acme", "test.a.b", "testing.acme", "live.acme", "test acme"] {
            assert!(name.parse::<ClientId>().is_err() && name.parse::<AccountName>().is_err(), "{name}");
        }
        for name in ["test", "test-acme", "test_acme", &"a".repeat(40), &format!("test.{}", "a".repeat(40))] {
            assert!(name.parse::<ClientId>().is_ok(), "{name}");
        }
    }

    #[test]
    fn a_reservation_of_test_mode_is_known_by_its_id() {
        let live = ReservationId::derive(&client("acme"), "order-42");
        let test = ReservationId::derive(&client("test.acme"), "order-42");
        assert_eq!((live.mode(), test.mode()), (Mode::Live, Mode::Test));
        assert_ne!(live.as_str().replace("res_", "res_test_"), test.as_str());
        assert_eq!(test.as_str().parse(), Ok(test.clone()));
        insta::assert_snapshot!(test, @"res_test_azt963jqabfha9vq9cye2aq0fp");
        assert!("res_test_0123456789".parse::<ReservationId>().is_err());
    }
}
