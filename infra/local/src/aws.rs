//! Calls to the embedded AWS, made by `aws.py` with boto3.

use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::{command, environment::Environment, tools::MINISTACK, workspace};

/// Deploys, and returns the stack's outputs.
pub(crate) fn deploy(environment: &Environment, input: &Value) -> Result<Value> {
    let outputs = command::output(&mut call(environment, "deploy")?, input.to_string().as_bytes())?;
    serde_json::from_slice(&outputs).context("aws.py did not print JSON")
}

/// Has `aws.py` print what it finds, and returns its exit code.
pub(crate) fn show(environment: &Environment, what: &str, input: &Value, errors: Stdio) -> Result<u8> {
    let mut child = call(environment, what)?.stdin(Stdio::piped()).stderr(errors).spawn()?;
    serde_json::to_writer(child.stdin.take().context("aws.py takes no input")?, input)?;
    command::wait(&mut child, || {})
}

fn call(environment: &Environment, what: &str) -> Result<Command> {
    let mut command = command::isolated(&MINISTACK.python()?);
    command.arg(workspace::root().join("infra/local/aws.py")).arg(what);
    command.envs(&environment.0).env("AWS_MAX_ATTEMPTS", "1");
    Ok(command)
}
