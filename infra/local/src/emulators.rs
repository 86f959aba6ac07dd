//! The embedded AWS, in either form.

use std::{
    env, fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context, Result, bail};

use crate::{
    aws::{Aws, CREDENTIAL, REGION},
    binaries, http, interrupt, prerequisites,
    processes::Processes,
    progress,
    tools::{LOCALSTACK, MINISTACK, dynamodb_engine},
    workspace,
};

/// The name of the embedded AWS's process.
pub(crate) const PROCESS: &str = "aws";

/// Starts MiniStack unless it runs as it would be started now; its state is below `home`. Functions reach AWS at
/// `proxy` where there is one, and what such a stack holds is not kept.
///
/// # Errors
/// Python is missing, or MiniStack does not come up.
pub(crate) fn start_ministack(processes: &Processes, home: &Path, port: u16, proxy: Option<&str>) -> Result<Aws> {
    let (aws, python) = (at(port), MINISTACK.python()?);
    let [script, permissions] =
        ["emulator.py", "permissions.py"].map(|name| workspace::root().join("infra/local").join(name));
    let stamp = binaries::stamp(&script)? + &binaries::stamp(&permissions)?;
    if processes.runs_from(PROCESS, &stamp) {
        return Ok(aws);
    }
    processes.stop(PROCESS)?;
    let mut command = bare(&python, home)?;
    command.arg(script).env("STATE_DIR", home.join("state")).env("GATEWAY_PORT", port.to_string());
    command.envs([("BIND_HOST", "127.0.0.1"), ("MINISTACK_HOST", "127.0.0.1"), ("MINISTACK_REGION", REGION)]);
    command.envs([("IOT_MTLS_ENABLED", "0"), ("SFTP_ENABLED", "0"), ("MINISTACK_WORKER_THREADS", "256")]);
    command.envs([("PERSIST_STATE", if proxy.is_some() { "0" } else { "1" }), ("S3_PERSIST", "0")]);
    command.env("AWS_ENDPOINT_URL", proxy.unwrap_or(&aws.endpoint));
    // With AUTH the functions may do what their roles in the template allow, and nothing else. What they do is written
    // down.
    command.env("CALLS_FILE", home.join("calls.jsonl")).env("PYTHONDONTWRITEBYTECODE", "1");
    command.envs([("AUTH", "true"), ("AWS_ACCESS_KEY_ID", CREDENTIAL), ("AWS_SECRET_ACCESS_KEY", CREDENTIAL)]);
    command.env("AWS_DEFAULT_REGION", REGION);
    progress::step("starting the embedded AWS", || {
        processes.start(PROCESS, &stamp, &mut command)?;
        await_answer(processes, &format!("{}/_ministack/health", aws.endpoint))
    })?;
    Ok(aws)
}

/// Moves MiniStack's kept state to another port: its queues are found by their whole addresses.
///
/// # Errors
/// A file cannot be read or written.
pub(crate) fn move_state(home: &Path, from: u16, to: u16) -> Result<()> {
    let (from, to) = (at(from).endpoint + "/", at(to).endpoint + "/");
    let Ok(files) = home.join("state").read_dir() else { return Ok(()) };
    for file in files {
        let path = file?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let text = fs::read_to_string(&path)?;
            if text.contains(&from) {
                fs::write(&path, text.replace(&from, &to))?;
            }
        }
    }
    Ok(())
}

