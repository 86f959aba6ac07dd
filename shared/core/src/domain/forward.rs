//! What a later release wrote and this one does not know, so that a release can be
//! rolled back.
//!
//! *Carried*: read, shown as the word it is, and written back.
//! - Words that explain: `Reason`, `NoteReason`, `EventName`, `Source`, `Verdict`,
//!   `Unknown`, `NotProcessed`, `CheckReason`, `Skill`, `Scale`, each as its `Other`.
//!   No purchase and no repetition follows from a word that is not known.
//! - Attributes of all that has an [`Extra`].
//!
//! *Refused*: an item or message with one of these bumps its `v`, since what to do next
//! depends on it.
//! - Where something stands: `State` and its attributes, `Lease`, `Status`, `Cefr`.
//! - What something is: `Vendor`, `Account`, `VendorReference`, `Launch`.
//! - What happened: `CallOutcome`, the kinds of `ResultMessage`.
//! - What a sender is worth: `AuthOutcome`.
//! - Attributes that are no JSON: binary, sets, numbers beyond 64 bits.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A name of which this release does not know the meaning. It is `Copy`, as are the
/// names that it stands beside.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Word {
    /// Zero beyond its length.
    bytes: [u8; Word::MAX],
    length: u8,
}

impl Word {
    /// The longest word, in bytes.
    const MAX: usize = 64;

    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..usize::from(self.length)]).unwrap_or_default()
    }
}

/// A text that is no name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a word: 1 to 64 of a-z, 0-9, - and _")]
pub struct InvalidWord;

impl TryFrom<String> for Word {
    type Error = InvalidWord;
    fn try_from(text: String) -> Result<Self, InvalidWord> {
        let is_valid = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_');
        let length = u8::try_from(text.len()).map_err(|_| InvalidWord)?;
        let mut bytes = [0; Self::MAX];
        match bytes.get_mut(..text.len()) {
            Some(place) if !text.is_empty() && text.bytes().all(is_valid) => place.copy_from_slice(text.as_bytes()),
            _ => return Err(InvalidWord),
        }
        Ok(Self { bytes, length })
    }
}

impl From<Word> for String {
    fn from(word: Word) -> String {
        word.as_str().to_owned()
    }
}

impl fmt::Debug for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Attributes that this release does not know, flattened into what has them. They may be
/// personal, so they are never printed.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Extra(BTreeMap<String, Value>);

impl fmt::Debug for Extra {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{} unknown]", self.0.len())
    }
}

/// What may have attributes that this release does not know, at any level.
pub trait HasExtra: Clone {
    fn clear_extra(&mut self);

    /// With what this release knows alone: to be compared, or shown to whoever must not
    /// see personal data.
    #[must_use]
    fn without_extra(&self) -> Self {
        let mut known = self.clone();
        known.clear_extra();
        known
    }
}

impl HasExtra for Extra {
    fn clear_extra(&mut self) {
        self.0.clear();
    }
}

impl<T: HasExtra> HasExtra for Option<T> {
    fn clear_extra(&mut self) {
        self.iter_mut().for_each(T::clear_extra);
    }
}

impl<T: HasExtra> HasExtra for Vec<T> {
    fn clear_extra(&mut self) {
        self.iter_mut().for_each(T::clear_extra);
    }
}

/// Names the fields of a type that are, or may have, unknown attributes.
macro_rules! has_extra {
    ($type:ty: $($field:ident),+) => {
        impl $crate::domain::forward::HasExtra for $type {
            fn clear_extra(&mut self) {
                $($crate::domain::forward::HasExtra::clear_extra(&mut self.$field);)+
            }
        }
    };
}
pub(crate) use has_extra;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_a_short_name_and_nothing_else() {
        let (longest, longer) = ("a".repeat(64), "a".repeat(65));
        for text in ["x", "vendor_asleep-2", &longest] {
            let word = Word::try_from(text.to_owned()).unwrap();
            assert_eq!((word.as_str(), format!("{word:?}").as_str()), (text, text));
            assert_eq!(serde_json::to_value(word).unwrap(), text);
        }
        for text in ["", "Reason", "two words", "é", "a.b", "mary@example.com", &longer, &"a".repeat(300)] {
            assert_eq!(Word::try_from(text.to_owned()), Err(InvalidWord), "{text}");
        }
    }

    #[test]
    fn unknown_attributes_are_never_printed() {
        let extra: Extra = serde_json::from_str(r#"{ "nickname": "Mary" }"#).unwrap();
        assert_eq!(format!("{extra:?}"), "[1 unknown]");
        assert_eq!(extra.without_extra(), Extra::default());
    }
}
