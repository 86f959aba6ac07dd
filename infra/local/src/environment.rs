//! A stack's environment variables, in a file that a shell can load.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context, Result};

use crate::workspace;

pub(crate) const REGION: &str = "us-east-1";

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Environment(pub(crate) BTreeMap<String, String>);

impl Environment {
    /// What leads to the AWS at an endpoint, and to the stack `hub` there.
    pub(crate) fn of_aws(endpoint: &str) -> Self {
        let variables = [
            ("HUB_STACK_NAME", "hub"),
            ("AWS_ENDPOINT_URL", endpoint),
            ("AWS_REGION", REGION),
            ("AWS_DEFAULT_REGION", REGION),
            // The embedded AWS takes it for the account's root.
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
        ];
        Self(variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into())
    }

    /// What `cargo dev up` wrote last.
    pub(crate) fn load() -> Result<Self> {
        Self::read(&workspace::dev_directory().join("env"))
    }

    pub(crate) fn set(&mut self, name: &str, value: impl Into<String>) {
        self.0.insert(name.to_owned(), value.into());
    }

    pub(crate) fn get(&self, name: &str) -> Result<&str> {
        self.0.get(name).map(String::as_str).with_context(|| format!("{name} is not set: run `cargo dev up`"))
    }

    fn read(file: &Path) -> Result<Self> {
        let text = fs::read_to_string(file).context("no stack is set up: run `cargo dev up` first")?;
        let pairs = text.lines().filter_map(|line| line.split_once('='));
        Ok(Self(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()))
    }

    /// Writes `NAME=value` lines. No value needs quoting.
    pub(crate) fn write(&self, file: &Path) -> Result<()> {
        let lines: String = self.0.iter().map(|(name, value)| format!("{name}={value}\n")).collect();
        fs::write(file, lines).with_context(|| format!("cannot write {}", file.display()))
    }
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
