//! `cargo dev logs`.

use std::{collections::BTreeSet, time::Duration};

use anyhow::{Result, ensure};

use crate::{
    aws::{Aws, logs::LogLine},
    binaries::FUNCTIONS,
    deployment::STACK_NAME,
    environment::Environment,
    interrupt,
    progress::say,
    workspace,
};

/// Shows the functions' last lines, and new ones if asked to follow.
pub(super) fn run(function: Option<&str>, follow: bool, lines: usize) -> Result<()> {
    let functions: Vec<_> =
        FUNCTIONS.into_iter().filter(|name| function.is_none_or(|wanted| wanted == *name)).collect();
    ensure!(!functions.is_empty(), "there is no such function; there are: {}", FUNCTIONS.join(", "));
    let environment = Environment::read(&workspace::dev_directory().join("env"))?;
    let aws = Aws { endpoint: environment.get("AWS_ENDPOINT_URL")?.to_owned() };
    let mut shown = BTreeSet::new();
    let mut from = 0;
    loop {
        let fresh = fresh(&aws, &functions, from, &shown)?;
        let begin = if shown.is_empty() { fresh.len().saturating_sub(lines) } else { 0 };
        for (name, line) in &fresh[begin..] {
            say(format_args!("{name:<20} {}", line.text))?;
        }
        from = fresh.iter().map(|(_, line)| line.at).max().unwrap_or(from);
        shown.retain(|(at, _, _)| *at == from);
        shown.extend(
            fresh.into_iter().filter(|(_, line)| line.at == from).map(|(name, line)| (line.at, name, line.text)),
        );
        if !follow || interrupt::asked() {
            return Ok(());
        }
        interrupt::pause(Duration::from_secs(1));
    }
}

/// Lines from a time on that were not shown yet, in order of time.
fn fresh<'a>(
    aws: &Aws,
    functions: &[&'a str],
    from: u64,
    shown: &BTreeSet<(u64, &'a str, String)>,
) -> Result<Vec<(&'a str, LogLine)>> {
    let mut all = Vec::new();
    for name in functions {
        let lines = aws.log_lines(&format!("/aws/lambda/{STACK_NAME}-{name}"), from)?;
        let own = lines.into_iter().filter(|line| !is_platform(&line.text));
        let new = own.filter(|line| !shown.contains(&(line.at, *name, line.text.clone())));
        all.extend(new.map(|line| (*name, line)));
    }
    all.sort_by_key(|(_, line)| line.at);
    Ok(all)
}

/// Whether Lambda wrote the line, not the function.
fn is_platform(text: &str) -> bool {
    ["START RequestId: ", "END RequestId: ", "REPORT RequestId: "].iter().any(|prefix| text.starts_with(prefix))
}
