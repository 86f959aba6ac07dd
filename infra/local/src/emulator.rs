//! Starts the embedded AWS (MiniStack or LocalStack), and the proxy that injects faults.

use std::{
    env, fs,
    net::TcpListener,
    os::unix::fs::{PermissionsExt, symlink},
    path::Path,
    process::Command,
};

use anyhow::Result;

use crate::{
    cli::Backend,
    command,
    environment::{Environment, REGION},
    ports::url,
    processes::Processes,
    tools::{self, LOCALSTACK, MICROBURST, MINISTACK},
    workspace,
};

pub(crate) const PROXY: &str = "fault-proxy";

/// Starts MiniStack unless it runs as it would be started now; its state is below `home`. Functions reach AWS at
/// `proxy` where there is one, and such a stack's state is not kept.
pub(crate) fn start_ministack(processes: &Processes, home: &Path, port: u16, proxy: Option<&str>) -> Result<()> {
    let endpoint = url(port);
    let [script, permissions] =
        ["emulator.py", "permissions.py"].map(|name| workspace::root().join("infra/local").join(name));
    let version = workspace::version(&script)? + &workspace::version(&permissions)?;
    // The functions inherit what is set here.
    let mut command = command::isolated(&MINISTACK.python()?);
    command.arg(script).env("TMPDIR", home.join("tmp"));
    command.env("STATE_DIR", home.join("state")).env("GATEWAY_PORT", port.to_string());
    command.envs([("BIND_HOST", "127.0.0.1"), ("MINISTACK_HOST", "127.0.0.1"), ("MINISTACK_REGION", REGION)]);
    command.envs([("IOT_MTLS_ENABLED", "0"), ("SFTP_ENABLED", "0"), ("MINISTACK_WORKER_THREADS", "256")]);
    command.envs([("PERSIST_STATE", if proxy.is_some() { "0" } else { "1" }), ("S3_PERSIST", "0")]);
    command.envs(Environment::of_aws(proxy.unwrap_or(&endpoint)).0);
    // The functions may do what their roles in the template allow, and nothing else.
    command.env("AUTH", "true");
    command.env("CALLS_FILE", home.join("calls.jsonl")).env("PYTHONDONTWRITEBYTECODE", "1");
    let health = format!("{endpoint}/_ministack/health");
    processes.start(Backend::Ministack.name(), &version, &[health], &mut command).map(drop)
}

/// Moves MiniStack's state to another port: it finds its queues by their whole addresses.
pub(crate) fn move_state(home: &Path, from: u16, to: u16) -> Result<()> {
    for file in home.join("state").read_dir().into_iter().flatten() {
        let path = file?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            fs::write(&path, fs::read_to_string(&path)?.replace(&(url(from) + "/"), &(url(to) + "/")))?;
        }
    }
    Ok(())
}

/// Starts LocalStack unless it runs. It keeps nothing from one start to the next.
pub(crate) fn start_localstack(processes: &Processes, home: &Path, port: u16) -> Result<()> {
    let files = home.join("fs");
    install_engine(&files)?;
    let mut command = command::isolated(&LOCALSTACK.python()?);
    command.args(["-m", "localstack.runtime.main"]).env("TMPDIR", home.join("tmp"));
    command.env("FILESYSTEM_ROOT", files).env("SQS_ENDPOINT_STRATEGY", "path");
    command.envs(["GATEWAY_LISTEN", "LOCALSTACK_HOST"].map(|name| (name, format!("127.0.0.1:{port}"))));
    command.envs([("OVERRIDE_IN_DOCKER", "0"), ("DNS_ADDRESS", "0"), ("DISABLE_EVENTS", "1")]);
    command.envs([("SKIP_SSL_CERT_DOWNLOAD", "1"), ("DYNAMODB_IN_MEMORY", "1")]);
    processes.start(Backend::Localstack.name(), "", &[localstack_health(port)], &mut command).map(drop)
}

pub(crate) fn localstack_health(port: u16) -> String {
    url(port) + "/_localstack/health"
}

/// Puts the DynamoDB engine and a Java where LocalStack would download its own to.
///
/// It starts the engine with an agent that is not on this machine and that nothing here needs, so its Java is a script
/// that leaves the agent out.
fn install_engine(files: &Path) -> Result<()> {
    let library = files.join("var/lib/localstack/lib");
    let (engine, java) = (library.join("dynamodb-local/2"), library.join("java/21/bin/java"));
    for path in [&engine, &java] {
        fs::create_dir_all(path.parent().unwrap_or(path))?;
    }
    if !engine.exists() {
        symlink(tools::dynamodb_engine()?, engine)?;
    }
    // LocalStack puts the script's folder on its path.
    let script = format!(
        "#!/bin/sh\nPATH='{}'\nfor argument; do\n  shift\n  case $argument in -javaagent:*) ;; *) set -- \"$@\" \
         \"$argument\" ;; esac\ndone\nexec '{}' \"$@\"\n",
        env::var("PATH")?,
        tools::java()?.display()
    );
    fs::write(&java, script)?;
    Ok(fs::set_permissions(java, fs::Permissions::from_mode(0o755))?)
}

/// Starts microburst in front of the AWS at a port, without any rule: everything passes. Returns its address.
pub(crate) fn start_proxy(processes: &Processes, aws: u16) -> Result<String> {
    let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
    let mut command = Command::new(MICROBURST.python()?);
    command.arg(workspace::root().join("infra/local/fault_proxy.py"));
    command.args(["--upstream", &url(aws), "--port", &port.to_string()]);
    processes.start(PROXY, "", &[url(port) + "/_microburst/health"], &mut command)?;
    Ok(url(port))
}