/// Starts LocalStack unless it runs; what it writes is below `home`. It keeps no data from one start to the next.
///
/// # Errors
/// Python 3.12, Java 17 or npm is missing, or LocalStack does not come up.
pub(crate) fn start_localstack(processes: &Processes, home: &Path, port: u16) -> Result<Aws> {
    let aws = at(port);
    if processes.running(PROCESS).is_some() {
        return Ok(aws);
    }
    let (java, python, engine) = (prerequisites::java_home()?, LOCALSTACK.python()?, dynamodb_engine()?);
    let files = home.join("fs");
    install_engine(&files, &engine, &java)?;
    let mut command = bare(&python, home)?;
    command.args(["-m", "localstack.runtime.main"]).env("FILESYSTEM_ROOT", files);
    command.envs(["GATEWAY_LISTEN", "LOCALSTACK_HOST"].map(|name| (name, format!("127.0.0.1:{port}"))));
    command.env("SQS_ENDPOINT_STRATEGY", "path");
    command.envs([("OVERRIDE_IN_DOCKER", "0"), ("DNS_ADDRESS", "0"), ("DISABLE_EVENTS", "1")]);
    command.envs([("SKIP_SSL_CERT_DOWNLOAD", "1"), ("DYNAMODB_IN_MEMORY", "1")]);
    progress::step("starting LocalStack", || {
        processes.start(PROCESS, "", &mut command)?;
        await_answer(processes, &format!("{}/_localstack/health", aws.endpoint))
    })?;
    Ok(aws)
}

/// Whether somebody's LocalStack answers on this port already.
pub(crate) fn foreign_localstack(port: u16) -> bool {
    http::answers(&format!("{}/_localstack/health", at(port).endpoint))
}

/// The embedded AWS on a port.
pub(crate) fn at(port: u16) -> Aws {
    Aws { endpoint: format!("http://127.0.0.1:{port}") }
}

/// A command with nothing of the user's environment but what processes need to start: the functions inherit it.
fn bare(program: &Path, home: &Path) -> Result<Command> {
    let temporary = home.join("tmp");
    fs::create_dir_all(&temporary)?;
    let mut command = Command::new(program);
    command.env_clear().env("TMPDIR", temporary);
    for name in ["PATH", "HOME", "LANG", "LD_LIBRARY_PATH"] {
        command.envs(env::var_os(name).map(|value| (name, value)));
    }
    Ok(command)
}

/// Puts the DynamoDB engine and a Java where LocalStack would download its own to.
///
/// It starts the engine with an agent that is not on this machine and that nothing here needs, so its Java is a script
/// that leaves the agent out.
fn install_engine(files: &Path, engine: &Path, java: &Path) -> Result<()> {
    let library = files.join("var/lib/localstack/lib");
    let (engine_home, java_home) = (library.join("dynamodb-local"), library.join("java/21/bin"));
    fs::create_dir_all(&engine_home)?;
    fs::create_dir_all(&java_home)?;
    let link = engine_home.join("2");
    if !link.exists() {
        symlink(engine, &link).context("the DynamoDB engine cannot be linked")?;
    }
    let java = java.join("bin/java");
    let script = format!(
        "#!/bin/sh\nfor argument; do\n  shift\n  case $argument in -javaagent:*) ;; *) set -- \"$@\" \"$argument\" ;; \
         esac\ndone\nexec '{}' \"$@\"\n",
        java.display()
    );
    let path = java_home.join("java");
    fs::write(&path, script)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))?;
    Ok(())
}

fn await_answer(processes: &Processes, url: &str) -> Result<()> {
    for _ in 0..1200 {
        interrupt::check()?;
        if http::answers(url) {
            return Ok(());
        }
        if processes.running(PROCESS).is_none() {
            break;
        }
        interrupt::pause(Duration::from_millis(50));
    }
    bail!("the embedded AWS does not start; its last words:\n{}", processes.last_words(PROCESS))
}

/// Where the engine's folder is inside its npm package: its name has a date.
pub(crate) fn engine_folder(package: &Path) -> Result<PathBuf> {
    let folders = package.join("lib").read_dir().with_context(|| format!("{} has no engine", package.display()))?;
    let found = folders.flatten().map(|entry| entry.path()).find(|path| path.join("DynamoDBLocal.jar").exists());
    found.with_context(|| format!("{} has no engine", package.display()))
}
