//! A JSON object that keeps its fields' order and its numbers' spelling (`8.00` stays `8.00`).

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::{RawValue, to_raw_value};

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Document(IndexMap<String, Box<RawValue>>);

impl Document {
    pub(crate) fn parse(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// An object of texts.
    pub(crate) fn of<const N: usize>(fields: [(&str, &str); N]) -> Self {
        let mut document = Self::default();
        fields.into_iter().for_each(|(name, text)| document.set(name, text));
        document
    }

    /// Sets a field: in its place if it is there, else at the end.
    pub(crate) fn set(&mut self, name: &str, value: impl Serialize) {
        if let Ok(value) = to_raw_value(&value) {
            self.0.insert(name.to_owned(), value);
        }
    }

    pub(crate) fn remove(&mut self, name: &str) {
        self.0.shift_remove(name);
    }

    pub(crate) fn keep(&mut self, names: &[&str]) {
        self.0.retain(|known, _| names.contains(&known.as_str()));
    }

    /// Sets every field that `other` has.
    pub(crate) fn overlay(&mut self, other: &Self) {
        self.0.extend(other.0.clone());
    }

    /// The JSON text with a blank after every brace, comma and colon, as in iTEP's raw sample.
    pub(crate) fn spaced(&self) -> String {
        let fields = self.0.iter().map(|(name, value)| format!("{}: {}", json!(name), value.get()));
        let fields: Vec<String> = fields.collect();
        format!("{{ {} }}", fields.join(", "))
    }
}
