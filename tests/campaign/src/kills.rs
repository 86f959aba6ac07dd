//! SIGKILL for running functions, those in mid-call first.

use std::collections::HashSet;
use std::fs;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::chance::Chance;
use super::stack::{Stack, Vendor};

#[derive(Debug, Default)]
pub(crate) struct Kills {
    pub(crate) all: AtomicU64,
    /// Of these, with a call to a vendor open.
    pub(crate) in_mid_call: AtomicU64,
}

/// Kills one function after the other, for as long as this is awaited.
pub(crate) async fn go_on(stack: &Stack, chance: &Chance, every: Duration, kills: &Kills) {
    let ports = Vendor::ALL.map(|vendor| port_of(stack.vendor(vendor)));
    loop {
        let pause = every.as_millis() as u64;
        tokio::time::sleep(Duration::from_millis(pause / 2 + chance.below(pause))).await;
        let functions = functions(stack.emulator);
        let sockets = sockets_to(&ports);
        let calling: Vec<_> = functions.iter().copied().filter(|pid| holds(*pid, &sockets)).collect();
        let mid_call = !calling.is_empty() && chance.percent(75);
        let among = if mid_call { &calling } else { &functions };
        let Some(victim) = among.get(chance.below(among.len() as u64) as usize) else { continue };
        if kill(Pid::from_raw(*victim), Signal::SIGKILL).is_ok() {
            kills.all.fetch_add(1, Ordering::Relaxed);
            kills.in_mid_call.fetch_add(u64::from(calling.contains(victim)), Ordering::Relaxed);
        }
    }
}

fn port_of(url: &str) -> u16 {
    url.rsplit(':').next().and_then(|port| port.parse().ok()).unwrap_or_default()
}

/// The embedded AWS's children that run a function's binary.
fn functions(emulator: i32) -> Vec<i32> {
    let all = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = all.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    pids.filter(|pid| parent(*pid) == Some(emulator) && runs_a_function(*pid)).collect()
}

fn parent(pid: i32) -> Option<i32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

fn runs_a_function(pid: i32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/cmdline")).is_ok_and(|line| line.contains("/functions/"))
}

/// The inodes of established connections to these ports.
fn sockets_to(ports: &[u16]) -> HashSet<String> {
    let table = fs::read_to_string("/proc/net/tcp").unwrap_or_default();
    let inode = |line: &str| {
        let fields: Vec<_> = line.split_whitespace().collect();
        let port = u16::from_str_radix(fields.get(2)?.split_once(':')?.1, 16).ok()?;
        let open = *fields.get(3)? == "01" && ports.contains(&port);
        open.then(|| fields.get(9).map(|inode| format!("socket:[{inode}]")))?
    };
    table.lines().skip(1).filter_map(inode).collect()
}

fn holds(pid: i32, sockets: &HashSet<String>) -> bool {
    let files = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
    let mut links = files.filter_map(|file| fs::read_link(file.path()).ok());
    links.any(|link| link.to_str().is_some_and(|name| sockets.contains(name)))
}
