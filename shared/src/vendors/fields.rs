//! Reading an account's profile: every field that is missing or wrong is named,
//! no value ever is.

use serde_json::Value;
use shared_core::domain::sensitive::Sensitive;

use crate::urls;

/// What an account's profile lacks. The text names fields, never values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct ProfileError {
    /// A sentence for the operator.
    pub what: String,
}

impl ProfileError {
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self { what: what.into() }
    }
}

/// Reads a profile's JSON.
///
/// # Errors
/// [`ProfileError`] where it is no JSON object.
pub(crate) fn parse(secret: &str) -> Result<Value, ProfileError> {
    match serde_json::from_str(secret) {
        Ok(value @ Value::Object(_)) => Ok(value),
        Ok(_) => Err(ProfileError::new("the profile is not a JSON object")),
        Err(error) => {
            let (line, column) = (error.line(), error.column());
            Err(ProfileError::new(format!("the profile is not JSON: line {line}, column {column}")))
        }
    }
}

/// Collects what a profile says, and everything that it lacks. Fields are named
/// by dotted paths; `null` and `""` count as absent.
pub(crate) struct ProfileFields<'a> {
    root: &'a Value,
    missing: Vec<String>,
    wrong: Vec<String>,
}

impl<'a> ProfileFields<'a> {
    pub(crate) fn new(root: &'a Value) -> Self {
        Self { root, missing: Vec::new(), wrong: Vec::new() }
    }

    pub(crate) fn at(&self, path: &str) -> Option<&'a Value> {
        let value = path.split('.').try_fold(self.root, |value, part| value.get(part))?;
        let is_absent = value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty());
        (!is_absent).then_some(value)
    }

    /// Notes that a field is of no use.
    pub(crate) fn wrong(&mut self, path: &str, rule: &str) {
        self.wrong.push(format!("{path} must be {rule}"));
    }

    /// A text that may be absent.
    pub(crate) fn text(&mut self, path: &str) -> Option<String> {
        let value = self.at(path)?;
        if value.as_str().is_none() {
            self.wrong(path, "a string");
        }
        value.as_str().map(str::to_owned)
    }

    /// A text that must be there.
    pub(crate) fn required(&mut self, path: &str) -> String {
        if self.at(path).is_none() {
            self.missing.push(path.to_owned());
        }
        self.text(path).unwrap_or_default()
    }

    /// A secret that must be there.
    pub(crate) fn secret(&mut self, path: &str) -> Sensitive<String> {
        Sensitive::new(self.required(path))
    }

    /// A list, empty where absent.
    pub(crate) fn list(&mut self, path: &str) -> &'a [Value] {
        match self.at(path) {
            None => &[],
            Some(Value::Array(items)) => items,
            Some(_) => {
                self.wrong(path, "a list");
                &[]
            }
        }
    }

    /// A list of texts, empty where absent.
    pub(crate) fn texts(&mut self, path: &str) -> Vec<String> {
        let items = self.list(path);
        let texts: Vec<_> =
            items.iter().filter_map(Value::as_str).filter(|t| !t.is_empty()).map(str::to_owned).collect();
        if texts.len() < items.len() {
            self.wrong(path, "a list of strings, none of them empty");
        }
        texts
    }

    /// A list of texts with at least one.
    pub(crate) fn required_texts(&mut self, path: &str) -> Vec<String> {
        let texts = self.texts(path);
        if self.at(path).is_none_or(|value| value.as_array().is_some_and(Vec::is_empty)) {
            self.missing.push(path.to_owned());
        }
        texts
    }

    /// A whole number within bounds, or what it is where absent.
    pub(crate) fn number(&mut self, path: &str, (min, max): (u32, u32), absent: u32) -> u32 {
        let Some(value) = self.at(path) else { return absent };
        let number = value.as_u64().and_then(|n| u32::try_from(n).ok()).filter(|n| (min..=max).contains(n));
        if number.is_none() {
            self.wrong(path, &format!("a whole number from {min} to {max}"));
        }
        number.unwrap_or(absent)
    }

    /// Yes or no; no where absent.
    pub(crate) fn flag(&mut self, path: &str) -> bool {
        let Some(value) = self.at(path) else { return false };
        if !value.is_boolean() {
            self.wrong(path, "true or false");
        }
        value.as_bool().unwrap_or(false)
    }

    /// A vendor's address. What goes there is secret or personal.
    pub(crate) fn url(&mut self, path: &str, absent: &str) -> String {
        let text = self.text(path).unwrap_or_else(|| absent.to_owned());
        if !urls::is_confidential(&text) {
            self.wrong(path, "an absolute https URL without user information (http only for loopback hosts)");
        }
        text
    }

    /// Everything that is missing or wrong, in one sentence.
    ///
    /// # Errors
    /// [`ProfileError`] where anything is.
    pub(crate) fn finish(self) -> Result<(), ProfileError> {
        let mut parts = Vec::new();
        if !self.missing.is_empty() {
            parts.push(format!("the profile lacks {}", self.missing.join(", ")));
        }
        parts.extend(self.wrong);
        if parts.is_empty() { Ok(()) } else { Err(ProfileError::new(parts.join("; "))) }
    }
}
