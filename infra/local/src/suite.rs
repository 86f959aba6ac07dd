//! `cargo dev test` and `cargo dev campaign`, each on a separate stack.

use std::{
    io::{BufRead, BufReader, Read, Write, stdout},
    process::{Command, Stdio},
    thread,
};

use anyhow::{Context, Result};

use crate::{
    cli::{Backend, CampaignOptions},
    command,
    environment::Environment,
    stack::{Purpose, Stack},
    tools, workspace,
};

/// What came of one call of `cargo test`.
#[derive(Debug, Default, PartialEq, Eq)]
struct Run {
    exit_code: u8,
    passed: u64,
    failed: u64,
}

/// Runs what the arguments name, or everything. Returns cargo's exit code.
pub(crate) fn test(backend: Backend, or_skip: bool, arguments: &[String]) -> Result<u8> {
    match tools::check(backend) {
        Err(reason) if or_skip => {
            writeln!(stdout(), "skipped the tests on this backend: {reason:#}")?;
            return Ok(0);
        }
        outcome => outcome?,
    }
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    // Its kills and faults are no company for other tests.
    let names_campaign = arguments.windows(2).any(|pair| pair == ["--test", "short_campaign"]);
    let runs = match backend {
        Backend::Localstack => vec![contract_suite(&arguments)?],
        Backend::Ministack if names_campaign => vec![short_campaign(&arguments)?],
        Backend::Ministack if arguments.is_empty() => vec![stack_suite(&[])?, short_campaign(&[])?, roles_report()?],
        Backend::Ministack => vec![stack_suite(&arguments)?],
    };
    let passed: u64 = runs.iter().map(|run| run.passed).sum();
    let failed: u64 = runs.iter().map(|run| run.failed).sum();
    writeln!(stdout(), "\n{passed} passed, {failed} failed")?;
    Ok(runs.iter().map(|run| run.exit_code).find(|code| *code != 0).unwrap_or(0))
}

/// Everything, against the deployed hub.
fn stack_suite(arguments: &[&str]) -> Result<Run> {
    let mut stack = Stack::open(Purpose::TEST, Backend::Ministack)?;
    workspace::build(true)?;
    let environment = stack.start()?;
    let names_package =
        arguments.iter().any(|argument| argument.starts_with("-p") || argument.starts_with("--package"));
    let all: &[_] = if names_package { &[] } else { &["--workspace"] };
    cargo_test(&[all, &["--no-fail-fast"], arguments].concat(), &environment)
}

/// The fault campaign's short form, or with arguments what they name of it.
fn short_campaign(arguments: &[&str]) -> Result<Run> {
    let mut stack = Stack::open(Purpose::CAMPAIGN, Backend::Ministack)?;
    workspace::build(true)?;
    let environment = stack.start()?;
    let arguments = if arguments.is_empty() { &["--workspace", "--test", "short_campaign"] } else { arguments };
    let separator: &[_] = if arguments.contains(&"--") { &[] } else { &["--"] };
    cargo_test(&[arguments, separator, &["--ignored"]].concat(), &environment)
}

/// The functions' roles, held against what the suite and the campaign called under them.
fn roles_report() -> Result<Run> {
    let arguments = ["--workspace", "--test", "roles", "--", "--ignored", "--nocapture"];
    cargo_test(&arguments, &Environment::default())
}

/// The contract suite of storage and queues, on LocalStack.
fn contract_suite(arguments: &[&str]) -> Result<Run> {
    let mut stack = Stack::open(Purpose::TEST, Backend::Localstack)?;
    let environment = stack.start_storage()?;
    cargo_test(&[&["--workspace", "--test", "contract"], arguments].concat(), &environment)
}

/// Where the whole workspace is named, nothing is built again with other features.
fn cargo_test(arguments: &[&str], environment: &Environment) -> Result<Run> {
    let mut cargo = workspace::cargo(&["test"]);
    let mut child = cargo.args(arguments).envs(&environment.0).stdout(Stdio::piped()).spawn()?;
    let output = child.stdout.take().context("cannot capture cargo's output")?;
    let reader = thread::spawn(move || pass_on(output));
    let exit_code = command::wait(&mut child, || {})?;
    let run = reader.join().ok().context("cannot read cargo's output")?;
    Ok(Run { exit_code, ..run })
}

/// Prints the tests' output. The run goes on to its end even if nobody reads any more.
fn pass_on(output: impl Read) -> Run {
    let mut run = Run::default();
    for line in BufReader::new(output).lines().map_while(Result::ok) {
        run.add(&line);
        let _ = writeln!(stdout(), "{line}");
    }
    run
}

impl Run {
    /// Adds a line such as `test result: ok. 3 passed; 0 failed; 1 ignored; …`; other lines say nothing.
    fn add(&mut self, line: &str) {
        let words: Vec<_> = line.strip_prefix("test result: ").unwrap_or_default().split(' ').collect();
        for pair in words.windows(2) {
            let count = pair[0].parse().unwrap_or(0);
            match pair[1] {
                "passed;" => self.passed += count,
                "failed;" => self.failed += count,
                _ => {}
            }
        }
    }
}

/// Returns the exit code of the campaign's own judgement.
pub(crate) fn campaign(options: &CampaignOptions) -> Result<u8> {
    tools::check(Backend::Ministack)?;
    let mut stack = Stack::open(Purpose::CAMPAIGN, Backend::Ministack)?;
    if !options.no_build {
        workspace::build(false)?;
    }
    let environment = stack.start()?;
    let mut command = Command::new(workspace::binary("campaign")?);
    command.args(["--reservations", &options.reservations.to_string(), "--faults", &options.faults.to_string()]);
    command.args(["--seed", &options.seed.to_string(), "--out"]).arg(workspace::root().join(&options.out));
    let mut child = command.envs(&environment.0).stdin(Stdio::null()).spawn()?;
    command::wait(&mut child, || {})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summaries_add_up() {
        let mut run = Run::default();
        run.add("test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; 2 filtered out; finished in 0.01s");
        run.add("test result: FAILED. 7 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.5s");
        run.add("3 passed, 3 failed");
        assert_eq!(run, Run { exit_code: 0, passed: 12, failed: 2 });
    }
}
