//! The ports: each belongs to one site and can be closed, so that connections are refused, and
//! opened again.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Mutex;
use std::time::Duration;

use serde::Serialize;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::desk::lock;
use super::{Site, connection};

/// All ports of one simulator process.
pub(crate) struct Listeners {
    bind: IpAddr,
    ports: Mutex<BTreeMap<u16, Port>>,
}

struct Port {
    site: Site,
    open: Option<Open>,
}

struct Open {
    closing: watch::Sender<bool>,
    accepting: JoinHandle<()>,
}

/// A port as the control API shows it.
#[derive(Serialize)]
pub(crate) struct Shown {
    port: u16,
    vendor: &'static str,
    accept: bool,
}

impl Listeners {
    /// No ports yet; those to come bind to `bind`.
    pub(crate) fn new(bind: IpAddr) -> Self {
        Self { bind, ports: Mutex::default() }
    }

    /// Opens a port for a site; 0 takes any free one. Answers the port's address.
    pub(crate) async fn open(&self, site: Site, port: u16) -> io::Result<SocketAddr> {
        let listener = self.listen(port).await?;
        let address = listener.local_addr()?;
        let open = Some(start(listener, site.clone()));
        lock(&self.ports).insert(address.port(), Port { site, open });
        Ok(address)
    }

    /// Closes or reopens a port. `Ok(false)` if there is no such port.
    pub(crate) async fn accept(&self, port: u16, accept: bool) -> io::Result<bool> {
        let (site, open) = match lock(&self.ports).get_mut(&port) {
            Some(known) => (known.site.clone(), known.open.take()),
            None => return Ok(false),
        };
        let open = match (open, accept) {
            (None, true) => Some(start(self.listen(port).await?, site)),
            (open, true) => open,
            (Some(open), false) => {
                close(open).await;
                None
            }
            (None, false) => None,
        };
        if let Some(known) = lock(&self.ports).get_mut(&port) {
            known.open = open;
        }
        Ok(true)
    }

    async fn listen(&self, port: u16) -> io::Result<TcpListener> {
        let bound = TcpListener::bind((self.bind, port)).await;
        bound.map_err(|error| io::Error::new(error.kind(), format!("port {port}: {error}")))
    }

    /// Every port there is.
    pub(crate) fn shown(&self) -> Vec<Shown> {
        let show = |(port, known): (&u16, &Port)| Shown {
            port: *port,
            vendor: known.site.name(),
            accept: known.open.is_some(),
        };
        lock(&self.ports).iter().map(show).collect()
    }

    /// Closes every port and forgets it.
    pub(crate) async fn stop(&self) {
        let ports = std::mem::take(&mut *lock(&self.ports));
        for open in ports.into_values().filter_map(|port| port.open) {
            close(open).await;
        }
    }
}

fn start(listener: TcpListener, site: Site) -> Open {
    let (closing, closed) = watch::channel(false);
    let accepting = tokio::spawn(accept(listener, site, closed));
    Open { closing, accepting }
}

/// Returns once the port is closed; requests under way are still answered.
async fn close(open: Open) {
    let _ = open.closing.send(true);
    let _ = open.accepting.await;
}

async fn accept(listener: TcpListener, site: Site, mut closing: watch::Receiver<bool>) {
    loop {
        let accepted = tokio::select! {
            _ = closing.changed() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                tokio::spawn(connection::serve(stream, site.clone(), closing.clone()));
            }
            // Out of file handles, or the caller is gone already.
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}
