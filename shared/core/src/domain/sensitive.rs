//! Values that must never reach a log.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A personal or secret value that is stored, but never printed: its `Debug`
/// is redacted and it has no `Display`.
#[derive(Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sensitive<T>(T);

impl<T> Sensitive<T> {
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself, for the one place that must have it.
    pub fn expose(&self) -> &T {
        &self.0
    }

    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> fmt::Debug for Sensitive<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl From<&str> for Sensitive<String> {
    fn from(value: &str) -> Self {
        Self(value.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sensitive_value_is_redacted_when_printed() {
        let name = Sensitive::from("Mary");
        assert_eq!(format!("{name:?} {:?}", Some(&name)), "[redacted] Some([redacted])");
        assert_eq!(name.into_inner(), "Mary");
    }
}
