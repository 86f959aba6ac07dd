//! Calls to the embedded AWS, which `aws.py` makes with boto3.

use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::{command, tools::MINISTACK, workspace};

/// The names of the deployed resources begin with it.
pub(crate) const STACK_NAME: &str = "hub";
pub(crate) const REGION: &str = "us-east-1";
/// Both halves of the local credentials, which the embedded AWS takes for the account's root.
pub(crate) const CREDENTIAL: &str = "test";

/// Deploys, and returns the stack's outputs.
pub(crate) fn deploy(endpoint: &str, input: &Value) -> Result<Value> {
    let outputs = command::output(&mut call(endpoint, "deploy")?, input.to_string().as_bytes())?;
    serde_json::from_slice(&outputs).context("aws.py printed something else than JSON")
}

/// Has `aws.py` print what it finds, and returns its exit code.
pub(crate) fn show(endpoint: &str, what: &str, input: &Value, errors: Stdio) -> Result<u8> {
    let mut child = call(endpoint, what)?.stdin(Stdio::piped()).stderr(errors).spawn()?;
    serde_json::to_writer(child.stdin.take().context("aws.py takes no input")?, input)?;
    command::wait(&mut child, || {})
}

fn call(endpoint: &str, what: &str) -> Result<Command> {
    let mut command = command::isolated(&MINISTACK.python()?);
    command.arg(workspace::root().join("infra/local/aws.py")).arg(what);
    command.envs([("AWS_ENDPOINT_URL", endpoint), ("AWS_DEFAULT_REGION", REGION), ("AWS_MAX_ATTEMPTS", "1")]);
    command.envs([("AWS_ACCESS_KEY_ID", CREDENTIAL), ("AWS_SECRET_ACCESS_KEY", CREDENTIAL)]);
    command.env("HUB_STACK_NAME", STACK_NAME);
    Ok(command)
}
