//! The repository's folders and binaries.

use std::{
    env,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, ensure};

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).map(Path::to_path_buf).unwrap_or_default()
}

/// The folder for tools, data and logs of local runs; never committed.
pub(crate) fn dev_directory() -> PathBuf {
    root().join(".dev")
}

/// A cargo command in the repository.
///
/// The variables that `cargo run` set for this process are taken away: build scripts that watch them would run again,
/// and everything that depends on them would be built again, each time that cargo is called from here.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if text == "CARGO" || text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
    command.args(arguments).current_dir(root()).stdin(Stdio::null());
    command
}

/// Builds all binaries and with `tests` the tests too, so that nothing is built twice with different features.
pub(crate) fn build(tests: bool) -> Result<()> {
    eprintln!("  building the functions, the simulators and hubctl …");
    let mut command = cargo(&["build", "--workspace", "--bins"]);
    let status = command.args(tests.then_some("--tests")).status().context("cannot start cargo")?;
    ensure!(status.success(), "the build failed");
    Ok(())
}

/// The folder that cargo builds into, which is that of this very binary.
pub(crate) fn binaries() -> Result<PathBuf> {
    let this = env::current_exe()?;
    Ok(this.parent().context("this binary is in no folder")?.to_path_buf())
}

pub(crate) fn binary(name: &str) -> Result<PathBuf> {
    let path = binaries()?.join(name);
    ensure!(path.exists(), "{} is not built: run without --no-build", path.display());
    Ok(path)
}

/// Changes with the file.
pub(crate) fn version(file: &Path) -> Result<String> {
    let metadata = file.metadata().with_context(|| format!("cannot read {}", file.display()))?;
    Ok(format!("{:?} {}", metadata.modified()?, metadata.len()))
}
