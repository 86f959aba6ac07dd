//! The test binary with libFuzzer in it, beside the ordinary one.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::{prerequisites, workspace};

/// What `cargo bolero` passes too, without its sanitizers: these need an unstable compiler, and the hub forbids
/// unsafe code. The package's other binaries are linked without libFuzzer, and are not run.
const FLAGS: [&str; 8] = [
    "--cfg fuzzing",
    "--cfg fuzzing_libfuzzer",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Clink-arg=-Wl,--warn-unresolved-symbols",
];

/// Builds it and says where it is.
///
/// # Errors
/// A compiler of C or C++ is missing, or the build fails.
pub(super) fn binary() -> Result<PathBuf> {
    prerequisites::c_compiler()?;
    let compiler = Command::new("c++").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    ensure!(
        compiler.is_ok_and(|status| status.success()),
        "libFuzzer is written in C++: install a compiler, such as g++"
    );
    let mut command = workspace::cargo();
    // With a target named, build scripts and macros go without the flags.
    command.args(["test", "--profile", "fuzz", "--target", &host()?, "--target-dir", "target/fuzz"]);
    command.args(["--package", "tests", "--test", "fuzz", "--no-run", "--message-format", "json-render-diagnostics"]);
    let output = command.env("RUSTFLAGS", FLAGS.join(" ")).stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let output = output.context("cargo could not be started")?;
    ensure!(output.status.success(), "the build failed");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut messages = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let of_test = |message: &Value| message["target"]["name"] == "fuzz" && message["executable"].is_string();
    let built = messages.rfind(of_test).context("cargo names no binary")?;
    Ok(PathBuf::from(built["executable"].as_str().unwrap_or_default()))
}

fn host() -> Result<String> {
    let output = Command::new("rustc").arg("-vV").output().context("rustc could not be started")?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc does not name its host")?.to_owned())
}

/// The names of the targets, which are tests.
///
/// # Errors
/// The binary does not run.
pub(super) fn targets(binary: &Path) -> Result<Vec<String>> {
    let output = Command::new(binary).args(["--list", "--format", "terse"]).output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let names: Vec<_> = text.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_owned).collect();
    ensure!(!names.is_empty(), "the suite names no targets");
    Ok(names)
}
