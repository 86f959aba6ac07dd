//! Failures of what the hub stands on, and how errors are printed.

use std::error::Error;
use std::fmt;

/// What a caller can do about a [`BackendError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BackendErrorKind {
    /// The backend failed or did not answer in time: try again later.
    Unavailable,
    /// Others keep changing the same item: try again.
    Contended,
    /// What is stored cannot be read. Trying again does not help: somebody has to look.
    Corrupt,
    /// What is to be stored exceeds a limit of the backend's. Trying again does not help.
    TooLarge,
}

/// Storage, a queue or the secrets could not be used. A write may have taken place.
#[derive(Debug, thiserror::Error)]
#[error("{operation} failed ({kind})")]
pub struct BackendError {
    pub kind: BackendErrorKind,
    /// What was tried, in words for a log line.
    pub operation: &'static str,
    pub source: Box<dyn Error + Send + Sync>,
}

impl fmt::Display for BackendErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            BackendErrorKind::Unavailable => "unavailable",
            BackendErrorKind::Contended => "contended",
            BackendErrorKind::Corrupt => "corrupt",
            BackendErrorKind::TooLarge => "too large",
        })
    }
}

impl BackendError {
    pub fn new(
        kind: BackendErrorKind,
        operation: &'static str,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self { kind, operation, source: source.into() }
    }

    pub fn unavailable(operation: &'static str, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(BackendErrorKind::Unavailable, operation, source)
    }

    /// Of an optimistic write that others overtook `rounds` times in a row.
    pub fn contended(operation: &'static str, rounds: usize) -> Self {
        Self::new(BackendErrorKind::Contended, operation, format!("{rounds} writes in a row were overtaken"))
    }

    pub fn corrupt(operation: &'static str, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(BackendErrorKind::Corrupt, operation, source)
    }
}

/// Prints an error and its causes on one line, outermost first. A cause that only
/// repeats what was printed is left out: SDKs repeat themselves from cause to cause.
pub struct ErrorChain<'a>(pub &'a dyn Error);

impl fmt::Display for ErrorChain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mut chain, mut cause) = (self.0.to_string(), self.0.source());
        while let Some(error) = cause {
            let text = error.to_string();
            if !chain.contains(&text) {
                chain = format!("{chain}: {text}");
            }
            cause = error.source();
        }
        f.write_str(&chain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_of_errors_is_printed_from_the_outermost_to_the_root() {
        let inner = BackendError::corrupt("inner", "root");
        let outer = BackendError::unavailable("outer", inner);
        assert_eq!(ErrorChain(&outer).to_string(), "outer failed (unavailable): inner failed (corrupt): root");
    }
}
