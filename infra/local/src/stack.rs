//! One stack: an embedded AWS, the simulated vendors, and a folder with what belongs to them.

use std::{
    fs::{self, File, TryLockError},
    io::ErrorKind,
    path::PathBuf,
};

use anyhow::{Context, Result, ensure};

use crate::{
    cli::Backend,
    emulators,
    environment::Kept,
    fault_proxy,
    ports::{PREFERRED, Ports},
    processes::Processes,
    vendors, workspace,
};

/// What a stack is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To be used by hand: keeps its data and its ports.
    Development,
    /// One test run: begins from nothing, on any free ports, with short times.
    Test,
    /// One fault campaign: the same, and a proxy between the functions and AWS.
    Campaign,
}

/// One stack on this machine.
#[derive(Debug)]
pub(crate) struct Stack {
    /// Everything that belongs to the stack is below it.
    pub(crate) directory: PathBuf,
    /// What the stack is for.
    pub(crate) purpose: Purpose,
    /// Held as long as this process works on the stack.
    _lock: File,
}

impl Stack {
    /// Takes a stack for this process; waits for another one that works on it.
    ///
    /// # Errors
    /// Its folder cannot be written.
    pub(crate) fn open(purpose: Purpose, backend: Backend) -> Result<Self> {
        let directory = workspace::dev_directory().join(match (purpose, backend) {
            (Purpose::Development, Backend::Ministack) => "up",
            (Purpose::Development, Backend::Localstack) => "up-localstack",
            (Purpose::Test, Backend::Ministack) => "test",
            (Purpose::Test, Backend::Localstack) => "test-localstack",
            (Purpose::Campaign, _) => "campaign",
        });
        fs::create_dir_all(&directory).with_context(|| format!("{} cannot be made", directory.display()))?;
        let lock = File::create(directory.with_extension("lock"))?;
        match lock.try_lock() {
            Err(TryLockError::WouldBlock) => {
                eprintln!("  waiting for another `cargo dev` to finish …");
                lock.lock()?;
            }
            outcome => outcome?,
        }
        Ok(Self { directory, purpose, _lock: lock })
    }

    /// The stack's processes.
    pub(crate) fn processes(&self) -> Processes {
        Processes::in_directory(&self.directory.join("processes"))
    }

    /// The ports of the running processes, else the preferred ones or the next free ones above them.
    ///
    /// # Errors
    /// No port is free, or the choice cannot be kept.
    pub(crate) fn choose_ports(&self) -> Result<Ports> {
        let last = self.ports();
        if let Some(ports) = last.filter(|_| self.processes().running(emulators::PROCESS).is_some()) {
            return Ok(ports);
        }
        self.processes().stop(vendors::PROCESS)?;
        let ports = match self.purpose {
            Purpose::Development => Ports::near(PREFERRED)?,
            Purpose::Test | Purpose::Campaign => Ports::any()?,
        };
        if let Some(last) = last.filter(|last| last.aws != ports.aws) {
            emulators::move_state(&self.directory, last.aws, ports.aws)?;
        }
        ports.write(&self.ports_file())?;
        Ok(ports)
    }

    /// Ends all processes, the simulators first.
    ///
    /// # Errors
    /// A process does not end, or a port stays taken.
    pub(crate) fn take_down(&self) -> Result<()> {
        let processes = self.processes();
        let ran = processes.running(emulators::PROCESS).is_some();
        processes.stop(vendors::PROCESS)?;
        processes.stop(emulators::PROCESS)?;
        processes.stop(fault_proxy::PROCESS)?;
        let busy = self.ports().filter(|_| ran).map(|ports| ports.busy()).unwrap_or_default();
        ensure!(busy.is_empty(), "something still listens on {busy:?}");
        Ok(())
    }

    /// Deletes the stack's data.
    ///
    /// # Errors
    /// A file cannot be deleted.
    pub(crate) fn wipe(&self) -> Result<()> {
        if self.environment_file().exists() {
            fs::remove_file(self.environment_file())?;
        }
        fs::remove_dir_all(&self.directory)?;
        fs::create_dir_all(&self.directory)?;
        Ok(())
    }

    /// What was made once for the stack.
    pub(crate) fn kept(&self) -> Kept {
        Kept::read(&self.kept_file())
    }

    /// Lets go of what was made once for the stack.
    ///
    /// # Errors
    /// The file cannot be deleted.
    pub(crate) fn forget(&self) -> Result<()> {
        match fs::remove_file(self.kept_file()) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// Where the stack's variables are written.
    pub(crate) fn environment_file(&self) -> PathBuf {
        match self.purpose {
            Purpose::Development => workspace::dev_directory().join("env"),
            Purpose::Test | Purpose::Campaign => self.directory.join("env"),
        }
    }

    fn kept_file(&self) -> PathBuf {
        self.directory.join("kept.json")
    }

    fn ports(&self) -> Option<Ports> {
        Ports::read(&self.ports_file())
    }

    fn ports_file(&self) -> PathBuf {
        self.directory.join("ports.json")
    }
}
