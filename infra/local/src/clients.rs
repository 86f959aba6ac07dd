//! Clients and their keys, made as an operator makes them: with `hubctl`.

use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::{
    binaries::Binaries,
    environment::{Environment, Kept},
    progress,
};

/// The API keys of two clients, made the first time.
///
/// # Errors
/// `hubctl` fails; its words are told.
pub(crate) fn keys(binaries: &Binaries, environment: &Environment, kept: &mut Kept) -> Result<[String; 2]> {
    progress::step("creating clients and keys", || {
        let mut key = |slot: &str, name: &str| {
            kept.get_or(slot, || {
                let create = ["client", "create", "--name", name, "--itep", "default", "--truenorth", "default"];
                let client = answer(binaries, environment, &create, "client_id")?;
                answer(binaries, environment, &["key", "create", "--client", &client], "key")
            })
        };
        Ok([key("api_key", "First company")?, key("api_key_2", "Second company")?])
    })
}

fn answer(binaries: &Binaries, environment: &Environment, arguments: &[&str], field: &str) -> Result<String> {
    let output = Command::new(binaries.path("hubctl")?)
        .arg("--json")
        .args(arguments)
        .envs(environment.variables())
        .output()
        .context("hubctl could not be started")?;
    if !output.status.success() {
        bail!("hubctl {} failed: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim());
    }
    let value: Value = serde_json::from_slice(&output.stdout).context("hubctl printed something else than JSON")?;
    let text = value[field].as_str().with_context(|| format!("hubctl printed no {field}"))?;
    Ok(text.to_owned())
}
