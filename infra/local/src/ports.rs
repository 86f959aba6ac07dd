//! The ports of a stack.

use std::{fs, net::TcpListener, path::Path};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

/// One stack's ports on the loopback interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ports {
    /// The embedded AWS.
    pub(crate) aws: u16,
    /// iTEP's simulator.
    pub(crate) itep: u16,
    /// TrueNorth's simulator.
    pub(crate) truenorth: u16,
    /// The simulators' common control port.
    pub(crate) control: u16,
}

/// What is tried first, so that addresses stay the same from one run to the next.
pub(crate) const PREFERRED: Ports = Ports { aws: 4566, itep: 4571, truenorth: 4572, control: 4573 };

/// How far above a taken port another one is looked for.
const REACH: u16 = 200;

impl Ports {
    /// Free ports: the wanted ones, or the next free ones above them.
    pub(crate) fn near(wanted: Ports) -> Result<Self> {
        let mut taken = Vec::new();
        let mut next = |name, port| {
            let free = next_free(name, port, &taken)?;
            taken.push(free);
            anyhow::Ok(free)
        };
        Ok(Self {
            aws: next("the embedded AWS", wanted.aws)?,
            itep: next("iTEP's simulator", wanted.itep)?,
            truenorth: next("TrueNorth's simulator", wanted.truenorth)?,
            control: next("the simulators' control", wanted.control)?,
        })
    }

    /// Any free ports.
    pub(crate) fn any() -> Result<Self> {
        let listeners: Vec<_> = (0..4).map(|_| TcpListener::bind(("127.0.0.1", 0))).collect::<Result<_, _>>()?;
        let ports: Vec<_> =
            listeners.iter().map(|listener| Ok(listener.local_addr()?.port())).collect::<Result<_>>()?;
        Ok(Self { aws: ports[0], itep: ports[1], truenorth: ports[2], control: ports[3] })
    }

    /// The ports that were written last, if any were.
    pub(crate) fn read(file: &Path) -> Option<Self> {
        let value: Value = serde_json::from_slice(&fs::read(file).ok()?).ok()?;
        let port = |name: &str| value[name].as_u64().and_then(|port| u16::try_from(port).ok());
        Some(Self { aws: port("aws")?, itep: port("itep")?, truenorth: port("truenorth")?, control: port("control")? })
    }

    /// Keeps the ports for later commands.
    pub(crate) fn write(&self, file: &Path) -> Result<()> {
        let value = json!({ "aws": self.aws, "itep": self.itep, "truenorth": self.truenorth, "control": self.control });
        fs::write(file, format!("{value:#}\n")).with_context(|| format!("{} cannot be written", file.display()))
    }

    /// Those that something still listens on.
    pub(crate) fn busy(&self) -> Vec<u16> {
        [self.aws, self.itep, self.truenorth, self.control].into_iter().filter(|port| !is_free(*port)).collect()
    }
}

fn next_free(name: &str, wanted: u16, taken: &[u16]) -> Result<u16> {
    let Some(port) = (wanted..wanted.saturating_add(REACH)).find(|port| !taken.contains(port) && is_free(*port)) else {
        bail!("no free port for {name} from {wanted} on: end what listens there");
    };
    if port != wanted {
        eprintln!("  port {wanted} is taken: {name} gets {port}");
    }
    Ok(port)
}

fn is_free(port: u16) -> bool {
    TcpListener::bind(("127.0.0.1", port)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_yields_the_next_free_one() {
        let held = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let taken = held.local_addr().unwrap().port();
        let ports = Ports::near(Ports { aws: taken, itep: taken, truenorth: taken, control: taken }).unwrap();
        let all = [ports.aws, ports.itep, ports.truenorth, ports.control];
        assert!(all.iter().all(|port| *port > taken), "{all:?} from {taken}");
        assert!(all.windows(2).all(|pair| pair[0] != pair[1]), "{all:?}");
    }
}
