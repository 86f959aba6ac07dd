//! Background processes, found again by what is written about them.
//!
//! Each one leads a process group of its own, so that what it starts (the embedded AWS starts the functions) ends with
//! it, and a Ctrl-C in the terminal does not reach it before us.

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
use serde_json::{Value, json};

/// How long a process may take to end when asked to: the embedded AWS writes its state then.
const PATIENCE: Duration = Duration::from_secs(20);

/// A folder with records and logs of background processes.
#[derive(Debug, Clone)]
pub(crate) struct Processes {
    directory: PathBuf,
}

/// What is known about a background process.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Record {
    pid: i32,
    /// When the system says that it began; tells it from a later process with the same id.
    began: Option<String>,
    /// What it was started from.
    stamp: String,
}

impl Processes {
    /// The processes that are recorded in a folder.
    pub(crate) fn in_directory(directory: &Path) -> Self {
        Self { directory: directory.to_path_buf() }
    }

    /// Starts a command in the background; `stamp` says what it was started from.
    ///
    /// # Errors
    /// The command cannot be started, or its record cannot be written.
    pub(crate) fn start(&self, name: &str, stamp: &str, command: &mut Command) -> Result<()> {
        fs::create_dir_all(&self.directory)?;
        let log = File::create(self.log(name))?;
        let child = command
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .process_group(0)
            .spawn()
            .with_context(|| format!("{name} could not be started"))?;
        let pid = i32::try_from(child.id())?;
        let record = json!({ "pid": pid, "began": beginning(pid), "stamp": stamp });
        fs::write(self.record(name), format!("{record}\n"))?;
        Ok(())
    }

    /// The id of a recorded process that lives.
    pub(crate) fn running(&self, name: &str) -> Option<i32> {
        self.read(name).filter(is_ours).map(|record| record.pid)
    }

    /// Whether a recorded process lives and was started from this stamp.
    pub(crate) fn runs_from(&self, name: &str, stamp: &str) -> bool {
        self.read(name).is_some_and(|record| is_ours(&record) && record.stamp == stamp)
    }

    /// Ends a recorded process and all that it started. One that is gone is fine.
    ///
    /// # Errors
    /// It goes on living after being killed.
    pub(crate) fn stop(&self, name: &str) -> Result<()> {
        if let Some(record) = self.read(name) {
            let pid = Pid::from_raw(record.pid);
            if is_ours(&record) {
                // Its own ending comes first: it saves its state and ends its children.
                let _ = kill(pid, Signal::SIGTERM);
                wait_until(PATIENCE, || !lives(pid));
            }
            // A group without its leader keeps the leader's id from being used again, so it is still ours.
            if is_ours(&record) || !lives(pid) {
                end_group(pid);
            }
            ensure!(!is_ours(&record), "{name} (process {pid}) does not end");
        }
        let _ = fs::remove_file(self.record(name));
        Ok(())
    }

    /// Where a process's output goes.
    pub(crate) fn log(&self, name: &str) -> PathBuf {
        self.directory.join(format!("{name}.log"))
    }

    /// The last lines of a process's output.
    pub(crate) fn last_words(&self, name: &str) -> String {
        let text = fs::read_to_string(self.log(name)).unwrap_or_default();
        let lines: Vec<_> = text.lines().collect();
        lines[lines.len().saturating_sub(15)..].join("\n")
    }

    fn record(&self, name: &str) -> PathBuf {
        self.directory.join(format!("{name}.pid"))
    }

    fn read(&self, name: &str) -> Option<Record> {
        let value: Value = serde_json::from_slice(&fs::read(self.record(name)).ok()?).ok()?;
        Some(Record {
            pid: i32::try_from(value["pid"].as_i64()?).ok()?,
            began: value["began"].as_str().map(str::to_owned),
            stamp: value["stamp"].as_str()?.to_owned(),
        })
    }
}

fn is_ours(record: &Record) -> bool {
    lives(Pid::from_raw(record.pid)) && beginning(record.pid) == record.began
}

/// Whether a process lives. A child of ours that ended is cleared away first.
fn lives(pid: Pid) -> bool {
    let _ = waitpid(pid, Some(WaitPidFlag::WNOHANG));
    kill(pid, None).is_ok() && process_state(pid.as_raw()) != Some('Z')
}

fn end_group(leader: Pid) {
    if killpg(leader, Signal::SIGTERM).is_err() {
        return;
    }
    let gone = || {
        let _ = waitpid(leader, Some(WaitPidFlag::WNOHANG));
        killpg(leader, None).is_err()
    };
    if !wait_until(Duration::from_secs(1), gone) {
        let _ = killpg(leader, Signal::SIGKILL);
        wait_until(Duration::from_secs(1), gone);
    }
}

fn wait_until(patience: Duration, mut done: impl FnMut() -> bool) -> bool {
    let until = Instant::now() + patience;
    while !done() {
        if Instant::now() >= until {
            return false;
        }
        sleep(Duration::from_millis(20));
    }
    true
}

/// The system's word for when a process began; `None` where it does not tell.
fn beginning(pid: i32) -> Option<String> {
    stat(pid)?.get(19).cloned()
}

fn process_state(pid: i32) -> Option<char> {
    stat(pid)?.first()?.chars().next()
}

/// The fields of `/proc/<pid>/stat` after the command's name, from the state on.
fn stat(pid: i32) -> Option<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    Some(text.rsplit_once(')')?.1.split_whitespace().map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn processes(name: &str) -> Processes {
        let directory = std::env::temp_dir().join(format!("local-{name}-{}", std::process::id()));
        Processes::in_directory(&directory)
    }

    #[test]
    fn what_a_process_started_ends_with_it() {
        let processes = processes("group");
        let script = "sleep 600 & echo $!; wait";
        processes.start("parent", "1", Command::new("sh").args(["-c", script])).unwrap();
        assert!(wait_until(Duration::from_secs(5), || !processes.last_words("parent").is_empty()));
        let child: i32 = processes.last_words("parent").trim().parse().unwrap();
        assert!(processes.runs_from("parent", "1") && !processes.runs_from("parent", "2"));

        processes.stop("parent").unwrap();

        assert_eq!(processes.running("parent"), None);
        assert!(wait_until(Duration::from_secs(5), || !lives(Pid::from_raw(child))), "the child lives on");
        fs::remove_dir_all(&processes.directory).unwrap();
    }

    #[test]
    fn a_foreign_process_with_a_recorded_id_is_left_alone() {
        let processes = processes("foreign");
        let mut other = Command::new("sleep").arg("600").spawn().unwrap();
        fs::create_dir_all(&processes.directory).unwrap();
        let record = json!({ "pid": other.id(), "began": "long ago", "stamp": "" });
        fs::write(processes.record("other"), record.to_string()).unwrap();

        assert_eq!(processes.running("other"), None);
        processes.stop("other").unwrap();

        assert_eq!(other.try_wait().unwrap(), None, "it was ended");
        other.kill().unwrap();
        other.wait().unwrap();
        fs::remove_dir_all(&processes.directory).unwrap();
    }
}
