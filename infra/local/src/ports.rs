//! The ports of a stack on the loopback interface.

use std::net::TcpListener;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ports {
    pub(crate) aws: u16,
    pub(crate) itep: u16,
    pub(crate) truenorth: u16,
    /// Opens and closes the simulators' ports.
    pub(crate) control: u16,
}

impl Ports {
    /// Addresses stay the same from one run to the next where these are free.
    pub(crate) const PREFERRED: Self = Self { aws: 4566, itep: 4571, truenorth: 4572, control: 4573 };
    /// Port 0 stands for any free one.
    pub(crate) const ANY: Self = Self { aws: 0, itep: 0, truenorth: 0, control: 0 };

    /// These ports, or the next free ones above them.
    pub(crate) fn or_next_free(self) -> Result<Self> {
        let wanted = [self.aws, self.itep, self.truenorth, self.control];
        // All are held until the last one is found, so that none is given twice.
        let listeners = wanted.into_iter().map(listen).collect::<Result<Vec<_>>>()?;
        let ports: Vec<_> =
            listeners.iter().map(|listener| Ok(listener.local_addr()?.port())).collect::<Result<_>>()?;
        Ok(Self { aws: ports[0], itep: ports[1], truenorth: ports[2], control: ports[3] })
    }
}

pub(crate) fn url(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

fn listen(wanted: u16) -> Result<TcpListener> {
    let bind = |port| TcpListener::bind(("127.0.0.1", port)).ok();
    let listener = (wanted..wanted.saturating_add(200)).find_map(bind);
    let listener = listener.with_context(|| format!("no free port from {wanted} on: stop what listens there"))?;
    let port = listener.local_addr()?.port();
    if ![0, port].contains(&wanted) {
        eprintln!("  port {wanted} is in use; using {port} instead");
    }
    Ok(listener)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_yields_the_next_free_one() {
        let held = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let taken = held.local_addr().unwrap().port();
        let wanted = Ports { aws: taken, itep: taken, truenorth: taken, control: taken };
        let ports = wanted.or_next_free().unwrap();
        let all = [ports.aws, ports.itep, ports.truenorth, ports.control];
        assert!(all.iter().all(|port| *port > taken), "{all:?} from {taken}");
        assert!(all.windows(2).all(|pair| pair[0] != pair[1]), "{all:?}");
    }
}
