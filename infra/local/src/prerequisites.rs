//! What has to be on the machine already.

use std::{
    env,
    path::PathBuf,
    process::{Command, Stdio},
};

use anyhow::{Result, bail};

/// A Python that runs, with the module that makes virtual environments.
///
/// # Errors
/// There is none of at least this version; the message says what to install.
pub(crate) fn python(minor: u32) -> Result<PathBuf> {
    if let Some(found) = candidates().into_iter().find(|python| serves(python, minor, "import venv, ensurepip")) {
        return Ok(found);
    }
    if candidates().iter().any(|python| serves(python, minor, "")) {
        bail!("Python's venv module is missing: install it (on Debian and Ubuntu: apt install python3-venv)");
    }
    bail!("Python 3.{minor} or newer is missing: install it (on Debian and Ubuntu: apt install python3 python3-venv)")
}

/// Checks that a C compiler runs.
///
/// # Errors
/// There is none; the message says what to install.
pub(crate) fn c_compiler() -> Result<()> {
    let chosen = env::var_os("CC").map(PathBuf::from);
    let names = chosen.into_iter().chain(["cc", "gcc", "clang"].map(PathBuf::from));
    if names.into_iter().any(|name| runs(Command::new(name).arg("--version"))) {
        return Ok(());
    }
    bail!("a C compiler is missing: install one (on Debian and Ubuntu: apt install build-essential)")
}

/// The home of a Java 17 or newer.
///
/// # Errors
/// There is none; the message says what to install.
pub(crate) fn java_home() -> Result<PathBuf> {
    let command = env::var_os("JAVA_HOME").map_or("java".into(), |home| PathBuf::from(home).join("bin/java"));
    let properties = Command::new(command).args(["-XshowSettings:properties", "-version"]).output();
    let text = properties.map(|output| String::from_utf8_lossy(&output.stderr).into_owned()).unwrap_or_default();
    let property = |name: &str| {
        let line = text.lines().find_map(|line| line.trim().strip_prefix(name)?.trim().strip_prefix('='));
        line.map(|value| value.trim().to_owned())
    };
    let version = property("java.specification.version").and_then(|version| version.parse::<u32>().ok());
    match (version, property("java.home")) {
        (Some(17..), Some(home)) => Ok(home.into()),
        _ => {
            bail!("Java 17 or newer is missing: install it (on Debian and Ubuntu: apt install openjdk-17-jre-headless)")
        }
    }
}

/// Checks that npm runs.
///
/// # Errors
/// It does not; the message says what to install.
pub(crate) fn npm() -> Result<()> {
    if runs(Command::new("npm").arg("--version")) {
        return Ok(());
    }
    bail!("npm is missing: install it (on Debian and Ubuntu: apt install npm)")
}

/// Checks what LocalStack needs.
///
/// # Errors
/// Something is missing; the message says what to install.
pub(crate) fn localstack() -> Result<()> {
    java_home()?;
    npm()?;
    python(12).map(drop)
}

/// What a Python may be called. A name that exists may still refuse to run, and a version manager may hold versions
/// that it puts on no path, so each is tried.
fn candidates() -> Vec<PathBuf> {
    let mut names: Vec<PathBuf> = vec!["python3".into()];
    names.extend((10..=14).rev().map(|minor| format!("python3.{minor}").into()));
    names.push("/usr/bin/python3".into());
    let pyenv = env::var_os("PYENV_ROOT").map(PathBuf::from).or_else(|| Some(env::home_dir()?.join(".pyenv")));
    let versions = pyenv.and_then(|root| root.join("versions").read_dir().ok()).into_iter().flatten();
    names.extend(versions.flatten().map(|version| version.path().join("bin/python3")));
    names
}

fn serves(python: &PathBuf, minor: u32, code: &str) -> bool {
    let check = format!("import sys\nsys.exit(sys.version_info < (3, {minor}))\n");
    runs(Command::new(python).args(["-c", &format!("{code}\n{check}")]))
}

fn runs(command: &mut Command) -> bool {
    let command = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
