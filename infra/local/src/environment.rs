//! The environment files, and what is drawn at random for a stack.

use std::{fmt::Write as _, fs, path::Path};

use anyhow::{Context, Result, anyhow};
use serde_json::{Map, Value};

/// Variables in the order in which they are written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Environment {
    variables: Vec<(String, String)>,
}

impl Environment {
    /// Adds a variable.
    pub(crate) fn set(&mut self, name: &str, value: impl Into<String>) {
        self.variables.push((name.to_owned(), value.into()));
    }

    /// A variable's value.
    ///
    /// # Errors
    /// It is not set.
    pub(crate) fn get(&self, name: &str) -> Result<&str> {
        let found = self.variables.iter().find(|(other, _)| other == name);
        found.map(|(_, value)| value.as_str()).with_context(|| format!("{name} is not set: run `cargo dev up`"))
    }

    /// All variables.
    pub(crate) fn variables(&self) -> impl Iterator<Item = (&str, &str)> {
        self.variables.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Reads `KEY=value` lines.
    ///
    /// # Errors
    /// The file is not there.
    pub(crate) fn read(file: &Path) -> Result<Self> {
        let text = fs::read_to_string(file).context("nothing is set up: run `cargo dev up` first")?;
        let pairs = text.lines().filter_map(|line| line.split_once('='));
        Ok(Self { variables: pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect() })
    }

    /// Writes `KEY=value` lines. No value here needs quoting.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(crate) fn write(&self, file: &Path) -> Result<()> {
        let mut text = String::new();
        for (name, value) in &self.variables {
            writeln!(text, "{name}={value}")?;
        }
        fs::write(file, text).with_context(|| format!("{} cannot be written", file.display()))
    }
}

/// Values that are made once for a stack and kept with its data: keys, tokens, clients.
#[derive(Debug, Clone)]
pub(crate) struct Kept {
    file: std::path::PathBuf,
    values: Map<String, Value>,
}

impl Kept {
    /// What was kept in a file; nothing if there is none.
    pub(crate) fn read(file: &Path) -> Self {
        let values = fs::read(file).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
        Self { file: file.to_path_buf(), values }
    }

    /// A kept value, made and kept first if it is not there.
    ///
    /// # Errors
    /// It cannot be made, or not be kept.
    pub(crate) fn get_or(&mut self, name: &str, make: impl FnOnce() -> Result<String>) -> Result<String> {
        if let Some(Value::String(value)) = self.values.get(name) {
            return Ok(value.clone());
        }
        let value = make()?;
        self.values.insert(name.to_owned(), value.clone().into());
        fs::write(&self.file, format!("{:#}\n", Value::Object(self.values.clone())))?;
        Ok(value)
    }
}

/// 128 random bits in hexadecimal.
///
/// # Errors
/// The system has no randomness.
pub(crate) fn random_hex() -> Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| anyhow!("the system gives no random bytes: {error}"))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let file = std::env::temp_dir().join(format!("local-env-{}", std::process::id()));
        let mut environment = Environment::default();
        environment.set("HUB_URL", "http://127.0.0.1:1/a?b=c");
        environment.set("EMPTY", "");
        environment.write(&file).unwrap();
        assert_eq!(Environment::read(&file).unwrap(), environment);
        assert!(environment.get("OTHER").is_err());
        fs::remove_file(file).unwrap();
    }
}
