//! `cargo dev up` and `cargo dev down`.

use std::{
    fs,
    io::{Write, stdout},
    thread::sleep,
    time::Duration,
};

use anyhow::{Result, bail};

use crate::{
    cli::Backend,
    command, demo,
    environment::Environment,
    interrupt,
    stack::{Purpose, Stack},
    tools, workspace,
};

/// Builds, starts, deploys and shows; then stays until Ctrl-C unless detached.
pub(crate) fn up(detach: bool, backend: Backend, no_build: bool) -> Result<()> {
    tools::check(backend)?;
    let mut stack = Stack::open(Purpose::DEVELOPMENT, backend)?;
    let outcome = start(&mut stack, no_build);
    if outcome.is_err() && (interrupt::requested() || !detach) {
        stack.stop()?;
    }
    let environment = outcome.inspect_err(|_| {
        if detach {
            eprintln!("  the stack may still be running: see `cargo dev logs`, and stop it with `cargo dev down`");
        }
    })?;
    let guide = if backend == Backend::Ministack { hub_guide(&environment)? } else { storage_guide(&environment)? };
    let end = if detach { "Stop it with `cargo dev down`." } else { "Stop it with Ctrl-C." };
    writeln!(stdout(), "{guide}\n{end}")?;
    if detach { Ok(()) } else { stay(&stack, backend) }
}

fn start(stack: &mut Stack, no_build: bool) -> Result<Environment> {
    if !no_build {
        workspace::build(false)?;
    }
    let environment = stack.start()?;
    if environment.get("HUB_URL").is_ok() && !stack.state.is_demo_shown {
        demo::run(&environment)?;
        stack.state.is_demo_shown = true;
        stack.save()?;
    }
    Ok(environment)
}

fn stay(stack: &Stack, backend: Backend) -> Result<()> {
    // A LocalStack that somebody else runs has no process here.
    let is_ours = stack.processes.pid(backend.name()).is_some();
    while !interrupt::requested() {
        if is_ours && stack.processes.pid(backend.name()).is_none() {
            stack.stop()?;
            bail!("the embedded AWS has exited; {}", stack.processes.last_lines(backend.name()));
        }
        sleep(Duration::from_millis(100));
    }
    eprintln!("\n  stopping everything …");
    stack.stop()
}

/// Ends what `up` started, on either backend.
pub(crate) fn down(wipe: bool) -> Result<()> {
    command::step("stopping everything", || {
        for backend in [Backend::Ministack, Backend::Localstack] {
            let stack = Stack::open(Purpose::DEVELOPMENT, backend)?;
            stack.stop()?;
            if wipe {
                stack.wipe()?;
                let _ = fs::remove_file(workspace::dev_directory().join("env"));
            }
        }
        Ok(())
    })?;
    let data = if wipe { ", and the data is deleted" } else { "; the data is kept" };
    Ok(writeln!(stdout(), "Everything is stopped{data}.")?)
}

fn hub_guide(environment: &Environment) -> Result<String> {
    Ok(format!(
        r#"
The hub is up.
  API        {}
  API key    {}
  iTEP       {} (simulated)
  TrueNorth  {} (simulated)

Load these variables and more into your shell:
  set -a; . .dev/env; set +a
Buy a test from iTEP, have it graded, and read the result:
{}
The same with TrueNorth:
{}
`cargo dev demo`, `cargo dev logs` and `cargo dev status` show more."#,
        environment.get("HUB_URL")?,
        environment.get("HUB_API_KEY")?,
        environment.get("ITEP_SIM_URL")?,
        environment.get("TRUENORTH_SIM_URL")?,
        shell_lines(demo::VENDORS[0]),
        shell_lines(demo::VENDORS[1]),
    ))
}

/// For a shell that holds the variables of `.dev/env`.
fn shell_lines([_, vendor, product, reference]: [&str; 4]) -> String {
    let simulator = format!("{}_SIM_URL", vendor.to_uppercase());
    format!(
        r#"  answer=$(curl -s "$HUB_URL/v1/reservations" -H "Authorization: Bearer $HUB_API_KEY" \
    -H "Idempotency-Key: {vendor}-$(date +%s)" -H 'Content-Type: application/json' \
    -d '{{"vendor":"{vendor}","product":"{product}","candidate":{{"external_id":"c-1001","given_name":"Mary","family_name":"Poppins"}}}}')
  echo "$answer"
  curl -s -X POST "${simulator}/_sim/tests/$(expr "$answer" : '.*"{reference}":"\([^"]*\)"')/grade"; sleep 1
  curl -s "$HUB_URL/v1/reservations/$(expr "$answer" : '.*"id":"\(res_[^"]*\)"')" -H "Authorization: Bearer $HUB_API_KEY""#
    )
}

fn storage_guide(environment: &Environment) -> Result<String> {
    Ok(format!(
        r"
Table, queues and secrets are up on LocalStack at {}; it runs no functions.
  variables  in .dev/env; load them with: set -a; . .dev/env; set +a
  functions  run `cargo lambda watch` in that shell; it serves them on port 9000",
        environment.get("AWS_ENDPOINT_URL")?
    ))
}
