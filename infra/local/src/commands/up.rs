//! `cargo dev up`.

use std::time::Duration;

use anyhow::{Result, bail};

use super::demo;
use crate::{
    binaries::Binaries,
    bring_up,
    cli::Backend,
    emulators,
    environment::Environment,
    interrupt, prerequisites,
    progress::say,
    stack::{Purpose, Stack},
};

/// Builds, starts, deploys, shows; and stays until Ctrl-C unless detached.
pub(super) fn run(detach: bool, backend: Backend, no_build: bool) -> Result<()> {
    match backend {
        Backend::Ministack => prerequisites::python(10).map(drop)?,
        Backend::Localstack => prerequisites::localstack()?,
    }
    let stack = Stack::open(Purpose::Development, backend)?;
    let outcome = start(&stack, backend, no_build);
    if outcome.is_err() && (interrupt::asked() || !detach) {
        stack.take_down()?;
    }
    let environment = outcome.inspect_err(|_| {
        if detach {
            eprintln!("  what was started goes on running: `cargo dev logs` may tell more, `cargo dev down` ends it");
        }
    })?;
    say(format_args!("{}", if backend == Backend::Ministack { hub(&environment) } else { storage(&environment) }))?;
    say(format_args!("{}", if detach { "`cargo dev down` ends it." } else { "Ctrl-C ends it." }))?;
    if detach { Ok(()) } else { stay(&stack) }
}

fn start(stack: &Stack, backend: Backend, no_build: bool) -> Result<Environment> {
    let binaries = if no_build { Binaries::as_built()? } else { Binaries::build(false)? };
    interrupt::check()?;
    if backend == Backend::Localstack {
        return bring_up::storage(stack, &binaries);
    }
    let environment = bring_up::start_all(stack, &binaries)?;
    stack.kept().get_or("shown", || {
        demo::tell(&environment)?;
        Ok("yes".to_owned())
    })?;
    Ok(environment)
}

fn stay(stack: &Stack) -> Result<()> {
    let processes = stack.processes();
    let ours = processes.running(emulators::PROCESS).is_some();
    while !interrupt::asked() {
        if ours && processes.running(emulators::PROCESS).is_none() {
            let words = processes.last_words(emulators::PROCESS);
            stack.take_down()?;
            bail!("the embedded AWS has ended; its last words:\n{words}");
        }
        interrupt::pause(Duration::from_secs(1));
    }
    eprintln!("\n  ending everything …");
    stack.take_down()
}

fn hub(environment: &Environment) -> String {
    let value = |name: &str| environment.get(name).unwrap_or_default().to_owned();
    let addresses = ["HUB_URL", "HUB_API_KEY", "ITEP_SIM_URL", "TRUENORTH_SIM_URL"].map(value);
    let [hub, key, itep, truenorth] = addresses;
    format!(
        r#"
The hub is up.
  API        {hub}
  API key    {key}
  iTEP       {itep} (simulated)
  TrueNorth  {truenorth} (simulated)

Into your shell, with these and more from .dev/env:
  set -a; . .dev/env; set +a
Buy a test from iTEP, have it graded, and read the result:
{}
The same with TrueNorth:
{}
`cargo dev demo`, `cargo dev logs` and `cargo dev status` show more."#,
        story("itep", "GTX-Academic-Plus", "ITEP_SIM_URL", "test_id"),
        story("truenorth", "English Speaking", "TRUENORTH_SIM_URL", "user_assessment_id"),
    )
}

/// Lines for a shell that holds the variables of `.dev/env`.
fn story(vendor: &str, product: &str, simulator: &str, reference: &str) -> String {
    format!(
        r#"  answer=$(curl -s "$HUB_URL/v1/reservations" -H "Authorization: Bearer $HUB_API_KEY" \
    -H "Idempotency-Key: {vendor}-$(date +%s)" -H 'Content-Type: application/json' \
    -d '{{"vendor":"{vendor}","product":"{product}","candidate":{{"external_id":"c-1001","given_name":"Mary","family_name":"Poppins"}}}}')
  echo "$answer"
  curl -s -X POST "${simulator}/_sim/tests/$(expr "$answer" : '.*"{reference}":"\([^"]*\)"')/grade"; sleep 1
  curl -s "$HUB_URL/v1/reservations/$(expr "$answer" : '.*"id":"\(res_[^"]*\)"')" -H "Authorization: Bearer $HUB_API_KEY""#
    )
}

fn storage(environment: &Environment) -> String {
    let endpoint = environment.get("AWS_ENDPOINT_URL").unwrap_or_default();
    format!(
        r"
Table, queues and secrets are up on LocalStack at {endpoint}; it runs no functions.
  variables  .dev/env; into a shell with: set -a; . .dev/env; set +a
  functions  `cargo lambda watch` in that shell serves them on port 9000"
    )
}
