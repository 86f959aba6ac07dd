//! The ports: each belongs to one site and can be closed, so that connections are refused, and
//! opened again.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use serde::Serialize;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::http::{Answer, Reply, Request};
use super::{Site, connection};

/// Connections that may wait to be accepted.
const BACKLOG: u32 = 1024;

/// The wait before another try to open a port that something else has taken meanwhile.
const RETRY: Duration = Duration::from_millis(50);

pub(crate) struct Listeners {
    bind: IpAddr,
    ports: Mutex<BTreeMap<u16, Port>>,
    /// Held while a port closes or opens: one change after the other.
    changing: tokio::sync::Mutex<()>,
}

struct Port {
    site: Site,
    state: State,
    /// How often it was closed or opened, or told to.
    changes: u64,
}

enum State {
    Open(Open),
    /// With a socket that does not listen, so that nothing else takes the port meanwhile.
    Closed(Option<TcpSocket>),
}

struct Open {
    closing: watch::Sender<bool>,
    accepting: JoinHandle<()>,
}

/// What a connection is made to: a site, and the port that it came in on.
#[derive(Clone)]
pub(crate) struct Door {
    site: Site,
    port: u16,
    listeners: Arc<Listeners>,
}

impl Door {
    /// The site's answer. If it closes the port, the port is closed when this returns; the answer
    /// still goes out.
    pub(crate) async fn answer(&self, request: Request) -> Answer {
        let answer = self.site.answer(request).await;
        if let Answer::Reply(Reply { closes_for: Some(time), .. }) = answer {
            self.listeners.close_for(self.port, time).await;
        }
        answer
    }
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
        Self { bind, ports: Mutex::default(), changing: tokio::sync::Mutex::default() }
    }

    /// Opens a port for a site; 0 takes any free one. Answers the port's address.
    pub(crate) fn open(self: &Arc<Self>, site: Site, port: u16) -> io::Result<SocketAddr> {
        let listener = self.socket(port)?.listen(BACKLOG)?;
        let address = listener.local_addr()?;
        let state = State::Open(self.start(listener, address.port(), site.clone()));
        self.ports.lock().insert(address.port(), Port { site, state, changes: 0 });
        Ok(address)
    }

    /// Closes or reopens a port. `Ok(false)` if there is no such port.
    pub(crate) async fn accept(self: &Arc<Self>, port: u16, accept: bool) -> io::Result<bool> {
        let _turn = self.changing.lock().await;
        self.change(port, accept).await
    }

    /// Closes a port for `time`. If somebody closes or opens it meanwhile, that holds instead.
    pub(crate) async fn close_for(self: &Arc<Self>, port: u16, time: Duration) {
        let turn = self.changing.lock().await;
        // Closing never fails, and a port that is gone is closed.
        let _ = self.change(port, false).await;
        let Some(changes) = self.changes(port) else { return };
        drop(turn);
        let listeners = Arc::clone(self);
        tokio::spawn(async move {
            tokio::time::sleep(time).await;
            while !listeners.reopen(port, changes).await {
                tokio::time::sleep(RETRY).await;
            }
        });
    }

    /// Opens a port unless it was changed since; whether there is nothing left to do.
    async fn reopen(self: &Arc<Self>, port: u16, changes: u64) -> bool {
        let _turn = self.changing.lock().await;
        self.changes(port) != Some(changes) || self.change(port, true).await.is_ok()
    }

    fn changes(&self, port: u16) -> Option<u64> {
        self.ports.lock().get(&port).map(|known| known.changes)
    }

    /// The caller holds `changing`.
    async fn change(self: &Arc<Self>, port: u16, accept: bool) -> io::Result<bool> {
        let (site, state) = match self.ports.lock().get_mut(&port) {
            Some(known) => (known.site.clone(), std::mem::replace(&mut known.state, State::Closed(None))),
            None => return Ok(false),
        };
        let state = match (state, accept) {
            (State::Closed(held), true) => {
                let socket = held.map_or_else(|| self.socket(port), Ok)?;
                State::Open(self.start(socket.listen(BACKLOG)?, port, site))
            }
            (State::Open(open), false) => {
                close(open).await;
                State::Closed(self.socket(port).ok())
            }
            (state, _) => state,
        };
        if let Some(known) = self.ports.lock().get_mut(&port) {
            known.state = state;
            known.changes += 1;
        }
        Ok(true)
    }

    /// A socket that has the port, but does not listen yet.
    fn socket(&self, port: u16) -> io::Result<TcpSocket> {
        let socket = if self.bind.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        // Connections of before may still be ending.
        socket.set_reuseaddr(true)?;
        let bound = socket.bind(SocketAddr::new(self.bind, port));
        bound.map_err(|error| io::Error::new(error.kind(), format!("port {port}: {error}")))?;
        Ok(socket)
    }

    fn start(self: &Arc<Self>, listener: TcpListener, port: u16, site: Site) -> Open {
        let (closing, closed) = watch::channel(false);
        let door = Door { site, port, listeners: Arc::clone(self) };
        let accepting = tokio::spawn(accept(listener, door, closed));
        Open { closing, accepting }
    }

    pub(crate) fn shown(&self) -> Vec<Shown> {
        let show = |(port, known): (&u16, &Port)| Shown {
            port: *port,
            vendor: known.site.name(),
            accept: matches!(known.state, State::Open(_)),
        };
        self.ports.lock().iter().map(show).collect()
    }

    /// Closes every port and forgets it.
    pub(crate) async fn stop(&self) {
        let _turn = self.changing.lock().await;
        let ports = std::mem::take(&mut *self.ports.lock());
        for port in ports.into_values() {
            if let State::Open(open) = port.state {
                close(open).await;
            }
        }
    }
}

/// Returns once the port is closed; requests under way are still answered.
async fn close(open: Open) {
    let _ = open.closing.send(true);
    let _ = open.accepting.await;
}

async fn accept(listener: TcpListener, door: Door, mut closing: watch::Receiver<bool>) {
    loop {
        let accepted = tokio::select! {
            _ = closing.changed() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                tokio::spawn(connection::serve(stream, door.clone(), closing.clone()));
            }
            // Out of file handles, or the caller is gone already.
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}
