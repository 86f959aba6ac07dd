//! Requests and answers as the simulators see them, free of the HTTP library.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use hyper::{HeaderMap, Method, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

/// A whole request, its body read.
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: BTreeMap<String, String>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Request {
    /// The path's parts; a slash at the end makes no difference.
    pub(crate) fn segments(&self) -> Vec<&str> {
        self.path.split('/').filter(|part| !part.is_empty()).collect()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Where the sender believes it is talking to: `host:port`.
    pub(crate) fn host(&self) -> &str {
        self.header("host").unwrap_or("localhost")
    }

    /// The body as JSON; an empty body reads as `{}`.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        let empty = self.body.iter().all(u8::is_ascii_whitespace);
        serde_json::from_slice(if empty { b"{}" } else { &self.body })
    }

    /// The same, or the control API's complaint about it.
    pub(crate) fn order<T: DeserializeOwned>(&self) -> Result<T, Reply> {
        self.json().map_err(|error| Reply::complaint(StatusCode::BAD_REQUEST, error.to_string()))
    }
}

/// The parts of a query string, undecoded.
pub(crate) fn query(raw: Option<&str>) -> BTreeMap<String, String> {
    raw.unwrap_or_default()
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) content_type: Option<&'static str>,
    pub(crate) location: Option<String>,
    pub(crate) body: Bytes,
    /// With this answer its port closes, for so long.
    pub(crate) closes_for: Option<Duration>,
}

impl Reply {
    pub(crate) fn empty(status: StatusCode) -> Self {
        Self { status, content_type: None, location: None, body: Bytes::new(), closes_for: None }
    }

    pub(crate) fn typed(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        Self { content_type: Some(content_type), body: body.into(), ..Self::empty(status) }
    }

    pub(crate) fn json(status: StatusCode, body: &impl Serialize) -> Self {
        let body = serde_json::to_vec(body).unwrap_or_default();
        Self::typed(status, "application/json", body)
    }

    /// The control API's complaint about a request.
    pub(crate) fn complaint(status: StatusCode, message: impl AsRef<str>) -> Self {
        Self::json(status, &json!({ "error": message.as_ref() }))
    }
}

/// What a caller experiences.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    Reply(Reply),
    /// The connection breaks with a TCP RST.
    Reset,
    /// Nothing, until the caller gives up.
    Hang,
}

impl Answer {
    /// How the ledger names it: the HTTP status, `reset` or `hang`.
    pub(crate) fn outcome(&self) -> String {
        match self {
            Self::Reply(reply) => reply.status.as_str().to_owned(),
            Self::Reset => "reset".to_owned(),
            Self::Hang => "hang".to_owned(),
        }
    }
}

impl From<Reply> for Answer {
    fn from(reply: Reply) -> Self {
        Self::Reply(reply)
    }
}
