//! A JSON object that keeps its fields' order and its numbers' spelling (`8.00` stays `8.00`).

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;

#[derive(Clone, Debug, Default)]
pub(crate) struct Document(Vec<(String, Box<RawValue>)>);

impl Document {
    pub(crate) fn parse(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// Sets a field: in its place if it is there, else at the end.
    pub(crate) fn set(&mut self, name: &str, value: impl Serialize) {
        if let Ok(value) = serde_json::value::to_raw_value(&value) {
            self.put(name, value);
        }
    }

    pub(crate) fn remove(&mut self, name: &str) {
        self.0.retain(|(known, _)| known != name);
    }

    pub(crate) fn keep(&mut self, names: &[&str]) {
        self.0.retain(|(known, _)| names.contains(&known.as_str()));
    }

    /// Sets every field that `other` has.
    pub(crate) fn overlay(&mut self, other: &Self) {
        for (name, value) in &other.0 {
            self.put(name, value.clone());
        }
    }

    /// The JSON text with a blank after every brace, comma and colon, as in iTEP's raw sample.
    pub(crate) fn spaced(&self) -> String {
        let field = |(name, value): &(String, Box<RawValue>)| {
            format!("{}: {}", serde_json::Value::from(name.as_str()), value.get())
        };
        let fields: Vec<String> = self.0.iter().map(field).collect();
        format!("{{ {} }}", fields.join(", "))
    }

    fn put(&mut self, name: &str, value: Box<RawValue>) {
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => *old = value,
            None => self.0.push((name.to_owned(), value)),
        }
    }
}

impl Serialize for Document {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Document {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;

        impl<'de> Visitor<'de> for Fields {
            type Value = Document;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Document, A::Error> {
                let mut document = Document::default();
                while let Some((name, value)) = map.next_entry::<String, Box<RawValue>>()? {
                    document.put(&name, value);
                }
                Ok(document)
            }
        }

        deserializer.deserialize_map(Fields)
    }
}
