//! `cargo dev status`.

use anyhow::Result;

use crate::{
    aws::Aws, emulators, environment::Environment, http, processes::Processes, progress::say, vendors, workspace,
};

/// Shows what runs, what answers, and what waits in the queues.
pub(super) fn run() -> Result<()> {
    for stack in ["up", "up-localstack"] {
        let processes = Processes::in_directory(&workspace::dev_directory().join(stack).join("processes"));
        for name in [emulators::PROCESS, vendors::PROCESS] {
            if let Some(pid) = processes.running(name) {
                say(format_args!("{name:<14} runs as process {pid}"))?;
            }
        }
    }
    let Ok(environment) = Environment::read(&workspace::dev_directory().join("env")) else {
        say("nothing is set up: run `cargo dev up`")?;
        return Ok(());
    };
    if let Ok(url) = environment.get("HUB_URL") {
        let health = if http::answers(&format!("{url}/health")) { "answers" } else { "does not answer" };
        say(format_args!("{:<14} {health} at {url}", "hub"))?;
    }
    let aws = Aws { endpoint: environment.get("AWS_ENDPOINT_URL")?.to_owned() };
    for (name, variable) in QUEUES {
        if let Ok((waiting, handled)) = aws.queue_depth(environment.get(variable)?) {
            say(format_args!("{name:<14} {waiting} waiting, {handled} being handled or held back"))?;
        }
    }
    Ok(())
}

const QUEUES: [(&str, &str); 3] = [
    ("fulfilment", "FULFILMENT_QUEUE_URL"),
    ("results", "RESULTS_QUEUE_URL"),
    ("score-checks", "SCORE_CHECKS_QUEUE_URL"),
];
