//! Simulated vendors: iTEP and TrueNorth as their documents describe them, served over HTTP.
//!
//! Each vendor has a port with its own API and, under `/_sim/`, a control API: accounts, stock,
//! faults to order, what happens to a test, and the ledger of everything that was sold. A third
//! port closes and reopens the vendors' ports, so that connections are refused.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use hyper::StatusCode;
use serde::{Deserialize, Serialize};

pub mod client;
mod connection;
mod control;
mod document;
mod faults;
pub(crate) mod frontend;
mod http;
mod itep;
mod ledger;
mod listener;
mod outbox;
mod switch;
mod truenorth;

use http::{Answer, Reply, Request};
use listener::Listeners;

/// Where the simulators listen.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct SimConfig {
    /// iTEP's port; 0 takes any free one
    #[arg(long, default_value_t = 0)]
    pub itep_port: u16,
    /// TrueNorth's port; 0 takes any free one
    #[arg(long, default_value_t = 0)]
    pub truenorth_port: u16,
    /// The port of the control API that closes and opens the vendors' ports
    #[arg(long, default_value_t = 0)]
    pub control_port: u16,
    /// The address of all ports
    #[arg(long, default_value = "127.0.0.1")]
    pub bind: IpAddr,
    /// Print every call to a vendor as a line of JSON
    #[arg(long)]
    pub log: bool,
}

impl Default for SimConfig {
    fn default() -> Self {
        let bind = IpAddr::V4(Ipv4Addr::LOCALHOST);
        Self { itep_port: 0, truenorth_port: 0, control_port: 0, bind, log: false }
    }
}

pub struct Sim {
    listeners: Arc<Listeners>,
    itep: SocketAddr,
    truenorth: SocketAddr,
    control: SocketAddr,
}

impl Sim {
    /// Starts both vendors and the control port on the current Tokio runtime.
    pub async fn start(config: SimConfig) -> io::Result<Self> {
        let listeners = Arc::new(Listeners::new(config.bind));
        let itep_site = Site::Itep(Arc::new(itep::Itep::new(config.log)));
        let truenorth_site = Site::TrueNorth(Arc::new(truenorth::TrueNorth::new(config.log)));
        let itep = listeners.open(itep_site.clone(), config.itep_port)?;
        let truenorth = listeners.open(truenorth_site.clone(), config.truenorth_port)?;
        let main = [(Vendor::Itep, itep.port(), itep_site), (Vendor::Truenorth, truenorth.port(), truenorth_site)];
        let switch = Site::Switch(Arc::new(switch::Switch::new(Arc::clone(&listeners), main)));
        let control = listeners.open(switch, config.control_port)?;
        Ok(Self { listeners, itep, truenorth, control })
    }

    /// iTEP's base address, `http://host:port`.
    pub fn itep_url(&self) -> String {
        format!("http://{}", self.itep)
    }

    /// TrueNorth's base address, without the API's version.
    pub fn truenorth_url(&self) -> String {
        format!("http://{}", self.truenorth)
    }

    /// The control port's base address.
    pub fn control_url(&self) -> String {
        format!("http://{}", self.control)
    }

    /// Closes every port. Requests under way are still answered while the runtime lives.
    pub async fn stop(self) {
        self.listeners.stop().await;
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Vendor {
    Itep,
    Truenorth,
}

impl Vendor {
    pub const ALL: [Self; 2] = [Self::Itep, Self::Truenorth];

    pub fn name(self) -> &'static str {
        match self {
            Self::Itep => "itep",
            Self::Truenorth => "truenorth",
        }
    }
}

/// What stands behind a port.
#[derive(Clone)]
enum Site {
    Itep(Arc<itep::Itep>),
    TrueNorth(Arc<truenorth::TrueNorth>),
    Switch(Arc<switch::Switch>),
}

impl Site {
    fn name(&self) -> &'static str {
        match self {
            Self::Itep(_) => Vendor::Itep.name(),
            Self::TrueNorth(_) => Vendor::Truenorth.name(),
            Self::Switch(_) => "control",
        }
    }

    async fn answer(&self, request: Request) -> Answer {
        match self {
            Self::Itep(itep) => itep.answer(request).await,
            Self::TrueNorth(truenorth) => truenorth.answer(request).await,
            Self::Switch(switch) => switch.answer(&request).await.into(),
        }
    }
}

/// For paths that a vendor does not have.
fn not_found() -> Reply {
    Reply::typed(StatusCode::NOT_FOUND, "text/html; charset=UTF-8", "<h1>Not Found</h1>")
}
