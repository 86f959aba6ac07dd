//! The control port: always open, closes and opens the vendors' ports.

use std::sync::Arc;

use hyper::{Method, StatusCode};
use serde::Deserialize;
use serde_json::json;

use super::http::{Reply, Request};
use super::listener::Listeners;
use super::{Site, Vendor};

/// What the control port commands.
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
    /// A switch for the given ports.
    pub(crate) fn new(listeners: Arc<Listeners>, main: [(Vendor, u16, Site); 2]) -> Self {
        Self { listeners, main }
    }

    /// Answers a request to the control port.
    pub(crate) async fn answer(&self, request: &Request) -> Reply {
        match (&request.method, request.segments().as_slice()) {
            (&Method::GET, ["_sim", "health"]) => self.health(),
            (&Method::POST, ["_sim", "listener"]) => match request.json() {
                Ok(command) => self.listener(command).await,
                Err(error) => Reply::complaint(StatusCode::BAD_REQUEST, error.to_string()),
            },
            (&Method::POST, ["_sim", "ports"]) => match request.json() {
                Ok(wish) => self.port(&wish),
                Err(error) => Reply::complaint(StatusCode::BAD_REQUEST, error.to_string()),
            },
            _ => Reply::complaint(StatusCode::NOT_FOUND, "no such control"),
        }
    }

    fn health(&self) -> Reply {
        let body = json!({ "vendor": "control", "listeners": self.listeners.shown() });
        Reply::json(StatusCode::OK, &body)
    }

    async fn listener(&self, command: Command) -> Reply {
        let named = command.vendor.and_then(|vendor| self.main(vendor)).map(|(_, port, _)| *port);
        let Some(port) = command.port.or(named) else {
            return Reply::complaint(StatusCode::BAD_REQUEST, "name a vendor or a port");
        };
        match self.listeners.accept(port, command.accept).await {
            Ok(true) => Reply::json(StatusCode::OK, &json!({ "port": port, "accept": command.accept })),
            Ok(false) => Reply::complaint(StatusCode::NOT_FOUND, "no such port"),
            Err(error) => Reply::complaint(StatusCode::CONFLICT, error.to_string()),
        }
    }

    fn port(&self, wish: &Wish) -> Reply {
        let Some((_, _, site)) = self.main(wish.vendor) else {
            return Reply::complaint(StatusCode::NOT_FOUND, "no such vendor");
        };
        match self.listeners.open(site.clone(), 0) {
            Ok(address) => Reply::json(StatusCode::OK, &json!({ "port": address.port() })),
            Err(error) => Reply::complaint(StatusCode::CONFLICT, error.to_string()),
        }
    }

    fn main(&self, vendor: Vendor) -> Option<&(Vendor, u16, Site)> {
        self.main.iter().find(|(known, _, _)| *known == vendor)
    }
}
