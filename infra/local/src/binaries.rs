//! The project's own binaries: built by cargo, and staged for the embedded AWS.

use std::{
    fs,
    io::{Cursor, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::UNIX_EPOCH,
};

use anyhow::{Context, Result, ensure};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use crate::{prerequisites, progress, workspace};

/// The functions of the template.
pub(crate) const FUNCTIONS: [&str; 7] = [
    "provision",
    "fulfil",
    "itep-webhook",
    "truenorth-webhook",
    "record-result",
    "score-poller",
    "expire-reservations",
];

/// The folder of built binaries.
#[derive(Debug, Clone)]
pub(crate) struct Binaries {
    directory: PathBuf,
}

/// A function's package, ready to be deployed.
#[derive(Debug)]
pub(crate) struct Package {
    /// Changes with the binary.
    pub(crate) key: String,
    /// A zip file.
    pub(crate) zip: Vec<u8>,
}

impl Binaries {
    /// Builds everything that a stack runs, and with `tests` what its test run needs too, so that nothing is built
    /// twice with different features.
    ///
    /// # Errors
    /// The C compiler is missing, or the build fails.
    pub(crate) fn build(tests: bool) -> Result<Self> {
        prerequisites::c_compiler()?;
        eprintln!("  building the functions, the simulators and hubctl …");
        let mut command = workspace::cargo();
        command.args(["build", "--workspace", "--bins"]);
        if tests {
            command.args(["--tests"]);
        }
        let status = command.stdin(Stdio::null()).status().context("cargo could not be started")?;
        ensure!(status.success(), "the build failed");
        Self::as_built()
    }

    /// The binaries as they were built last.
    ///
    /// # Errors
    /// Cargo does not say where they are.
    pub(crate) fn as_built() -> Result<Self> {
        Ok(Self { directory: workspace::debug_directory()? })
    }

    /// The path of a binary.
    ///
    /// # Errors
    /// It was not built.
    pub(crate) fn path(&self, name: &str) -> Result<PathBuf> {
        let path = self.directory.join(name);
        ensure!(path.exists(), "{} was not built", path.display());
        Ok(path)
    }

    /// Packages all functions. Each binary is copied below `staging` and stripped, once per build; its package holds
    /// a bootstrap that runs the copy. So a deployment moves bytes by the hundred, not by the hundred million.
    ///
    /// # Errors
    /// A binary is missing or cannot be copied.
    pub(crate) fn package(&self, staging: &Path) -> Result<Vec<(&'static str, Package)>> {
        progress::step("packaging the functions", || {
            FUNCTIONS.into_iter().map(|name| Ok((name, self.package_one(name, staging)?))).collect()
        })
    }

    fn package_one(&self, name: &str, staging: &Path) -> Result<Package> {
        let source = self.path(name)?;
        let stamp = stamp(&source)?;
        let home = staging.join(name);
        let staged = home.join(&stamp);
        if !staged.exists() {
            let _ = fs::remove_dir_all(&home);
            fs::create_dir_all(&home)?;
            strip(&source, &staged)?;
        }
        let script = format!("#!/bin/sh\nexec '{}'\n", staged.display());
        Ok(Package { key: format!("{name}-{stamp}.zip"), zip: zip_of("bootstrap", script.as_bytes())? })
    }
}

/// Tells one build of a file from another.
///
/// # Errors
/// The file cannot be read.
pub(crate) fn stamp(file: &Path) -> Result<String> {
    let metadata = file.metadata().with_context(|| format!("{} cannot be read", file.display()))?;
    let modified = metadata.modified()?.duration_since(UNIX_EPOCH)?.as_nanos();
    Ok(format!("{modified:x}-{:x}", metadata.len()))
}

/// Copies a binary without its debug information, or with it where the machine has no `strip`.
fn strip(source: &Path, target: &Path) -> Result<()> {
    let part = target.with_extension("part");
    let stripped = Command::new("strip").arg("-o").arg(&part).arg(source).stderr(Stdio::null()).status();
    if !stripped.is_ok_and(|status| status.success()) {
        fs::copy(source, &part)?;
    }
    fs::set_permissions(&part, fs::Permissions::from_mode(0o755))?;
    fs::rename(part, target)?;
    Ok(())
}

fn zip_of(name: &str, content: &[u8]) -> Result<Vec<u8>> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored).unix_permissions(0o755);
    zip.start_file(name, options)?;
    zip.write_all(content)?;
    Ok(zip.finish()?.into_inner())
}
