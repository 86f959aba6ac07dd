//! Errors of backends, and how error chains are printed.

use std::error::Error;
use std::fmt;

/// What a caller can do about a [`BackendError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BackendErrorKind {
    /// The backend failed or did not answer in time: try again later.
    Unavailable,
    /// Others keep changing the same item: try again.
    Contended,
    /// What is stored cannot be read, or what is to be stored cannot be written as it
    /// is. Trying again does not help: somebody has to look.
    Corrupt,
    /// What the caller passed is not valid, such as a cursor. Trying again does not help.
    Invalid,
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
            BackendErrorKind::Invalid => "invalid",
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

    pub fn invalid(operation: &'static str, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(BackendErrorKind::Invalid, operation, source)
    }

    pub fn corrupt(operation: &'static str, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(BackendErrorKind::Corrupt, operation, source)
    }
}

/// Prints an error and its causes on one line, outermost first. A cause that repeats
/// the end of what was printed is left out: some errors print their cause themselves.
pub struct ErrorChain<'a>(pub &'a dyn Error);

impl fmt::Display for ErrorChain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mut chain, mut cause) = (self.0.to_string(), self.0.source());
        while let Some(error) = cause {
            let text = error.to_string();
            if !chain.ends_with(&text) {
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

    #[test]
    fn a_cause_that_an_error_prints_itself_is_printed_once_and_no_other_is_left_out() {
        let repeated = BackendError::unavailable("send", BackendError::invalid("send", "timeout of 3 s"));
        let printing_its_cause = std::io::Error::other(repeated);
        assert_eq!(
            ErrorChain(&printing_its_cause).to_string(),
            "send failed (unavailable): send failed (invalid): timeout of 3 s"
        );
        let short = BackendError::unavailable("read the time", BackendError::corrupt("parse", "time"));
        assert_eq!(ErrorChain(&short).to_string(), "read the time failed (unavailable): parse failed (corrupt): time");
    }
}
