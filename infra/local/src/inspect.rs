//! `cargo dev status` and `cargo dev logs`.

use std::{
    io::{Write, stdout},
    process::Stdio,
};

use anyhow::Result;
use serde_json::json;

use crate::{aws, cli::Backend, environment::Environment, http, interrupt, processes::Processes, vendors, workspace};

/// Shows what runs, what answers, and what waits in the queues.
pub(crate) fn status() -> Result<()> {
    for (stack, backend) in [("up", Backend::Ministack), ("up-localstack", Backend::Localstack)] {
        let processes = Processes::new(&workspace::dev_directory().join(stack).join("processes"));
        for name in [backend.name(), vendors::SIMULATORS] {
            if let Some(pid) = processes.pid(name) {
                writeln!(stdout(), "{name:<14} is running as process {pid}")?;
            }
        }
    }
    let Ok(environment) = Environment::load() else {
        return Ok(writeln!(stdout(), "no stack is set up: run `cargo dev up`")?);
    };
    if let Ok(url) = environment.get("HUB_URL") {
        let health = if http::answers(&format!("{url}/health")) { "answers" } else { "does not answer" };
        writeln!(stdout(), "{:<14} {health} at {url}", "hub")?;
    }
    // Where nothing answers there is nothing to show.
    aws::show(&environment, "queues", &json!({}), Stdio::null()).map(drop)
}

pub(crate) fn logs(function: Option<&str>, follow: bool, lines: usize) -> Result<u8> {
    let environment = Environment::load()?;
    let input = json!({ "function": function, "follow": follow, "lines": lines });
    let outcome = aws::show(&environment, "logs", &input, Stdio::inherit());
    if interrupt::requested() { Ok(0) } else { outcome }
}
