//! `cargo dev test`.

use std::{
    io::{BufRead, BufReader},
    process::{Command, ExitCode, Stdio},
};

use anyhow::{Context, Result};

use crate::{
    binaries::Binaries,
    bring_up, children,
    cli::Backend,
    environment::Environment,
    interrupt, prerequisites,
    progress::say,
    stack::{Purpose, Stack},
    workspace,
};

/// Runs the suite against a stack of its own, ends the stack in any case, and passes cargo's exit code on.
pub(super) fn run(backend: Backend, or_skip: bool, arguments: &[String]) -> Result<ExitCode> {
    let possible = match backend {
        Backend::Ministack => prerequisites::python(10).map(drop),
        Backend::Localstack => prerequisites::localstack(),
    };
    match possible {
        Err(reason) if or_skip => {
            say(format_args!("skipped the tests on this backend: {reason:#}"))?;
            return Ok(ExitCode::SUCCESS);
        }
        other => other?,
    }
    let (counts, code) = match backend {
        Backend::Ministack if names_the_campaign(arguments) => campaign(arguments)?,
        Backend::Ministack if arguments.is_empty() => {
            let runs = [whole_suite(arguments)?, campaign(&[])?, roles()?];
            let failed = runs.iter().map(|(_, code)| *code).find(|code| *code != ExitCode::SUCCESS);
            let counts = runs.iter().fold(Counts::default(), |sum, (counts, _)| sum.and(counts));
            (counts, failed.unwrap_or(ExitCode::SUCCESS))
        }
        Backend::Ministack => whole_suite(arguments)?,
        Backend::Localstack => contract_suite(arguments)?,
    };
    say(format_args!("\n{} passed, {} failed", counts.passed, counts.failed))?;
    Ok(code)
}

/// Everything, against the deployed hub.
fn whole_suite(arguments: &[String]) -> Result<(Counts, ExitCode)> {
    let stack = Running::begin(Purpose::Test, Backend::Ministack)?;
    let binaries = Binaries::build(true)?;
    interrupt::check()?;
    let mut environment = bring_up::start_all(&stack.0, &binaries)?;
    let endpoint = environment.get("AWS_ENDPOINT_URL")?.to_owned();
    environment.set("HUB_CONTRACT_ENDPOINT", endpoint);
    environment.set("HUB_STACK", "1");
    let mut command = workspace::cargo();
    command.arg("test");
    if !arguments.iter().any(|argument| argument.starts_with("-p") || argument.starts_with("--package")) {
        command.arg("--workspace");
    }
    tests(command.arg("--no-fail-fast").args(arguments), &environment)
}

/// Whether it is the campaign that is asked for. Its kills and faults are no company for other tests.
fn names_the_campaign(arguments: &[String]) -> bool {
    arguments.windows(2).any(|pair| pair == ["--test", "campaign"])
}

/// The fault campaign's short form, on a stack of its own.
fn campaign(arguments: &[String]) -> Result<(Counts, ExitCode)> {
    let stack = Running::begin(Purpose::Campaign, Backend::Ministack)?;
    let binaries = Binaries::build(true)?;
    interrupt::check()?;
    let environment = bring_up::start_all(&stack.0, &binaries)?;
    let mut command = workspace::cargo();
    command.arg("test");
    if arguments.is_empty() {
        // The whole workspace is named so that nothing is built again with other features.
        command.args(["--workspace", "--test", "campaign"]);
    }
    command.args(arguments);
    command.args(if arguments.iter().any(|argument| argument == "--") { &[][..] } else { &["--"] });
    tests(command.arg("--ignored"), &environment)
}

/// The functions' roles, held against what the suite and the campaign called under them.
fn roles() -> Result<(Counts, ExitCode)> {
    // The whole workspace is named so that nothing is built again with other features.
    let arguments = ["test", "--workspace", "--test", "roles", "--", "--ignored", "--nocapture"];
    tests(workspace::cargo().args(arguments), &Environment::default())
}

/// The contract suite of storage and queues, on LocalStack.
fn contract_suite(arguments: &[String]) -> Result<(Counts, ExitCode)> {
    let stack = Running::begin(Purpose::Test, Backend::Localstack)?;
    let environment = bring_up::contract(&stack.0)?;
    // The whole workspace is named so that nothing is built again with other features.
    tests(workspace::cargo().args(["test", "--workspace", "--test", "contract"]).args(arguments), &environment)
}

/// A stack that ends with this value, however the run goes.
pub(super) struct Running(pub(super) Stack);

impl Running {
    /// What a killed run left behind is cleared away first.
    pub(super) fn begin(purpose: Purpose, backend: Backend) -> Result<Self> {
        let stack = Stack::open(purpose, backend)?;
        stack.take_down()?;
        stack.wipe()?;
        Ok(Self(stack))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Err(error) = self.0.take_down() {
            eprintln!("error: the stack does not end: {error:#}");
        }
    }
}

/// What the summaries of all test binaries add up to.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counts {
    passed: u64,
    failed: u64,
}

impl Counts {
    /// Both together.
    fn and(&self, other: &Self) -> Self {
        Self { passed: self.passed + other.passed, failed: self.failed + other.failed }
    }

    /// Adds a line such as `test result: ok. 3 passed; 0 failed; 1 ignored; …`; other lines say nothing.
    fn add(&mut self, line: &str) {
        let Some(summary) = line.strip_prefix("test result: ") else { return };
        let words: Vec<_> = summary.split([' ', ';', '.']).filter(|word| !word.is_empty()).collect();
        for pair in words.windows(2) {
            let Ok(number) = pair[0].parse::<u64>() else { continue };
            match pair[1] {
                "passed" => self.passed += number,
                "failed" => self.failed += number,
                _ => {}
            }
        }
    }
}

fn tests(command: &mut Command, environment: &Environment) -> Result<(Counts, ExitCode)> {
    let command = command.envs(environment.variables()).stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = command.spawn().context("cargo could not be started")?;
    let output = child.stdout.take().context("cargo's output is lost")?;
    let reader = std::thread::spawn(move || {
        let mut counts = Counts::default();
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            counts.add(&line);
            // The run goes on to its end even if nobody reads any more.
            let _ = say(line);
        }
        counts
    });
    let code = children::exit_code(children::wait(&mut child, || {})?);
    let counts = reader.join().ok().context("cargo's output could not be read")?;
    Ok((counts, code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summaries_add_up() {
        let mut counts = Counts::default();
        counts.add("test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; 2 filtered out; finished in 0.01s");
        counts.add("test result: FAILED. 7 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.5s");
        counts.add("3 passed, 3 failed");
        assert_eq!(counts, Counts { passed: 12, failed: 2 });
    }
}
