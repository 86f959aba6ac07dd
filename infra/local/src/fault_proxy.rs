//! microburst, the proxy between the functions and the embedded AWS that makes AWS fail when told to.

use std::{net::TcpListener, process::Command, time::Duration};

use anyhow::{Result, bail};

use crate::{http, interrupt, processes::Processes, progress, tools::MICROBURST, workspace};

/// The name of the proxy's process.
pub(crate) const PROCESS: &str = "burst";

/// Starts the proxy in front of the AWS at a port, without any rule: everything passes. Returns its address.
///
/// # Errors
/// Python is missing, or the proxy does not come up.
pub(crate) fn start(processes: &Processes, aws: u16) -> Result<String> {
    let python = MICROBURST.python()?;
    let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
    let url = format!("http://127.0.0.1:{port}");
    let mut command = Command::new(python);
    command.arg(workspace::root().join("infra/local/burst.py"));
    command.args(["--upstream", &format!("http://127.0.0.1:{aws}"), "--port", &port.to_string()]);
    progress::step("starting the proxy that makes AWS fail", || {
        processes.stop(PROCESS)?;
        processes.start(PROCESS, "", &mut command)?;
        for _ in 0..400 {
            interrupt::check()?;
            if http::answers(&format!("{url}/_microburst/health")) {
                return Ok(());
            }
            interrupt::pause(Duration::from_millis(50));
        }
        bail!("the proxy does not start; its last words:\n{}", processes.last_words(PROCESS))
    })?;
    Ok(url)
}
