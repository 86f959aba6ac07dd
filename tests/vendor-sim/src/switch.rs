//! The control port: always open, closes and opens the vendors' ports.

use std::io;
use std::sync::Arc;

use hyper::{Method, StatusCode};
use serde::Deserialize;
use serde_json::json;

use super::http::{Reply, Request};
use super::listener::Listeners;
use super::{Site, Vendor};

pub(crate) struct Switch {
    listeners: Arc<Listeners>,
    main: [(Vendor, u16, Site); 2],
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Command {
    vendor: Option<Vendor>,
    port: Option<u16>,
    accept: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    vendor: Vendor,
}

impl Switch {
    pub(crate) fn new(listeners: Arc<Listeners>, main: [(Vendor, u16, Site); 2]) -> Self {
        Self { listeners, main }
    }

    pub(crate) async fn answer(&self, request: &Request) -> Reply {
        let answered = match (&request.method, request.segments().as_slice()) {
            (&Method::GET, ["_sim", "health"]) => Ok(self.health()),
            (&Method::POST, ["_sim", "listener"]) => self.listener(request).await,
            (&Method::POST, ["_sim", "ports"]) => self.port(request),
            _ => Err(Reply::complaint(StatusCode::NOT_FOUND, "no such control")),
        };
        answered.unwrap_or_else(|complaint| complaint)
    }

    fn health(&self) -> Reply {
        let body = json!({ "vendor": "control", "listeners": self.listeners.shown() });
        Reply::json(StatusCode::OK, &body)
    }

    async fn listener(&self, request: &Request) -> Result<Reply, Reply> {
        let command: Command = request.order()?;
        let named = command.vendor.and_then(|vendor| self.main(vendor)).map(|(_, port, _)| *port);
        let nameless = || Reply::complaint(StatusCode::BAD_REQUEST, "name a vendor or a port");
        let port = command.port.or(named).ok_or_else(nameless)?;
        match self.listeners.accept(port, command.accept).await.map_err(conflict)? {
            true => Ok(Reply::json(StatusCode::OK, &json!({ "port": port, "accept": command.accept }))),
            false => Err(Reply::complaint(StatusCode::NOT_FOUND, "no such port")),
        }
    }

    fn port(&self, request: &Request) -> Result<Reply, Reply> {
        let wish: Wish = request.order()?;
        let unknown = || Reply::complaint(StatusCode::NOT_FOUND, "no such vendor");
        let (_, _, site) = self.main(wish.vendor).ok_or_else(unknown)?;
        let address = self.listeners.open(site.clone(), 0).map_err(conflict)?;
        Ok(Reply::json(StatusCode::OK, &json!({ "port": address.port() })))
    }

    fn main(&self, vendor: Vendor) -> Option<&(Vendor, u16, Site)> {
        self.main.iter().find(|(known, _, _)| *known == vendor)
    }
}

fn conflict(error: io::Error) -> Reply {
    Reply::complaint(StatusCode::CONFLICT, error.to_string())
}
