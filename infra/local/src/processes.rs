//! Background processes, recorded in the stack's folder.
//!
//! Each leads a process group of its own, so that what it starts (the embedded AWS starts the functions) ends with it,
//! and a Ctrl-C in the terminal does not reach it before us.

use std::{
    fs::{self, File},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use nix::{
    sys::{
        signal::{Signal, kill, killpg},
        wait::{WaitPidFlag, waitpid},
    },
    unistd::Pid,
};
use serde::{Deserialize, Serialize};

use crate::{command, http, interrupt};

const START_TIMEOUT: Duration = Duration::from_secs(60);
/// The embedded AWS saves its state when it is asked to end.
const STOP_TIMEOUT: Duration = Duration::from_secs(20);
const GROUP_TIMEOUT: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(crate) struct Processes {
    directory: PathBuf,
}

#[derive(Debug, Serialize, Deserialize)]
struct Record {
    pid: i32,
    /// Tells the process from a later one with the same id.
    started_at: String,
    /// Of what it was started from.
    version: String,
}

impl Record {
    fn is_running(&self) -> bool {
        started_at(Pid::from_raw(self.pid)).as_ref() == Some(&self.started_at)
    }
}

impl Processes {
    pub(crate) fn new(directory: &Path) -> Self {
        Self { directory: directory.to_path_buf() }
    }

    /// Starts a command in the background and waits until its addresses answer, unless it runs from this version.
    /// True if it was started.
    pub(crate) fn start(&self, name: &str, version: &str, urls: &[String], command: &mut Command) -> Result<bool> {
        if self.record(name).is_some_and(|record| record.version == version) {
            return Ok(false);
        }
        self.stop(name)?;
        command::step(&format!("starting {name}"), || {
            self.spawn(name, version, command)?;
            let healthy = interrupt::poll(START_TIMEOUT, || {
                let is_healthy = urls.iter().all(|url| http::answers(url));
                ensure!(is_healthy || self.pid(name).is_some(), "{name} has exited; {}", self.last_lines(name));
                Ok(is_healthy.then_some(()))
            })?;
            healthy.with_context(|| format!("{name} does not answer; {}", self.last_lines(name)))
        })?;
        Ok(true)
    }

    fn spawn(&self, name: &str, version: &str, command: &mut Command) -> Result<()> {
        fs::create_dir_all(&self.directory)?;
        let log = File::create(self.file(name, "log"))?;
        let command = command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).process_group(0);
        let child = command.spawn().with_context(|| format!("cannot start {name}"))?;
        let pid = i32::try_from(child.id())?;
        let started_at = started_at(Pid::from_raw(pid)).unwrap_or_default();
        let record = Record { pid, started_at, version: version.to_owned() };
        Ok(fs::write(self.file(name, "pid"), serde_json::to_vec(&record)?)?)
    }

    /// The id of a process that runs.
    pub(crate) fn pid(&self, name: &str) -> Option<i32> {
        Some(self.record(name)?.pid)
    }

    /// Ends a process and all that it started, if it runs.
    pub(crate) fn stop(&self, name: &str) -> Result<()> {
        let Some(record) = self.last_record(name) else { return Ok(()) };
        let pid = Pid::from_raw(record.pid);
        if record.is_running() {
            let _ = kill(pid, Signal::SIGTERM);
            wait_until(STOP_TIMEOUT, || !record.is_running());
        }
        // A group without its leader keeps the leader's id from being used again, so it is still ours.
        if record.is_running() || started_at(pid).is_none() {
            for signal in [Signal::SIGTERM, Signal::SIGKILL] {
                if killpg(pid, signal).is_ok() {
                    wait_until(GROUP_TIMEOUT, || started_at(pid).is_none() && killpg(pid, None).is_err());
                }
            }
        }
        ensure!(!record.is_running(), "{name} (process {pid}) does not stop");
        Ok(fs::remove_file(self.file(name, "pid"))?)
    }

    /// How a process's log ends.
    pub(crate) fn last_lines(&self, name: &str) -> String {
        let log = self.file(name, "log");
        let text = fs::read(&log).unwrap_or_default();
        format!("the last lines of {}:\n{}", log.display(), command::last_lines(&text, 15))
    }

    fn record(&self, name: &str) -> Option<Record> {
        self.last_record(name).filter(Record::is_running)
    }

    fn last_record(&self, name: &str) -> Option<Record> {
        serde_json::from_slice(&fs::read(self.file(name, "pid")).ok()?).ok()
    }

    fn file(&self, name: &str, extension: &str) -> PathBuf {
        self.directory.join(name).with_extension(extension)
    }
}

/// When a living process started by the system's count; empty where there is no `/proc`. A child that ended is reaped.
fn started_at(pid: Pid) -> Option<String> {
    let _ = waitpid(pid, Some(WaitPidFlag::WNOHANG));
    kill(pid, None).ok()?;
    let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else { return Some(String::new()) };
    // The name ends with the last bracket; the state follows it, and nineteen fields later the start.
    let fields: Vec<_> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    (fields.first() != Some(&"Z")).then(|| fields.get(19).map(|field| (*field).to_owned()))?
}

fn wait_until(timeout: Duration, mut is_done: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + timeout;
    while !is_done() && Instant::now() < deadline {
        sleep(Duration::from_millis(20));
    }
    is_done()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn processes(name: &str) -> Processes {
        Processes::new(&std::env::temp_dir().join(format!("local-{name}-{}", std::process::id())))
    }

    #[test]
    fn what_a_process_started_ends_with_it() {
        let processes = processes("group");
        let log = || fs::read_to_string(processes.file("parent", "log")).unwrap();
        processes.spawn("parent", "1", Command::new("sh").args(["-c", "sleep 600 & echo $!; wait"])).unwrap();
        assert!(wait_until(Duration::from_secs(5), || log().ends_with('\n')));
        let child = Pid::from_raw(log().trim().parse().unwrap());
        assert_eq!(processes.record("parent").unwrap().version, "1");

        processes.stop("parent").unwrap();

        assert_eq!(processes.pid("parent"), None);
        assert!(wait_until(Duration::from_secs(5), || started_at(child).is_none()), "the child lives on");
        fs::remove_dir_all(&processes.directory).unwrap();
    }

    #[test]
    fn a_foreign_process_with_a_recorded_id_is_left_alone() {
        let processes = processes("foreign");
        let mut other = Command::new("sleep").arg("600").spawn().unwrap();
        let pid = i32::try_from(other.id()).unwrap();
        let record = Record { pid, started_at: "long ago".to_owned(), version: String::new() };
        fs::create_dir_all(&processes.directory).unwrap();
        fs::write(processes.file("other", "pid"), serde_json::to_vec(&record).unwrap()).unwrap();

        assert_eq!(processes.pid("other"), None);
        processes.stop("other").unwrap();

        assert_eq!(other.try_wait().unwrap(), None, "it was ended");
        other.kill().unwrap();
        other.wait().unwrap();
        fs::remove_dir_all(&processes.directory).unwrap();
    }
}
